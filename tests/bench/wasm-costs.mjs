// What each part of a wasm module costs: its functions by the module that they come from, and its
// data. The names are those that the compiler left, before the last tool takes them away.

import { readFileSync } from "node:fs";

const [CUSTOM, IMPORT, CODE, DATA] = [0, 2, 10, 11];

export function costs(path) {
  const sections = read(readFileSync(path));
  const names = namesOf(sections);
  const sums = new Map();
  const add = (part, bytes) => sums.set(part, (sums.get(part) ?? 0) + bytes);
  for (const { index, size } of functions(sections)) add(partOf(names.get(index) ?? "?"), size);
  for (const { bytes } of sections.filter(({ id }) => id === DATA)) add("data", bytes.length);
  const sorted = [...sums].sort((a, b) => b[1] - a[1]);
  return sorted.map(([of, raw]) => ({ of, raw }));
}

/** `grantflow_core::wire::json` of `<… as grantflow_core::wire::json::Writer>::name::h0123`. */
function partOf(name) {
  const path = name.match(/(?:grantflow\w*|sha2|zeroize|wasm_bindgen|lol_alloc)(?:::\w+)*/)?.[0];
  if (!path) return name.includes("::") ? "the standard library" : "without a name";
  const modules = path.split("::").filter((word) => /^[a-z]/.test(word));
  const depth = { grantflow_core: modules[1] === "wire" ? 3 : 2 }[modules[0]] ?? 1;
  return modules.slice(0, depth).join("::");
}

function read(bytes) {
  const sections = [];
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at];
    const [size, from] = number(bytes, at + 1);
    sections.push({ id, bytes: bytes.subarray(from, from + size) });
    at = from + size;
  }
  return sections;
}

function* functions(sections) {
  const { bytes } = sections.find(({ id }) => id === CODE);
  let [count, at] = number(bytes, 0);
  for (let index = imported(sections); count > 0; count -= 1, index += 1) {
    const [size, from] = number(bytes, at);
    yield { index, size };
    at = from + size;
  }
}

/** Imported functions are counted first. */
function imported(sections) {
  const section = sections.find(({ id }) => id === IMPORT);
  if (!section) return 0;
  const { bytes } = section;
  let [count, at] = number(bytes, 0);
  let functions = 0;
  for (; count > 0; count -= 1) {
    for (let part = 0; part < 2; part += 1) {
      const [length, from] = number(bytes, at);
      at = from + length;
    }
    const kind = bytes[at];
    if (kind !== 0) throw new Error("only functions are imported here");
    functions += 1;
    [, at] = number(bytes, at + 1);
  }
  return functions;
}

function namesOf(sections) {
  const names = new Map();
  for (const { id, bytes } of sections) {
    if (id !== CUSTOM) continue;
    const [name, from] = text(bytes, 0);
    if (name !== "name") continue;
    let at = from;
    while (at < bytes.length) {
      const kind = bytes[at];
      const [size, inside] = number(bytes, at + 1);
      if (kind === 1) listed(bytes, inside, names);
      at = inside + size;
    }
  }
  return names;
}

function listed(bytes, from, names) {
  let [count, at] = number(bytes, from);
  for (; count > 0; count -= 1) {
    const [index, after] = number(bytes, at);
    const [name, next] = text(bytes, after);
    names.set(index, name);
    at = next;
  }
}

function text(bytes, at) {
  const [length, from] = number(bytes, at);
  return [bytes.subarray(from, from + length).toString("utf8"), from + length];
}

/** LEB128. */
function number(bytes, at) {
  let [value, shift] = [0, 0];
  for (;;) {
    const byte = bytes[at];
    at += 1;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
    shift += 7;
  }
}
