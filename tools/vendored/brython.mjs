// Makes _ext/brython/ of the files in Brython's package: the engine without its documentation strings, and those of
// its modules that the book's own (_ext/page/light) do not stand for. Run by `npm run brython`.
import { readFileSync, writeFileSync } from "node:fs";
import { transformSync } from "esbuild";

const [source, target] = process.argv.slice(2);
const read = (name) => readFileSync(`${source}/${name}`, "utf8");
const small = (code) => transformSync(code, { minify: true, target: "es2020" }).code.trimEnd();

const docs = /^var docs=\{.*\}$/m;
const engine = read("brython.js");
if (!docs.test(engine)) throw new Error("brython.js: the line of documentation strings is not where it was");
// bytes.fromhex("e5") asks int() in a way that this version does not take.
const hex = "_b_.int.$factory(string.substr(i,2),16)";
if (!engine.includes(hex)) throw new Error("brython.js: bytes.fromhex is another one; see whether it needs mending");
const mended = engine.replace(docs, "var docs={}").replace(hex, "parseInt(string.substr(i,2),16)");
writeFileSync(`${target}/brython.js`, `${small(mended)}\n`);

// The file calls update_VFS with all modules, each as [".py" or ".js", source, imports, 1 for a package].
let modules;
new Function("__BRYTHON__", read("brython_stdlib.js"))({ update_VFS: (found) => { modules = found; } });
const wanted = readFileSync("modules.txt", "utf8").trim().split(/\s+/);
const kept = Object.fromEntries(wanted.map((name) => {
  if (!modules[name]) throw new Error(`${name}: Brython has no such module`);
  const [kind, code, , isPackage] = modules[name];
  return [name, [kind, kind === ".js" ? small(code) : code, isPackage ? 1 : 0]];
}));
writeFileSync(`${target}/modules.json`, `${JSON.stringify(kept, null, 0)}\n`);
