// The machines as JavaScript sees them: plain objects of the documented shapes, and nothing to free
// but the machines.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as grantflow from './grantflow.mjs';
import { approved, client, codes, DAWN, Flow, json, later, Renewal, stateDigest, tokens } from './grantflow.mjs';
import { covers } from './covers.mjs';

const REDIRECT_URI = 'https://app.example/callback';
const ASK = { due: { min_ttl: 0 }, who: 'a test' };

test('the package exports what its documentation lists, and no more', () => {
  const own = ['approved', 'client', 'codeOf', 'pasting', 'codes', 'DAWN', 'json', 'later', 'tokens'];
  const exported = Object.keys(grantflow).filter((name) => !own.includes(name));
  assert.deepEqual(exported.sort(), [
    'Flow', 'GrantflowError', 'RejectedError', 'Renewal', 'apiHeaders', 'connect', 'digest', 'direct',
    'indexedDbStore', 'init', 'isExpected', 'isWanting', 'memoryStore', 'relay', 'stateDigest',
  ]);
});

test('a login in a browser goes through prompt, redirect and request to a credential', () => {
  covers('N-BBA-02');
  const flow = Flow.authorizationCode(client, 'openid email', { redirect_uri: REDIRECT_URI }, DAWN);
  assert.deepEqual(flow.poll(DAWN), { type: 'wait', ms: 600_000 });
  assert.equal(flow.state, 'AwaitingRedirect');
  const prompt = flow.prompt();
  assert.deepEqual(Object.keys(prompt), ['type', 'sign_ins', 'deadline']);
  assert.deepEqual(plain(prompt), prompt);
  assert.equal(prompt.deadline, DAWN.mono + 600_000);
  const [{ url, redirect_uri, way }] = prompt.sign_ins;
  assert.deepEqual([redirect_uri, way], [REDIRECT_URI, 'redirect']);
  const asked = Object.fromEntries(new URL(url).searchParams);
  assert.equal(asked.response_type, 'code');
  assert.equal(asked.code_challenge_method, 'S256');
  assert.equal(asked.scope, 'openid email');
  assert.deepEqual(flow.names(), [stateDigest(`${REDIRECT_URI}?code=x&state=${asked.state}`)]);

  assert.equal(flow.handleRedirect(DAWN, 'callback', approved(flow)), undefined);
  assert.equal(flow.prompt(), undefined);
  const step = flow.poll(DAWN);
  assert.equal(step.type, 'send');
  const { id, body, headers, ...request } = step.request;
  assert.deepEqual(request, {
    purpose: 'redeem_code', method: 'POST', url: 'https://as.example/token', budget: 30_000,
  });
  assert.ok(Number.isSafeInteger(id));
  assert.match(body, /(^|&)code=the-code(&|$)/);
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');

  assert.equal(flow.handleResponse(DAWN, id, tokens('1', { extra: { a: [1] } })), undefined);
  const done = flow.poll(DAWN);
  assert.equal(done.type, 'done');
  assert.equal(done.credential.access_token, 'access-1');
  assert.equal(done.credential.expires_at, DAWN.wall + 3_600_000);
  assert.deepEqual(done.credential.extra, { extra: { a: [1] } });
  assert.deepEqual(plain(done), done);
  assert.equal(flow.save(), undefined);
  assert.deepEqual(flow.names(), []);
  flow.free();
});

test('a device login shows its code and polls at its pace', () => {
  const flow = Flow.device(client, '', DAWN);
  const { request } = flow.poll(DAWN);
  assert.equal(request.purpose, 'request_device_code');
  assert.deepEqual(flow.poll(DAWN), { type: 'wait', ms: null });
  flow.handleResponse(DAWN, request.id, codes({ verification_uri_complete: 'https://as.example/device?c=1' }));
  assert.deepEqual(flow.prompt(), {
    type: 'enter_code', user_code: 'WDJB-MJHT', verification_uri: 'https://as.example/device',
    verification_uri_complete: 'https://as.example/device?c=1', deadline: DAWN.mono + 600_000,
  });
  assert.deepEqual(flow.poll(DAWN), { type: 'wait', ms: 5000 });
  const poll = flow.poll(later(5000)).request;
  assert.equal(poll.purpose, 'poll_device');
  flow.handleResponse(later(5000), poll.id, json({ error: 'slow_down' }, 400));
  assert.deepEqual(flow.poll(later(5000)), { type: 'wait', ms: 10_000 });
  flow.free();
});

