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
// Five places where this version does what Python does not. Each must be found, so that a newer one is looked at anew.
const mends = {
  // "é".encode("ascii") raises its error with one argument in place of five.
  "function $UnicodeEncodeError(encoding,code_point,position,reason){":
    "function $UnicodeEncodeError(encoding,code_point,position,reason){position=position??code_point\n" +
    "throw $B.$call(_b_.UnicodeEncodeError,encoding,'?'.repeat(position+1),position,position+1,reason||'ordinal not in range')\n",
  // "☕".encode("latin-1", "replace") gives the error, too.
  'if(cp <=255){t[pos++]=cp}else if(errors !="ignore")': 'if(cp <=255){t[pos++]=cp}else if(errors=="replace"){if((cp&0xfc00)!==0xdc00){t[pos++]=63}}else if(errors !="ignore")',
  // all() takes any error for the end.
  "if(!$B.$bool(elt)){return false}}catch(err){return true}}}":
    "if(!$B.$bool(elt)){return false}}catch(err){if($B.is_exc(err,[_b_.StopIteration])){return true}throw err}}}",
  // What a browser has no room for is its own error, and not Python's.
  "exc.ob_type=exc.ob_type ?? _b_.JavascriptError":
    "exc.ob_type=exc.ob_type ?? (/call stack|too much recursion/.test(exc.message)?_b_.RecursionError:" +
    "/invalid (array|string) length|allocation (failed|size overflow)/i.test(exc.message)?_b_.MemoryError:_b_.JavascriptError)",
  // 10.0 ** 400 is an error, not infinity.
  "return fast_float(Math.pow(x,y))\n":
    "var z=Math.pow(x,y)\nif(Math.abs(z)===Infinity&&isFinite(x)&&isFinite(y)){$B.RAISE(_b_.OverflowError,\"(34, 'Numerical result out of range')\")}\nreturn fast_float(z)\n",
};
let mended = engine.replace(docs, "var docs={}");
for (const [before, after] of Object.entries(mends)) {
  if (mended.split(before).length !== 2) throw new Error(`brython.js: not once there, ${before}`);
  mended = mended.replace(before, () => after);
}
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
