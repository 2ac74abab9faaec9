// The relay passes logins on and refuses everything else, by its kind and before anything is sent.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { connect, init, relay } from 'grantflow';
import { ENDPOINTS, HEADERS } from '../relay/endpoints.js';
import { createRelay, settings } from '../relay/relay.js';
import { covers } from './covers.mjs';
import { startedProgram, testServer } from './test-server.mjs';

const ORIGIN = 'https://app.example';
const ALLOWED = 'https://login.example/token';
const NODE_ENTRY = join(import.meta.dirname, '../relay/node.js');

test('a login, a renewal and a sign-out go through it to a server that knows no CORS', async (t) => {
  covers('W-07');
  await init();
  const server = await testServer(t, '--person', 'approve', '--after-polls', '1', '--interval', '1');
  const { address, output } = await nodeRelay(t, server.address);
  const connection = connect({ provider: server.provider, transport: relay(address) });
  asPageOf(t, ORIGIN);

  const first = await connection.login({ by: 'device' });
  const second = await connection.renew();
  await connection.logout();

  assert.notEqual(second.access_token, first.access_token);
  const requests = await server.log();
  const endpoints = requests.map(({ endpoint }) => endpoint);
  assert.deepEqual(endpoints, ['device_authorization', 'token', 'token', 'token', 'revocation']);
  assert.deepEqual(requests.flatMap(({ findings }) => findings), []);
  assert.equal(output(), `${address}\n`, 'it logs nothing');
});

test('a slow_down with Retry-After reaches the machine as it was', async (t) => {
  const server = await testServer(t, '--fault', '429@token');
  const answer = await allowedRelay(server.address).fetch(asked({ url: `${server.address}/token` }));
  assert.equal(answer.headers.get('x-grantflow-status'), '429');
  assert.equal(answer.headers.get('x-grantflow-retry-after'), '7');
});

test('a redirect is an answer, and nobody is asked where it points to', async (t) => {
  const server = await testServer(t, '--fault', 'redirect-307:always@token');
  const answer = await allowedRelay(server.address).fetch(asked({ url: `${server.address}/token` }));
  assert.equal(answer.headers.get('x-grantflow-status'), '307');
  assert.equal(answer.headers.get('location'), null);
  assert.deepEqual((await server.log()).map(({ path }) => path), ['/token']);
});

const REFUSED = {
  'a page of another origin': [asked({}, { origin: 'https://evil.example' }), 403, 'origin'],
  'no origin at all': [asked({}, { origin: undefined }), 403, 'origin'],
  'the origin of a sandboxed frame': [asked({}, { origin: 'null' }), 403, 'origin'],
  'an origin that begins like an allowed one': [asked({}, { origin: `${ORIGIN}.evil` }), 403, 'origin'],
  'a request that a form could have sent': [asked({}, { 'x-grantflow-relay': undefined }), 403, 'header'],
  'GET': [new Request('https://relay.example', { headers: { origin: ORIGIN } }), 405, 'method'],
  'PUT': [new Request('https://relay.example', { method: 'PUT', headers: { origin: ORIGIN } }), 405, 'method'],
  'OPTIONS that is no preflight': [new Request('https://relay.example', { method: 'OPTIONS', headers: { origin: ORIGIN } }), 405, 'method'],
  'a long body': [asked({ body: 'x'.repeat(64 << 10) }), 413, 'length'],
  'no JSON': [asked('url=https://login.example/token'), 400, 'form'],
  'a list': [asked('[]'), 400, 'form'],
  'null': [asked('null'), 400, 'form'],
  'bytes that are no UTF-8': [asked(new Uint8Array([0x22, 0xff, 0x22])), 400, 'form'],
  'a member nobody knows': [asked({ redirect: 'follow' }), 400, 'form'],
  'a method of its own': [asked({ method: 'DELETE' }), 400, 'form'],
  'an address that is no text': [asked({ url: [ALLOWED] }), 400, 'form'],
  'headers as a list': [asked({ headers: [['accept', '*/*']] }), 400, 'form'],
  'a header that is no text': [asked({ headers: { accept: 1 } }), 400, 'form'],
  'a body that is no text': [asked({ body: { a: 1 } }), 400, 'form'],
};
for (const header of [
  'cookie', 'Cookie', 'host', 'origin', 'referer', 'forwarded', 'x-forwarded-for', 'x-real-ip', 'via',
  'content-length', 'transfer-encoding', 'connection', 'proxy-authorization', 'te', 'accept\r\ncookie', '',
]) {
  REFUSED[`the header ${JSON.stringify(header)}`] = [asked({ headers: { [header]: '1' } }), 403, 'headers'];
}
for (const value of ['*/*\r\ncookie: a=1', '*/*\ncookie: a=1', '*/*\0', '*/*\u2028', '\u00e9']) {
  REFUSED[`the header value ${JSON.stringify(value)}`] = [asked({ headers: { accept: value } }), 403, 'headers'];
}
for (const url of [
  'https://login.example/other', 'https://login.example', 'http://login.example/token',
  'https://login.example.evil/token', 'https://evil.example/https://login.example/token',
  'https://login.example@evil.example/token', 'https://user:pass@login.example/token',
  'https://login.example:443/token', 'https://login.example:444/token', 'https://login.example./token',
  'https://LOGIN.example/token', 'HTTPS://login.example/token', 'https://login.example/Token',
  'https://login.example/token#', 'https://login.example/token#@evil.example', 'https://login.example/token?',
  'https://login.example/token?a=1', 'https://login.example/token/', 'https://login.example//token',
  'https://login.example/./token', 'https://login.example/x/../token', 'https://login.example/%74oken',
  'https://login%2eexample/token', 'https:\\\\login.example\\token', 'https:login.example/token',
  '//login.example/token', ' https://login.example/token', 'https://login.example/token\n',
  'https://login.exam\tple/token', 'https://login.example/token\u200b', 'https://l\u043egin.example/token',
  'file:///etc/passwd', 'data:text/plain,x', 'http://169.254.169.254/latest/meta-data/', '',
]) {
  REFUSED[`the address ${JSON.stringify(url)}`] = [asked({ url }), 403, 'endpoint'];
}

