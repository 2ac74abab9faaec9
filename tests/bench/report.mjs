// Writes the figures of docs/benchmarks.md and its plots from the results of ./bench:
//
//   node report.mjs                 writes them
//   node report.mjs --check         fails if they are not what the results give
//   node report.mjs --print FOLDER  prints the tables that these results give

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as build from "./report/build.mjs";
import * as core from "./report/core.mjs";
import * as herd from "./report/herd.mjs";
import { machine } from "./report/machine.mjs";
import * as polling from "./report/polling.mjs";
import * as scale from "./report/scale.mjs";
import * as token from "./report/token.mjs";
import * as wasm from "./report/wasm.mjs";

const HERE = import.meta.dirname;
const DOCUMENT = join(HERE, "../../docs/benchmarks.md");
const PLOTS = join(HERE, "../../docs/benchmarks");
const PARTS = { core, token, herd, scale, wasm, polling, build };

const [mode, folder = join(HERE, "results")] = process.argv.slice(2);

if (mode === "--print") {
  for (const { text } of rendered()) console.log(text);
} else {
  const stale = [...written()].filter(({ path, text }) => old(path) !== text);
  for (const { path, text } of stale) {
    if (mode === "--check") console.log(`${path} is not what the results give: ./bench --report`);
    else writeFileSync(path, text);
  }
  process.exitCode = mode === "--check" && stale.length > 0 ? 1 : 0;
}

/** Every file that is made from the results, as it has to be. */
function* written() {
  mkdirSync(PLOTS, { recursive: true });
  let document = readFileSync(DOCUMENT, "utf8");
  for (const { name, text, plots } of rendered()) {
    document = between(document, name, text);
    for (const [plot, svg] of Object.entries(plots)) {
      yield { path: join(PLOTS, `${plot}.svg`), text: svg };
    }
  }
  yield { path: DOCUMENT, text: document };
}

/** Each part that has results. */
function* rendered() {
  for (const [name, part] of Object.entries(PARTS)) {
    const paths = part.needs.map((need) => join(folder, `${need}.json`));
    if (!paths.every((path) => existsSync(path))) continue;
    const results = paths.map((path) => JSON.parse(readFileSync(path, "utf8")));
    const { tables, plots = {} } = part.render(...results);
    const shown = Object.keys(plots).map((plot) => `![${part.title}](benchmarks/${plot}.svg)`);
    yield { name, text: [...shown, ...tables, machine(results[0])].join("\n\n"), plots };
  }
}

function between(document, name, text) {
  const [begin, end] = [`<!-- figures of ${name} -->\n`, "<!-- end of figures -->"];
  const from = document.indexOf(begin) + begin.length;
  if (from < begin.length) throw new Error(`the document has no place for the figures of ${name}`);
  return `${document.slice(0, from)}\n${text}\n\n${document.slice(document.indexOf(end, from))}`;
}

function old(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
