// Proves the harness itself, with a client of a few lines that is neither grantflow nor the server:
// run by `node --test`. What grantflow does against this server is tested in Rust.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import test from "node:test";

const REDIRECT_URI = "http://127.0.0.1:1/callback";
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

test("the person signs in, consents, and the code is redeemed with its verifier", async (t) => {
  const peer = await start(t);
  const login = authorization(peer, REDIRECT_URI);

  const { location } = await peer.person(login.url, "approve", { follow: false });
  const callback = new URL(location).searchParams;
  assert.equal(callback.get("state"), "s".repeat(43));
  assert.equal(callback.get("iss"), peer.issuer);

  const mixedUp = { ...login, code_verifier: "w".repeat(43) };
  const wrong = await peer.redeem(mixedUp, callback.get("code"));
  assert.deepEqual([wrong.status, wrong.error], [400, "invalid_grant"]);
});

test("a redirect is opened at the client's own listener, whatever its port", async (t) => {
  const peer = await start(t);
  const modes = [];
  const listener = createServer((request, response) => {
    modes.push(request.headers["sec-fetch-mode"]);
    response.end();
  });
  t.after(() => listener.close());
  await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
  const login = authorization(peer, `http://127.0.0.1:${listener.address().port}/callback`);

  const { status, location } = await peer.person(login.url, "approve");
  assert.equal(status, 200);
  assert.deepEqual(modes, ["navigate"], "as a browser comes, not as a script");
  const tokens = await peer.redeem(login, new URL(location).searchParams.get("code"));
  assert.equal(tokens.status, 200, tokens.error_description);
  assert.equal(tokens.token_type, "Bearer");
});

test("a person who cancels sends access_denied back", async (t) => {
  const peer = await start(t);
  const { url } = authorization(peer, REDIRECT_URI);
  const { location } = await peer.person(url, "deny", { follow: false });
  assert.equal(new URL(location).searchParams.get("error"), "access_denied");
});

test("refreshing rotates, and reuse of a spent refresh token ends the family", async (t) => {
  const peer = await start(t);
  const first = await signIn(peer);
  const second = await peer.refresh(first.refresh_token);
  assert.equal(second.status, 200, second.error_description);
  assert.notEqual(second.refresh_token, first.refresh_token);

  const reuse = await peer.refresh(first.refresh_token);
  assert.deepEqual([reuse.status, reuse.error], [400, "invalid_grant"]);
  const family = await peer.refresh(second.refresh_token);
  assert.deepEqual([family.status, family.error], [400, "invalid_grant"]);
});

test("a device login is pending, slowed down on demand, then approved", async (t) => {
  const peer = await start(t);
  const device = await peer.device();
  assert.equal(device.interval, 1);
  await peer.control("advance", { seconds: 1 });
  assert.equal((await peer.poll(device)).error, "authorization_pending");

  await peer.control("slow_down", { times: 1 });
  await peer.control("advance", { seconds: 1 });
  assert.equal((await peer.poll(device)).error, "slow_down");
  const { user_code } = device;
  await peer.person(device.verification_uri, "approve", { user_code });
  await peer.control("advance", { seconds: 6 });
  const tokens = await peer.poll(device);
  assert.equal(tokens.status, 200, tokens.error_description);
  assert.deepEqual(await earlyPolls(peer), [false, false, false]);
});

test("a poll before the interval in force is marked early, also after slow_down", async (t) => {
  const peer = await start(t);
  const device = await peer.device();
  await peer.poll(device);
  await peer.control("slow_down", { times: 1 });
  await peer.control("advance", { seconds: 1 });
  await peer.poll(device);
  await peer.control("advance", { seconds: 5 });
  await peer.poll(device);
  assert.deepEqual(await earlyPolls(peer), [true, false, true]);
});

test("a denied device login says access_denied once", async (t) => {
  const peer = await start(t);
  const device = await peer.device();
  await peer.person(device.verification_uri_complete, "deny");
  assert.equal((await peer.poll(device)).error, "access_denied");
  assert.equal((await peer.poll(device)).error, "invalid_grant");
});

test("an expired device code says expired_token, by control or by the clock", async (t) => {
  const peer = await start(t);
  const [one, other] = [await peer.device(), await peer.device()];
  await peer.control("expire_device", { user_code: one.user_code });
  assert.equal((await peer.poll(one)).error, "expired_token");
  assert.equal((await peer.poll(other)).error, "authorization_pending");
  await peer.control("advance", { seconds: other.expires_in + 1 });
  assert.equal((await peer.poll(other)).error, "expired_token");
});

test("client_secret_basic wants its parts form-encoded, client_secret_post a body", async (t) => {
  const peer = await start(t);
  const { basic, post } = peer.clients;
  const encoded = (text) => new URLSearchParams({ "": text }).toString().slice(1);
  const authorize = (id, secret) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });
  const ask = { client_id: basic.client_id, scope: "openid" };

  const right = authorize(encoded(basic.client_id), encoded(basic.client_secret));
  assert.equal((await peer.send("/device/auth", ask, right)).status, 200);
  const raw = authorize(basic.client_id, basic.client_secret);
  assert.equal((await peer.send("/device/auth", ask, raw)).status, 400);
  assert.equal((await peer.send("/device/auth", { ...post, scope: "openid" })).status, 200);
});

async function signIn(peer) {
  const login = authorization(peer, REDIRECT_URI);
  const { location } = await peer.person(login.url, "approve", { follow: false });
  return peer.redeem(login, new URL(location).searchParams.get("code"));
}

function authorization(peer, redirect_uri) {
  const code_verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: peer.clients.public.client_id,
    redirect_uri,
    scope: "openid offline_access api",
    state: "s".repeat(43),
    code_challenge: createHash("sha256").update(code_verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  return { url: `${peer.issuer}/auth?${query}`, redirect_uri, code_verifier };
}

async function earlyPolls(peer) {
  const { requests } = await peer.control("requests", {});
  return requests.filter(({ grant_type }) => grant_type === DEVICE_CODE).map(({ early }) => early);
}

async function start(t) {
  const child = spawn(process.execPath, [new URL("oidc-provider.mjs", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  t.after(() => child.stdin.end());
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(([code]) => assert.fail(`the server ended with ${code}`)),
  ]);
  return new Peer(JSON.parse(line));
}

class Peer {
  constructor({ issuer, clients }) {
    Object.assign(this, { issuer, clients });
  }

  async send(path, fields, headers = {}) {
    const body = new URLSearchParams(fields);
    const response = await fetch(this.issuer + path, { method: "POST", body, headers });
    return { status: response.status, ...(await response.json()) };
  }

  async control(name, choices) {
    const body = JSON.stringify(choices);
    const response = await fetch(`${this.issuer}/control/${name}`, { method: "POST", body });
    const answer = await response.json();
    assert.equal(response.status, 200, answer.error);
    return answer;
  }

  person = (url, decision, more) => this.control("person", { url, decision, ...more });
  token = (fields) => this.send("/token", { ...this.clients.public, ...fields });
  refresh = (refresh_token) => this.token({ grant_type: "refresh_token", refresh_token });
  poll = ({ device_code }) => this.token({ grant_type: DEVICE_CODE, device_code });
  redeem = ({ redirect_uri, code_verifier }, code) =>
    this.token({ grant_type: "authorization_code", redirect_uri, code_verifier, code });
  device = () => this.send("/device/auth", { ...this.clients.public, scope: "openid" });
}
