// Reads `cargo metadata` and fails when a dependency states a newer Rust than ours:
// `cargo metadata --format-version 1 | node rust-versions.mjs 1.89`.

import { json } from "node:stream/consumers";

const ours = process.argv[2];
const { packages } = await json(process.stdin);
const foreign = packages.filter(({ source }) => source !== null);
const tooNew = foreign.filter(({ rust_version }) => rust_version && newer(rust_version, ours));

for (const { name, version, rust_version } of tooNew) {
  console.log(`${name} ${version} needs Rust ${rust_version}, and we promise ${ours}`);
}
const silent = foreign.filter(({ rust_version }) => !rust_version).length;
console.log(`${foreign.length} dependencies: ${tooNew.length} too new, ${silent} do not say`);
process.exit(tooNew.length === 0 && ours ? 0 : 1);

function newer(one, other) {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number));
  return a[0] !== b[0] ? a[0] > b[0] : a[1] > b[1];
}
