// What the parts in JavaScript measured, as the parts in Rust write it.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, type } from "node:os";
import { join } from "node:path";

export const isQuick = "GRANTFLOW_BENCH_QUICK" in process.env;

export function write(part, rows, versions) {
  const folder = process.env.GRANTFLOW_BENCH_RESULTS ?? join(import.meta.dirname, "results");
  const told = rows.map((row) => JSON.stringify(row)).join(",\n");
  mkdirSync(folder, { recursive: true });
  const text = `{\n"machine": ${JSON.stringify(machine(versions))},\n"rows": [\n${told}\n]\n}\n`;
  writeFileSync(join(folder, `${part}.json`), text);
}

function machine(versions) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? arch(),
    cores: availableParallelism(),
    os: `${type()} ${release()}`,
    rustc: execFileSync("rustc", ["--version"], { encoding: "utf8" }).trim(),
    quick: isQuick,
    versions,
  };
}
