// Programs that share a file of logins with grantflow, each with the manners of a released tool:
// its locks, its order of steps and its way of writing are facts that were observed; the code is ours.
//
//   node renewing.mjs TOOL FILE TOKEN_ENDPOINT [own]
//
// TOOL is `pi`, `claude-code` or `codex`, which renew a login when it is a tenth of a second old: with `own`
// the one in that tool's own file, and else the login `standard` in one of grantflow's; or `pi-sync` or `old-writer`, which only write an entry of their own. Each goes on until its
// standard input closes, and then prints as JSON how often it renewed or wrote, and what it threw.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import lockfile from "proper-lockfile";

// Where the login stands, what its parts are called, and how the vendor wants to be asked. pi writes that
// a token of Anthropic's ends five minutes before it does.
const OURS = { login: "standard", access: "access", refresh: "refresh", expires: "expires", early: 0 };
const ANTHROPIC = { client_id: "9d1c250a-e61b-44d9-88ed-5944d1962f5e", json: true };
const OWN = {
  pi: { ...OURS, ...ANTHROPIC, login: "anthropic", early: 300_000 },
  "claude-code": {
    ...{ login: "claudeAiOauth", access: "accessToken", refresh: "refreshToken", expires: "expiresAt" },
    ...{ ...ANTHROPIC, early: 0 },
  },
  codex: {
    ...{ login: "tokens", access: "access_token", refresh: "refresh_token" },
    client_id: "app_EMoamEEZ73f0CkXaXp7hrann",
  },
};
const LIFE = 2000;
const RENEWED_AT = 100;
const STEPS = { pi, "pi-sync": piSync, "old-writer": oldWriter, codex, "claude-code": claudeCode };

const [tool, file, endpoint, own] = process.argv.slice(2);
const SHAPE = own ? OWN[tool] : OURS;
const LOGIN = SHAPE.login;
const told = { done: 0, thrown: [] };
let is_over = false;
process.stdin.on("end", () => (is_over = true)).resume();
while (!is_over) {
  try {
    if (await STEPS[tool]()) told.done += 1;
  } catch (error) {
    told.thrown.push(error.code ?? error.message);
  }
  await pause(20 + Math.random() * 60);
}
console.log(JSON.stringify(told));

// pi 1.5: a folder as lock, untouched for 30 s at most; writes in place, and not at all if it has
// lost the lock meanwhile.
async function pi() {
  if (!isOld(read())) return false;
  let lost;
  const unlock = await lockfile.lock(file, {
    stale: 30_000,
    retries: { forever: true, maxRetryTime: 30_000, minTimeout: 10, maxTimeout: 1000, randomize: true },
    onCompromised: (error) => (lost = error),
  });
  try {
    if (!isOld(read())) return false;
    const login = read()[LOGIN];
    const renewed = await renew(login);
    if (lost) throw lost;
    writeFileSync(file, text({ ...read(), [LOGIN]: { ...login, ...renewed } }));
    return true;
  } finally {
    if (!lost) await unlock();
  }
}

// The same lock where pi has no time to wait: given up after 10 s, and asked for ten times.
function piSync() {
  const unlock = locked(10);
  try {
    const logins = read();
    logins["pi-sync"] = { type: "api_key", key: `${told.done + 1}` };
    writeFileSync(file, text(logins));
    return true;
  } finally {
    unlock();
  }
}

function locked(tries) {
  try {
    return lockfile.lockSync(file);
  } catch (error) {
    if (error.code !== "ELOCKED" || tries === 1) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return locked(tries - 1);
  }
}

// What tools did before they had locks. It never touches the login, but it writes it back as it was.
function oldWriter() {
  const logins = read();
  logins["old-writer"] = { type: "api_key", key: `${told.done + 1}` };
  writeFileSync(file, text(logins));
  return true;
}

// Claude Code 2.1: two folders, the newer lock first; five attempts at each.
async function claudeCode() {
  if (!isOld(read())) return false;
  const folder = dirname(file);
  const patience = { retries: 5, minTimeout: 1000, maxTimeout: 2000 };
  const options = { stale: 60_000, update: 5000, realpath: false, retries: patience };
  const unlockNewer = await lockfile.lock(join(folder, ".oauth_refresh"), options);
  try {
    const unlockOlder = await lockfile.lock(folder, options);
    try {
      if (!isOld(read())) return false;
      const login = read()[LOGIN];
      const renewed = await renew(login);
      writeFileSync(file, text({ ...read(), [LOGIN]: { ...login, ...renewed } }));
      return true;
    } finally {
      await unlockOlder();
    }
  } finally {
    await unlockNewer();
  }
}

// Codex 0.169: nobody is kept out while it asks. Its locks are the kernel's and guard the write, which
// is a move; what it does not know is not written again.
async function codex() {
  if (!isOld(read())) return false;
  const login = read()[LOGIN];
  const renewed = await renew(login);
  const unlock = await flock(join(dirname(file), "auth.lock"));
  try {
    read();
    const unlockFile = await flock(`${file}.lock`, "--nonblock");
    try {
      const logins = own ? knownToCodex(login, renewed) : knownToAll(login, renewed);
      const draft = join(dirname(file), `.auth-${process.pid}`);
      writeFileSync(draft, text(logins), { mode: 0o600, flag: "wx" });
      renameSync(draft, file);
      return true;
    } finally {
      await unlockFile();
    }
  } finally {
    await unlock();
  }
}

function knownToAll({ origin, client_id }, renewed) {
  const known = Object.entries(read()).filter(([, entry]) => entry.type);
  return { ...Object.fromEntries(known), [LOGIN]: { type: "oauth", ...renewed, origin, client_id } };
}

function knownToCodex({ id_token, account_id }, renewed) {
  const { OPENAI_API_KEY } = read();
  const tokens = { id_token, ...renewed, account_id };
  return { OPENAI_API_KEY, tokens, last_refresh: new Date().toISOString() };
}

// The kernel's lock, held by a process of its own until that is told to end.
async function flock(path, ...options) {
  const holder = spawn("flock", [...options, path, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "close");
  const [held] = await Promise.race([once(holder.stdout, "data"), ended]);
  if (`${held}` !== "held\n") throw new Error(`no lock on ${path}`);
  return () => {
    holder.stdin.end();
    return ended;
  };
}

async function renew(login) {
  const asked = {
    grant_type: "refresh_token",
    client_id: SHAPE.client_id ?? login.client_id,
    refresh_token: login[SHAPE.refresh],
  };
  const headers = { "user-agent": tool };
  if (SHAPE.json) headers["content-type"] = "application/json";
  const body = SHAPE.json ? JSON.stringify(asked) : new URLSearchParams(asked);
  const response = await fetch(endpoint, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`refused with ${response.status}`);
  const { access_token, refresh_token, id_token, expires_in } = await response.json();
  const renewed = { [SHAPE.access]: access_token, [SHAPE.refresh]: refresh_token };
  if (!SHAPE.expires) return { ...renewed, ...(id_token && { id_token }) };
  return { ...renewed, [SHAPE.expires]: Date.now() + expires_in * 1000 - SHAPE.early };
}

// Codex goes by when it renewed last, where the token does not say when it ends.
function isOld(file) {
  if (!SHAPE.expires) return Date.now() - Date.parse(file.last_refresh) > RENEWED_AT;
  return file[LOGIN][SHAPE.expires] + SHAPE.early - Date.now() < LIFE - RENEWED_AT;
}

function read() {
  return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
}

function text(logins) {
  return JSON.stringify(logins, null, 2);
}