for (const [what, [request, status, kind]] of Object.entries(REFUSED)) {
  test(`refused, and nothing is sent: ${what}`, async (t) => {
    const sent = t.mock.method(globalThis, 'fetch', () => assert.fail('sent'));
    const answer = await createRelay({ origins: [ORIGIN], endpoints: [ALLOWED] }).fetch(request);
    assert.equal(await answer.text(), `refused: ${kind}`);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('x-grantflow-not-sent'), '1');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('access-control-allow-origin'), kind === 'origin' ? null : ORIGIN);
    assert.equal(sent.mock.callCount(), 0);
  });
}

test('only what was asked for is sent, and only the bytes come back', async (t) => {
  const sent = t.mock.method(globalThis, 'fetch', async () =>
    new Response('{"a":1}', { headers: { 'set-cookie': 'a=1', 'content-type': 'text/html', server: 'x' } }));
  const headers = { Accept: 'application/json', 'editor-version': 'x/1' };
  const request = asked({ headers, body: 'a=1' }, { cookie: 'b=2', 'x-forwarded-for': '10.0.0.1' });
  const answer = await createRelay({ origins: [ORIGIN], endpoints: [ALLOWED], headers: HEADERS }).fetch(request);

  const [url, { signal, ...init }] = sent.mock.calls[0].arguments;
  assert.equal(url, ALLOWED);
  assert.deepEqual(init, { method: 'POST', headers, body: 'a=1', redirect: 'manual' });
  assert.equal(await answer.text(), '{"a":1}');
  assert.deepEqual(Object.fromEntries(answer.headers), {
    'access-control-allow-origin': ORIGIN,
    'access-control-expose-headers': 'x-grantflow-status, x-grantflow-retry-after, x-grantflow-not-sent',
    'cache-control': 'no-store',
    'content-type': 'application/octet-stream',
    vary: 'origin',
    'x-content-type-options': 'nosniff',
    'x-grantflow-status': '200',
  });
});

test('an answer that never ends is given up, and may have arrived', async (t) => {
  const server = await listening(t, createServer((_, answer) => answer.writeHead(200).write('x')));
  const quick = createRelay({ origins: [ORIGIN], endpoints: [`${server}/`], patience: 50 });
  assertLost(await quick.fetch(asked({ url: `${server}/` })));
});

test('an answer that is too long is given up, and one that just fits is not', async (t) => {
  const bytes = { fits: 1 << 20, long: (1 << 20) + 1 };
  const server = await listening(t, createServer(({ url }, answer) => answer.end('x'.repeat(bytes[url.slice(1)]))));
  const passing = createRelay({ origins: [ORIGIN], endpoints: [`${server}/fits`, `${server}/long`] });
  const fits = await passing.fetch(asked({ url: `${server}/fits` }));
  assert.equal((await fits.arrayBuffer()).byteLength, bytes.fits);
  assertLost(await passing.fetch(asked({ url: `${server}/long` })));
});

test('a connection that breaks may have arrived; one that was refused did not', async (t) => {
  const tcp = createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const breaking = await listening(t, tcp);
  assertLost(await allowedRelay(breaking).fetch(asked({ url: `${breaking}/token` })));

  tcp.close();
  await once(tcp, 'close');
  for (const nobody of [breaking, 'http://nobody.invalid']) {
    const answer = await allowedRelay(nobody).fetch(asked({ url: `${nobody}/token` }));
    assert.equal(answer.headers.get('x-grantflow-not-sent'), '1', nobody);
    assert.equal(answer.headers.get('x-grantflow-status'), null);
  }
});

test('a preflight is answered to allowed origins alone', async () => {
  const preflight = (origin) => new Request('https://relay.example', {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  });
  const { fetch } = createRelay({ origins: [ORIGIN], endpoints: [ALLOWED] });
  const granted = await fetch(preflight(ORIGIN));
  assert.equal(granted.status, 204);
  assert.equal(granted.headers.get('access-control-allow-origin'), ORIGIN);
  assert.equal(granted.headers.get('access-control-allow-headers'), 'content-type, x-grantflow-relay');
  assert.equal(granted.headers.get('access-control-allow-credentials'), null);
  const denied = await fetch(preflight('https://evil.example'));
  assert.equal(denied.status, 403);
  assert.equal(denied.headers.get('access-control-allow-origin'), null);
});

