// How requests are performed: within their budget, no longer than may be, and answered in any case.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { direct, relay } from './grantflow.mjs';
import { covers } from './covers.mjs';
import { inside } from './inside.mjs';

const CAP = 1 << 20;
const REQUEST = {
  id: 1, purpose: 'refresh', method: 'POST', url: 'https://as.example/token',
  headers: { 'content-type': 'text/plain' }, body: 'the-body', budget: 50,
};
const never = new AbortController().signal;
const { perform } = await inside('transport');

test('a request goes out as it stands, without cookies, referrer, cache or redirects', async (t) => {
  covers('C-27', 'B-HT-11');
  const fetched = answering(t, new Response('ok', { status: 201, headers: { 'retry-after': '7' } }));
  const result = await direct(REQUEST, never);
  const [url, init] = fetched.calls[0].arguments;
  assert.equal(url, REQUEST.url);
  assert.deepEqual({ ...init, signal: undefined }, {
    method: 'POST', headers: REQUEST.headers, body: 'the-body', redirect: 'error', credentials: 'omit',
    cache: 'no-store', referrerPolicy: 'no-referrer', signal: undefined,
  });
  assert.deepEqual(result, { type: 'response', status: 201, retry_after: '7', body: new TextEncoder().encode('ok') });
});

test('a GET has no body', async (t) => {
  const fetched = answering(t, new Response(null));
  const result = await direct({ ...REQUEST, method: 'GET', body: '' }, never);
  assert.ok(!('body' in fetched.calls[0].arguments[1]));
  assert.deepEqual(result.body, new Uint8Array());
});

test('a body is read up to the cap, and hardly a byte beyond', async (t) => {
  for (const [length, most] of [[CAP, CAP], [CAP + 1, CAP + 1]]) {
    answering(t, new Response(new Uint8Array(length)));
    assert.equal((await direct(REQUEST, never)).body.length, most);
  }
});

test('a body without end is left', async (t) => {
  let isLeft = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 << 10)),
    cancel: () => void (isLeft = true),
  });
  answering(t, new Response(endless));
  const { body } = await direct(REQUEST, never);
  assert.ok(body.length > CAP && body.length <= CAP + (64 << 10), String(body.length));
  assert.ok(isLeft);
});

test('what a browser refuses is lost, for it may have arrived', async (t) => {
  covers('W-11');
  answering(t, () => Promise.reject(new TypeError('Failed to fetch')));
  assert.deepEqual(await perform(direct, REQUEST), { type: 'lost' });
});

for (const [name, transport] of [['direct', direct], ['relay', relay('/relay')]]) {
  test(`a browser that knows to be offline sends nothing: ${name}`, async (t) => {
    const fetched = answering(t, new Response('ok'));
    const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true });
    t.after(() => (navigator ? Object.defineProperty(globalThis, 'navigator', navigator) : delete globalThis.navigator));
    assert.deepEqual(await perform(transport, REQUEST), { type: 'not_sent' });
    assert.equal(fetched.calls.length, 0);
  });
}

test('a request that takes longer than its budget is cut off and lost', async () => {
  let signal;
  const slow = (_, given) => {
    signal = given;
    return new Promise((_, reject) => given.addEventListener('abort', () => reject(given.reason)));
  };
  assert.deepEqual(await perform(slow, REQUEST), { type: 'lost' });
  assert.ok(signal.aborted);
});

test('a transport that never answers does not keep a login waiting', { timeout: 5000 }, async () => {
  assert.deepEqual(await perform(() => new Promise(() => {}), REQUEST), { type: 'lost' });
});

test('a request of somebody who has gone already is not waited for', { timeout: 5000 }, async () => {
  const deaf = (_, signal) => new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  const gone = AbortSignal.abort();
  assert.deepEqual(await perform(deaf, { ...REQUEST, budget: 60_000 }, gone), { type: 'lost' });
});

test('a transport that throws, or answers nothing, is a lost request', async () => {
  assert.deepEqual(await perform(() => { throw new Error('no'); }, REQUEST), { type: 'lost' });
  assert.deepEqual(await perform(async () => undefined, REQUEST), { type: 'lost' });
});

test('a relay is told the request, and its own troubles are no answer', async (t) => {
  const fetched = answering(t, () => Promise.resolve(new Response('no', { status: 502 })));
  const through = relay('/relay');
  assert.deepEqual(await through(REQUEST, never), { type: 'lost' });
  const [address, init] = fetched.calls[0].arguments;
  assert.equal(address, '/relay');
  assert.equal(init.credentials, 'same-origin');
  assert.equal(init.redirect, 'error');
  assert.equal(init.headers['x-grantflow-relay'], '1');
  const { url, method, headers, body } = REQUEST;
  assert.deepEqual(JSON.parse(init.body), { url, method, headers, body });

  answering(t, new Response('{}', { headers: { 'x-grantflow-status': '400', 'x-grantflow-retry-after': '9' } }));
  const answer = await through(REQUEST, never);
  assert.deepEqual([answer.type, answer.status, answer.retry_after], ['response', 400, '9']);
  answering(t, new Response('', { status: 502, headers: { 'x-grantflow-not-sent': '1' } }));
  assert.deepEqual(await through(REQUEST, never), { type: 'not_sent' });
});

function answering(t, answer) {
  const answered = typeof answer === 'function' ? answer : () => Promise.resolve(answer);
  t.mock.restoreAll();
  return t.mock.method(globalThis, 'fetch', answered).mock;
}
