// Proof that the core needs nothing from its host: its WebAssembly module imports nothing, and a
// whole login runs inside it: `node wasm-module.mjs MODULE`. The module is an ordinary example of
// the core, whose `main` succeeds when the login in it ends with a credential.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
assert.deepEqual(WebAssembly.Module.imports(module), []);

const { exports } = await WebAssembly.instantiate(module);
assert.equal(exports.main(0, 0), 0, "the login inside the module failed");
console.log("the module imports nothing, and the login inside it succeeded");