test('over the wire: a long body is refused and smuggled lines never become headers', async (t) => {
  const server = await testServer(t);
  const { address, output } = await nodeRelay(t, server.address);
  const headers = { origin: ORIGIN, 'x-grantflow-relay': '1' };
  const long = await fetch(address, { method: 'POST', headers, body: 'x'.repeat(1 << 20) });
  assert.equal(long.status, 413);
  const smuggled = await fetch(address, {
    method: 'POST',
    headers,
    body: wire({ url: `${server.address}/token`, headers: { accept: 'a\r\nhost: evil.example' } }),
  });
  assert.equal(await smuggled.text(), 'refused: headers');
  assert.deepEqual(await server.log(), []);
  assert.equal(output(), `${address}\n`);
});

test('nothing is logged, whatever happens', async (t) => {
  const spies = ['log', 'info', 'warn', 'error', 'debug', 'trace'].map((name) => t.mock.method(console, name));
  const { fetch } = createRelay({ origins: [ORIGIN], endpoints: ['http://nobody.invalid/token'] });
  for (const url of ['http://nobody.invalid/token', 'https://evil.example/']) await fetch(asked({ url }));
  assert.equal(spies.reduce((sum, { mock }) => sum + mock.callCount(), 0), 0);
});

test('it can ask what the presets ask, and nothing else', () => {
  const folder = join(import.meta.dirname, '../../core/src/providers');
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  for (const [preset, endpoints] of Object.entries(ENDPOINTS)) {
    const source = sources.find((text) => new RegExp(`base\\(\\s*"${preset}"`).test(text));
    assert.deepEqual([...endpoints].sort(), calledEndpoints(source).sort(), preset);
  }
  const presets = sources.flatMap((text) => [...text.matchAll(/\bbase\(\s*"([^"]+)"/g)].map(([, id]) => id));
  assert.deepEqual(Object.keys(ENDPOINTS).sort(), presets.sort());
});

test('lists that could never match are refused at the start', () => {
  for (const entry of ['https://app.example/', 'app.example', '*', 'null', 'https://APP.example']) {
    assert.throws(() => settings({ GRANTFLOW_RELAY_ORIGINS: entry }), TypeError, entry);
  }
  for (const entry of ['https://login.example', 'https://LOGIN.example/token', '*']) {
    assert.throws(() => settings({ GRANTFLOW_RELAY_ENDPOINTS: entry }), TypeError, entry);
  }
});

/** What programs call, of what a preset's source names: no page for people, no API. */
function calledEndpoints(source) {
  const on = (text) => text.replace(/on\("([^"]+)", "([^"]+)"\)/g, (_, prefix, path) => `"${prefix}github.com${path}"`);
  const code = on(source).replace(/Endpoint::known\(\s*("[^"]+"),?\s*\)/g, '$1');
  const members = /(?:device_authorization|revocation|poll)_endpoint: Some\(("[^"]+")\)|\bendpoint: ("[^"]+")/g;
  const token = /base\(\s*"[^"]+",\s*"[^"]+",\s*("[^"]+")/g;
  const found = [...code.matchAll(members), ...code.matchAll(token)];
  return found.map(([, one, other]) => JSON.parse(one ?? other));
}

/** What `relay(address)` sends from a page of `ORIGIN`, with what differs. */
function asked(body, headers = {}) {
  const all = { origin: ORIGIN, 'content-type': 'application/json', 'x-grantflow-relay': '1', ...headers };
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return new Request('https://relay.example/', { method: 'POST', headers: given, body: isWhole ? body : wire(body) });
}

function wire(wanted) {
  return JSON.stringify({ url: ALLOWED, method: 'POST', headers: {}, body: '', ...wanted });
}

function allowedRelay(address) {
  return createRelay({ origins: [ORIGIN], endpoints: [`${address}/token`, `${address}/revoke`] });
}

async function nodeRelay(t, server) {
  const paths = ['token', 'device_authorization', 'revoke'];
  const { firstLines, output } = await startedProgram(t, process.execPath, [NODE_ENTRY], {
    PORT: '0',
    GRANTFLOW_RELAY_ORIGINS: ORIGIN,
    GRANTFLOW_RELAY_ENDPOINTS: paths.map((path) => `${server}/${path}`).join(' '),
  });
  return { address: firstLines[0], output };
}

/** Node sends no `Origin` by itself, as a browser does. */
function asPageOf(t, origin) {
  const { fetch } = globalThis;
  t.mock.method(globalThis, 'fetch', (url, init) => fetch(url, { ...init, headers: { ...init.headers, origin } }));
}

async function listening(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

function assertLost(answer) {
  assert.equal(answer.status, 502);
  assert.equal(answer.headers.get('x-grantflow-status'), null);
  assert.equal(answer.headers.get('x-grantflow-not-sent'), null);
}
