// Proof that the core needs nothing from its host: its WebAssembly module imports nothing, and a
// whole login runs inside it: `node wasm-module.mjs MODULE`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
assert.deepEqual(WebAssembly.Module.imports(module), []);

const { exports } = await WebAssembly.instantiate(module);
const requests = exports.login();
assert.ok(requests > 0, "login() answers how many requests it took to get a credential, 0 for none");
console.log(`no imports; one login inside the module took ${requests} requests`);
