// The worker in which a reader's Python runs: it can be stopped, and the page stays alive. Brython stands above this.
const py = __BRYTHON__;
const { builtins } = py;
Object.assign(py, { use_VFS: true, VFS: {} });
const give = (modules) => {
  for (const [name, [kind, code, isPackage]] of Object.entries(modules)) py.VFS[name] = [kind, code, [], isPackage];
};

// Data as Python has it. JSON in a browser does not tell 1.0 from 1: whole floats come as { whole: 1 }.
function python(value) {
  if (value === null) return builtins.None;
  if (typeof value === "number") return Number.isInteger(value) ? value : py.fast_float(value);
  if (typeof value === "string") return py.String(value);
  if (Array.isArray(value)) return builtins.list.$factory(value.map(python));
  if (typeof value !== "object") return value;
  if (typeof value.whole === "number") return py.fast_float(value.whole);
  const found = py.empty_dict();
  for (const key in value) builtins.dict.$setitem(found, py.String(key), python(value[key]));
  return found;
}

// What is printed goes to the page at once: where code is stopped, the reader sees how far it came.
let running = 0;
py.page = {
  said: (text, isCut) => postMessage({ id: running, text: String(text), isCut: Boolean(isCut) }),
};

onmessage = ({ data: { id, modules = {}, setup, code, last, check } }) => {
  running = id;
  give(modules);
  let right = false;
  try {
    right = check
      ? py.page.check(setup, code, python(check))
      : py.page.run(setup, code, last);
  } catch (error) {
    postMessage({ id, text: `${error.name ?? "Error"}: ${error.message ?? error}\n` });
  }
  postMessage({ id, done: true, right: right === true });
};

// compile() turns the tree of a program into Python's objects, and exec() back again, where it loses that a name has no
// "as". Nobody here looks at the tree: it stays as it is.
py.ast_js_to_py = (tree) => ({ $js_ast: tree });
give(MODULES);
try { py.runPythonSource(HARNESS, "harness"); } catch (error) { throw new Error(`harness: ${py.error_trace(error)}`); }
postMessage({ ready: true });
