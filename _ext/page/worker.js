// The worker in which a reader's Python runs: it can be stopped, and the page stays alive. Brython stands above this.
const py = __BRYTHON__;
const { builtins } = py;
Object.assign(py, { use_VFS: true, VFS: {} });
const give = (modules) => {
  for (const [name, [kind, code, isPackage]] of Object.entries(modules)) py.VFS[name] = [kind, code, [], isPackage];
};

// Data as Python has it. JSON in a browser does not tell 1.0 from 1, nor 2**60 from 2**60 + 1: whole floats come as
// { whole: 1 }, and large integers as { big: "1152921504606846977" }.
function python(value) {
  if (value === null) return builtins.None;
  if (typeof value === "number") return Number.isInteger(value) ? value : py.fast_float(value);
  if (typeof value === "string") return py.String(value);
  if (Array.isArray(value)) return builtins.list.$factory(value.map(python));
  if (typeof value !== "object") return value;
  if (typeof value.big === "string") return BigInt(value.big);
  if (typeof value.whole === "number") return py.fast_float(value.whole);
  const found = py.empty_dict();
  for (const key in value) builtins.dict.$setitem(found, py.String(key), python(value[key]));
  return found;
}

// What is printed goes to the page at once: where code is stopped, the reader sees how far it came.
const KINDS = ["Import", "ImportFrom", "FunctionDef", "ClassDef", "Assign", "Expr"];
py.page = {
  said: (text, isCut) => postMessage({ text: String(text), isCut: Boolean(isCut) }),
  // The statements of a program: kind, first and last line.
  statements: (code, name) => py._PyPegen.run_parser(new py.Parser(code, name, "file")).body.map((statement) => [
    KINDS.find((kind) => statement instanceof py.ast[kind]) ?? "", Math.min(statement.lineno, ...(statement.decorator_list ?? []).map((one) => one.lineno)), statement.end_lineno, statement.col_offset,
  ]),
};

onmessage = ({ data: { modules = {}, setup, code, check } }) => {
  give(modules);
  let part = null;
  try {
    part = check ? py.page.check(setup, code, python(check)) : py.page.run(setup, code);
  } catch (error) {
    postMessage({ text: `${error.name ?? "Error"}: ${error.message ?? error}\n` });
  }
  const right = typeof part === "string" || part instanceof String;
  postMessage({ done: true, right, part: right ? String(part) : "" });
};

// compile() turns the tree of a program into Python's objects, and exec() back again, where it loses that a name has no
// "as". Nobody here looks at the tree: it stays as it is.
py.ast_js_to_py = (tree) => ({ $js_ast: tree });
give(MODULES);
try { py.runPythonSource(HARNESS, "harness"); } catch (error) { throw new Error(`harness: ${py.error_trace(error)}`); }
postMessage({ ready: true });
