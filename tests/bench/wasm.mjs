// Part 5: the npm package beside libraries of JavaScript: how large it is, how soon its first
// authorization URL is there, and what a step across the boundary costs.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { buildModule, optimise } from "../../wasm/module.mjs";
import { isQuick, write } from "./measured.mjs";
import { costs } from "./wasm-costs.mjs";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");
const PEERS = ["oauth4webapi", "openid-client", "oidc-client-ts", "arctic"];
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ROUNDS = isQuick ? 3 : 31;
const TYPES = { ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm" };

const work = mkdtempSync(join(tmpdir(), "grantflow-bench-"));
try {
  await main();
} finally {
  rmSync(work, { recursive: true });
}

async function main() {
  installed(HERE);
  installed(join(ROOT, "wasm"));
  execFileSync("node", ["build.mjs"], { cwd: join(ROOT, "wasm"), stdio: "ignore" });
  cpSync(join(ROOT, "wasm/dist"), join(work, "dist"), { recursive: true });
  for (const file of ["grantflow.mjs", "server.mjs"]) {
    cpSync(join(HERE, "javascript", file), join(work, file));
  }
  await bundled();
  const rows = [
    { work: "size", series: sizes() },
    { work: "Node", series: await inNode() },
    { work: "Chromium", series: await inChromium() },
    { work: "steps", series: await steps() },
    { work: "parts", series: costs(join(ROOT, "wasm/host/wasm/grantflow_wasm_bg.wasm")) },
  ];
  write("wasm", rows, versions());
}

/** One file for each peer, of what a login needs, as small as esbuild makes it; one is wasm, made as ours is. */
async function bundled() {
  const { build } = await import("esbuild");
  buildModule("wasm-oauth2", join(work, "oauth2"), HERE);
  optimise(join(work, "oauth2/wasm_oauth2_bg.wasm"), join(work, "oauth2.wasm"));
  const glue = join(work, "oauth2/wasm_oauth2.js");
  await build({ entryPoints: [glue], outfile: join(work, "oauth2.js"), minify: true, format: "esm" });
  for (const peer of PEERS) {
    const [entry, outfile] = [join(HERE, `javascript/${peer}.mjs`), join(work, `${peer}.mjs`)];
    const common = { bundle: true, minify: true, format: "esm", target: "es2022" };
    await build({ entryPoints: [entry], outfile, ...common });
  }
}

function sizes() {
  const ours = readdirSync(join(work, "dist")).filter((file) => /\.(js|wasm)$/.test(file));
  const loaded = ["dist/index.js", "dist/grantflow.wasm"];
  return [
    weighed("grantflow", loaded),
    weighed("oauth2 as wasm", ["oauth2.js", "oauth2.wasm"]),
    ...PEERS.map((peer) => weighed(peer, [`${peer}.mjs`])),
    ...ours.map((file) => weighed(`grantflow: ${file}`, [`dist/${file}`])),
  ];
}

function weighed(of, files) {
  const sum = { of, raw: 0, gzip: 0, brotli: 0 };
  for (const file of files) {
    const bytes = readFileSync(join(work, file));
    sum.raw += bytes.length;
    sum.gzip += gzipSync(bytes, { level: 9 }).length;
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    sum.brotli += brotliCompressSync(bytes, { params }).length;
  }
  return sum;
}

/** A process each time: from the import to the URL, without the start of Node. */
function inNode() {
  const script = (of) => `
    import { readFileSync } from "node:fs";
    const begun = performance.now();
    const { first } = await import("./${of}.mjs");
    const given = ${of === "grantflow" ? 'readFileSync("dist/grantflow.wasm")' : "undefined"};
    if (!(await first(given)).includes("code_challenge=")) throw new Error("no URL");
    console.log(performance.now() - begun);`;
  return inTurns((of) => {
    const told = ["--input-type=module", "--eval", script(of)];
    return Number(execFileSync("node", told, { cwd: work, encoding: "utf8" }));
  });
}

/** A page and an empty cache each time, from a server on this machine. */
async function inChromium() {
  const { chromium } = await import("playwright-core");
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    const type = TYPES[extname(path)]; // anything else is the page, and the icon that it has not
    response.setHeader("content-type", type ?? "text/html");
    response.end(type ? readFileSync(join(work, path)) : "<!doctype html>");
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const args = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    return await inTurns(async (of) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(address);
      const taken = await page.evaluate(async (module) => {
        const begun = performance.now();
        const { first } = await import(module);
        if (!(await first()).includes("code_challenge=")) throw new Error("no URL");
        return performance.now() - begun;
      }, `/${of}.mjs`);
      await context.close();
      return taken;
    });
  } finally {
    await browser.close();
    server.close();
  }
}

async function inTurns(measure) {
  const series = ["grantflow", ...PEERS].map((of) => ({ of, ms: [] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of series) one.ms.push(Number((await measure(one.of)).toFixed(2)));
  }
  return series;
}

/** What each step of a browser login costs in Node, once everything is warm. */
async function steps() {
  const { begin, first, now } = await import(join(work, "grantflow.mjs"));
  await first(readFileSync(join(work, "dist/grantflow.wasm")));
  const body = new TextEncoder().encode(
    JSON.stringify({ access_token: "a".repeat(250), token_type: "bearer", expires_in: 3600 }),
  );
  const taken = {};
  const timed = (step, work) => {
    const begun = performance.now();
    const value = work();
    (taken[step] ??= []).push((performance.now() - begun) * 1e6);
    return value;
  };
  for (let login = 0; login < (isQuick ? 200 : 5000); login += 1) {
    const flow = timed("begin", begin);
    const { sign_ins } = timed("prompt", () => flow.prompt());
    timed("save", () => flow.save());
    const state = new URL(sign_ins[0].url).searchParams.get("state");
    const redirect = `${sign_ins[0].redirect_uri}?code=c-1&state=${state}`;
    timed("handleRedirect", () => flow.handleRedirect(now(), "callback", redirect));
    const { request } = timed("poll, a request", () => flow.poll(now()));
    const result = { type: "response", status: 200, body };
    timed("handleResponse", () => flow.handleResponse(now(), request.id, result));
    timed("poll, the credential", () => flow.poll(now()));
    flow.free();
  }
  const sorted = (ns) => ns.slice(ns.length / 5).sort((a, b) => a - b);
  return Object.entries(taken).map(([of, ns]) => {
    const all = sorted(ns);
    const at = (share) => Math.round(all[Math.floor((all.length - 1) * share)]);
    return { of, low_ns: at(0.25), middle_ns: at(0.5), high_ns: at(0.75) };
  });
}

/** As ./test does it: what is installed is what the lock file says. */
function installed(folder) {
  const [lock, mark] = ["package-lock.json", "node_modules/.installed"].map((at) => join(folder, at));
  if (existsSync(mark) && readFileSync(mark, "utf8") === readFileSync(lock, "utf8")) return;
  execFileSync("npm", ["ci", "--silent", "--prefix", folder], { stdio: "inherit" });
  cpSync(lock, mark);
}

function versions() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const browser = execFileSync(CHROMIUM, ["--version"], { encoding: "utf8" }).trim().split(" ")[1];
  const { esbuild, ...rest } = dependencies;
  delete rest["playwright-core"];
  const oauth2 = readFileSync(join(HERE, "Cargo.lock"), "utf8").match(/name = "oauth2"\nversion = "(.*)"/)[1];
  return { node: process.version, chromium: browser, esbuild, oauth2, ...rest };
}
