// Part 7: what a program pays for naming a crate: how many crates come with it, and how long its
// builds take. Each is a program of its own that names one of them and does nothing.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isQuick, write } from "./measured.mjs";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");
const LOCK = readFileSync(join(HERE, "Cargo.lock"), "utf8");
/** Nothing else here uses it, so it is in no lock file. */
const HUSKARL_REQWEST = "0.9.3";
const ROUNDS = isQuick ? 1 : 3;

const bare = { "default-features": false };
const SUBJECTS = [
  {
    work: "without a network",
    crates: {
      "grantflow-core": { "grantflow-core": { path: join(ROOT, "core") } },
      oauth2: { oauth2: { version: locked("oauth2"), ...bare } },
      huskarl: { huskarl: { version: locked("huskarl"), ...bare } },
      "io-oauth": { "io-oauth": { version: locked("io-oauth"), ...bare, features: ["client"] } },
    },
  },
  {
    work: "with HTTP and TLS",
    crates: {
      grantflow: { grantflow: { path: join(ROOT, "native") } },
      "oauth2, reqwest": { oauth2: { version: locked("oauth2") } },
      "huskarl, huskarl-reqwest": {
        huskarl: { version: locked("huskarl") },
        "huskarl-reqwest": { version: HUSKARL_REQWEST, features: ["rustls-tls"] },
      },
      "io-oauth, rustls": { "io-oauth": { version: locked("io-oauth") } },
    },
  },
];

const work = mkdtempSync(join(tmpdir(), "grantflow-bench-"));
try {
  write("build", isQuick ? measured(SUBJECTS.slice(0, 1)) : measured(SUBJECTS), versions());
} finally {
  rmSync(work, { recursive: true });
}

/** In turns, as everywhere. */
function measured(subjects) {
  const rows = subjects.map(({ work: name, crates }) => ({
    work: name,
    series: Object.entries(crates).map(([of, dependencies]) => prepared(of, dependencies)),
  }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of rows.flatMap(({ series }) => series)) {
      rmSync(join(one.folder, "target"), { recursive: true, force: true });
      one.cold_s.push(seconds(() => cargo(one, "build", "--release")));
      utimesSync(join(one.folder, "src/main.rs"), new Date(), new Date());
      one.warm_s.push(seconds(() => cargo(one, "build", "--release")));
    }
  }
  for (const one of rows.flatMap(({ series }) => series)) delete one.folder;
  return rows;
}

function prepared(of, dependencies) {
  const folder = join(work, of.replaceAll(/\W+/g, "-"));
  mkdirSync(join(folder, "src"), { recursive: true });
  const named = Object.entries(dependencies).map(([name, told]) => {
    const fields = Object.entries(told).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return `${name} = { ${fields.join(", ")} }`;
  });
  const uses = Object.keys(dependencies).map((name) => `use ${name.replaceAll("-", "_")} as _;`);
  const head = '[package]\nname = "user"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n';
  writeFileSync(join(folder, "Cargo.toml"), `${head}${named.join("\n")}\n`);
  writeFileSync(join(folder, "src/main.rs"), `${uses.join("\n")}\n\nfn main() {}\n`);
  cargo({ folder }, "fetch");
  const tree = cargo({ folder }, "tree", "--edges", "normal,build", "--prefix", "none");
  const crates = new Set(tree.split("\n").map((line) => line.replace(/ \(.*/, "").trim()));
  crates.delete("");
  return { of, crates: crates.size - 1, cold_s: [], warm_s: [], folder };
}

function cargo({ folder }, ...told) {
  const { CARGO_TARGET_DIR: _, ...env } = process.env;
  const options = { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
  return execFileSync("cargo", told, options);
}

function seconds(what) {
  const begun = performance.now();
  what();
  return Number(((performance.now() - begun) / 1000).toFixed(2));
}

function locked(name) {
  return LOCK.match(new RegExp(`name = "${name}"\nversion = "([^"]+)"`))[1];
}

function versions() {
  const named = ["oauth2", "huskarl", "io-oauth"].map((name) => [name, locked(name)]);
  return { ...Object.fromEntries(named), "huskarl-reqwest": HUSKARL_REQWEST };
}