test('each way to fail is an object with a type, a remedy and words', () => {
  const failed = (reply) => {
    const flow = Flow.device(client, '', DAWN);
    flow.handleResponse(DAWN, flow.poll(DAWN).request.id, codes());
    flow.handleResponse(later(5000), flow.poll(later(5000)).request.id, reply);
    const step = flow.poll(later(5000));
    flow.free();
    assert.equal(step.type, 'failed');
    assert.equal(typeof step.error.message, 'string');
    return step.error;
  };
  const denied = failed(json({ error: 'access_denied' }, 400));
  assert.deepEqual([denied.type, denied.remedy], ['denied', 'sign_in_again']);
  const expired = failed(json({ error: 'expired_token' }, 400));
  assert.deepEqual([expired.type, expired.slow_downs], ['expired', 0]);
  const { message: _, ...refused } = failed(json({ error: 'invalid_client' }, 401));
  assert.deepEqual(refused, {
    type: 'refused', remedy: 'fix_configuration', purpose: 'poll_device', code: 'invalid_client', status: 401,
  });
});

test('a refused input is told by its type and changes nothing', () => {
  const flow = Flow.authorizationCode(client, '', { redirect_uri: REDIRECT_URI }, DAWN);
  const before = flow.save();
  const refused = (by, text) => flow.handleRedirect(DAWN, by, text)?.type;
  assert.equal(refused('callback', `${REDIRECT_URI}?code=c&state=wrong`), 'state_mismatch');
  assert.equal(refused('callback', ''), 'malformed');
  assert.equal(refused('callback', `${approved(flow)}&code=2`), 'malformed');
  assert.equal(refused('callback', `${approved(flow)}&iss=https://evil.example`), 'issuer_mismatch');
  assert.equal(refused('pasted', 'nonsense'), 'malformed');
  assert.equal(flow.handleResponse(DAWN, 1, tokens())?.type, 'stale');
  assert.equal(flow.save(), before);
  assert.equal(flow.state, 'AwaitingRedirect');

  flow.handleRedirect(DAWN, 'callback', approved(flow));
  const { id } = flow.poll(DAWN).request;
  const out = flow.save();
  assert.equal(refused('callback', `${REDIRECT_URI}?code=c&state=s`), 'not_expected');
  assert.equal(flow.handleResponse(DAWN, id + 1, tokens())?.type, 'stale');
  assert.equal(flow.save(), out);
  flow.free();
});

test('a snapshot goes on in another machine of the same client, and in none of another', () => {
  const flow = Flow.device(client, '', DAWN);
  flow.handleResponse(DAWN, flow.poll(DAWN).request.id, codes());
  const snapshot = flow.save();
  flow.free();
  const restored = Flow.restore(client, snapshot, later(1000));
  assert.equal(restored.state, 'Polling');
  assert.equal(restored.save() === undefined, false);
  restored.free();
  const other = { provider: { ...client.provider, token_endpoint: 'https://evil.example/token' } };
  for (const [from, text] of [[other, snapshot], [client, ''], [client, '{"version":99}'], [client, snapshot.slice(1)]]) {
    assert.throws(() => Flow.restore(from, text, DAWN), { type: 'snapshot', remedy: 'sign_in_again' });
  }
});

test('a door that cannot open throws a failure', () => {
  const misconfigured = { type: 'misconfigured', remedy: 'fix_configuration' };
  const without = (name) => ({ provider: { ...client.provider, [name]: undefined } });
  const http = { provider: { ...client.provider, token_endpoint: 'http://as.example/token' } };
  const open = (from, redirects = { redirect_uri: REDIRECT_URI }) => Flow.authorizationCode(from, '', redirects, DAWN);
  assert.throws(() => open({}), misconfigured);
  assert.throws(() => open(without('client_id')), misconfigured);
  assert.throws(() => open(without('authorization_endpoint')), misconfigured);
  assert.throws(() => open(http), misconfigured);
  assert.throws(() => open(client, {}), misconfigured);
  assert.throws(() => open(client, { redirect_uri: 'javascript:alert(1)' }), misconfigured);
  assert.throws(() => Flow.device(without('device_authorization_endpoint'), '', DAWN), misconfigured);
  assert.throws(() => Renewal.signIn(client, { provider: 'acme' }, ASK, DAWN), misconfigured);
});

test('a renewal asks for its tasks one after the other', () => {
  const renewal = Renewal.signOut(client, ASK, DAWN);
  const tasks = [];
  const answers = { lock: { type: 'done' }, load: { type: 'loaded' } };
  for (let step = renewal.poll(DAWN); step.type === 'do'; step = renewal.poll(DAWN)) {
    assert.deepEqual(plain(step), step);
    tasks.push(step.task.type);
    assert.equal(renewal.handleAnswer(DAWN, step.id, answers[step.task.type] ?? { type: 'done' }), undefined);
    assert.equal(renewal.handleAnswer(DAWN, step.id, { type: 'done' })?.type, 'stale');
    if (tasks.length > 20) break;
  }
  assert.equal(tasks[0], 'lock');
  assert.ok(tasks.includes('load') && tasks.includes('unlock'), String(tasks));
  renewal.free();
});

/** What a structured clone and JSON both keep: plain through and through. */
function plain(value) {
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  return JSON.parse(JSON.stringify(structuredClone(value)));
}
