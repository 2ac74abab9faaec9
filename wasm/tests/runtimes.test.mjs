// The package, and the relay, outside of browsers: Node, Deno and a worker-style runtime (workerd).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';

import { connect, init, relay } from 'grantflow';
import { wholeLife } from './runtimes/login.mjs';
import { startedProgram, testServer } from './test-server.mjs';

const here = join(import.meta.dirname, 'runtimes');
const program = (name) => join(import.meta.dirname, '../node_modules/.bin', name);
const ORIGIN = 'https://app.example';
const WHOLE = { shown: ['enter_code'], status: 200, isOther: true, revoked: 'yes', endedAs: 'signed_out' };

test('Node: a login from its beginning to its end', async (t) => {
  const { server, given } = await approvingServer(t);
  await init();
  assert.deepEqual(await wholeLife(given), WHOLE);
  await assertFlawless(server);
});

test('Deno: a login from its beginning to its end, with no more rights than it needs', async (t) => {
  const { server, given } = await approvingServer(t);
  const rights = ['--allow-net=127.0.0.1', `--allow-read=${join(here, '../..')}`, '--allow-env=GIVEN'];
  const args = ['run', '--no-lock', '--cached-only', '--no-prompt', ...rights, join(here, 'deno.mjs')];
  const { child, firstLines } = await startedProgram(t, program('deno'), args, { GIVEN: JSON.stringify(given) });
  assert.deepEqual(JSON.parse(firstLines[0]), WHOLE);
  // Nothing of a login that is over keeps the program alive.
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0);
  await assertFlawless(server);
});

test('workerd: a login from its beginning to its end', async (t) => {
  const { server, given } = await approvingServer(t);
  const workers = await startedWorkers(t);
  const answer = await fetch(workers.login, { method: 'POST', body: JSON.stringify(given) });
  assert.deepEqual(await answer.json(), WHOLE);
  await assertFlawless(server);
});

test('workerd: the relay is deployed as it is', async (t) => {
  const { server, given } = await approvingServer(t);
  const workers = await startedWorkers(t, endpoints(server));
  await assertRelays(t, workers.relay, given.provider);
  await assertFlawless(server);
});

test('workerd: the relay follows no redirect', async (t) => {
  const { server } = await approvingServer(t, '--fault', 'redirect-307:always@token');
  const workers = await startedWorkers(t, endpoints(server));
  const wanted = { url: `${server.address}/token`, method: 'POST', headers: {}, body: 'a=1' };
  const headers = { origin: ORIGIN, 'x-grantflow-relay': '1' };
  const answer = await fetch(workers.relay, { method: 'POST', headers, body: JSON.stringify(wanted) });
  assert.equal(answer.headers.get('x-grantflow-status'), '307');
  assert.deepEqual((await server.log()).map(({ path }) => path), ['/token']);
});

test("Deno: the relay's Node entry runs there", async (t) => {
  const { server, given } = await approvingServer(t);
  const args = ['run', '--no-lock', '--no-prompt', '--allow-net', '--allow-env', join(here, '../../relay/node.js')];
  const { firstLines } = await startedProgram(t, program('deno'), args, { PORT: '0', ...endpoints(server) });
  await assertRelays(t, firstLines[0], given.provider);
  await assertFlawless(server);
});

async function approvingServer(t, ...options) {
  const server = await testServer(t, '--person', 'approve', '--after-polls', '1', '--interval', '1', ...options);
  return { server, given: { provider: server.provider, api: `${server.address}/api` } };
}

async function startedWorkers(t, env = { GRANTFLOW_RELAY_ORIGINS: '', GRANTFLOW_RELAY_ENDPOINTS: '' }) {
  const anyPort = ['login', 'relay'].map((name) => `--socket-addr=${name}=127.0.0.1:0`);
  const args = ['serve', join(here, 'workerd.capnp'), '--control-fd=1', ...anyPort];
  const { firstLines } = await startedProgram(t, program('workerd'), args, env, anyPort.length);
  const sockets = firstLines.map((line) => JSON.parse(line));
  return Object.fromEntries(sockets.map(({ socket, port }) => [socket, `http://127.0.0.1:${port}/`]));
}

function endpoints({ address }) {
  const paths = ['token', 'device_authorization', 'revoke'];
  const all = paths.map((path) => `${address}/${path}`).join(' ');
  return { GRANTFLOW_RELAY_ORIGINS: ORIGIN, GRANTFLOW_RELAY_ENDPOINTS: all };
}

/** A login by a page of `ORIGIN`: Node sends no `Origin` by itself, as a browser does. */
async function assertRelays(t, address, provider) {
  await init();
  const { fetch } = globalThis;
  t.mock.method(globalThis, 'fetch', (url, init) =>
    fetch(url, { ...init, headers: { ...init.headers, origin: ORIGIN } }));
  const connection = connect({ provider, transport: relay(address) });
  const { access_token } = await connection.login({ by: 'device' });
  assert.notEqual(access_token, '');
  assert.equal((await connection.logout()).revoked, 'yes');
}

async function assertFlawless(server) {
  const requests = await server.log();
  assert.ok(requests.length > 0);
  assert.deepEqual(requests.flatMap(({ findings }) => findings), []);
}
