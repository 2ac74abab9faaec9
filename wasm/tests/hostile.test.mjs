// No input of any kind ends the module, and none that is refused moves a machine.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiHeaders, client, codes, DAWN, Flow, isWanting, json, later, Renewal, stateDigest, tokens } from './grantflow.mjs';
import { covers } from './covers.mjs';

const ASK = { due: { min_ttl: 0 }, who: 'a test' };

test('whatever an export is given, it throws at most an error, and the next call is as good as ever', () => {
  for (const hostile of HOSTILE) {
    for (const [name, call] of Object.entries(CALLS)) attempt(name, hostile, () => call(hostile));
    const flow = Flow.device(client, '', DAWN);
    assert.equal(flow.poll(DAWN).type, 'send');
    flow.free();
  }
});

test('a machine that was given nonsense works on as if it had not been', () => {
  for (const hostile of HOSTILE) {
    const flow = Flow.device(client, '', DAWN);
    const { id } = flow.poll(DAWN).request;
    attempt('poll', hostile, () => flow.poll(hostile));
    attempt('handleRedirect', hostile, () => flow.handleRedirect(hostile, 'callback', '?code=c&state=s'));
    attempt('handleRedirect', hostile, () => flow.handleRedirect(DAWN, 'callback', hostile));
    attempt('handleResponse', hostile, () => flow.handleResponse(hostile, 1, tokens()));
    attempt('handleResponse', hostile, () => flow.handleResponse(DAWN, hostile, tokens()));
    assert.equal(flow.handleResponse(DAWN, id, codes()), undefined, show(hostile));
    assert.equal(flow.state, 'Polling', show(hostile));
    assert.equal(flow.prompt().user_code, 'WDJB-MJHT');
    flow.free();
  }
});

test('an answer that makes no sense is a lost one', () => {
  for (const hostile of [...HOSTILE, { type: 'response' }, json({}, 65_536 + 200), json({}, 0), json({}, NaN),
    { ...json({}), body: undefined }, { ...codes(), retry_after: 5n, status: '200' }]) {
    const flow = Flow.device(client, '', DAWN);
    const { id } = flow.poll(DAWN).request;
    attempt('handleResponse', hostile, () => flow.handleResponse(DAWN, id, hostile));
    assert.equal(flow.state, 'RequestingCode', show(hostile));
    assert.equal(flow.poll(DAWN).type, 'wait', show(hostile));
    const again = flow.poll(later(60_000)).request;
    assert.equal(again.purpose, 'request_device_code', show(hostile));
    flow.free();
  }
});

test('an answer of a store that makes no sense is a failure of the store', () => {
  for (const hostile of HOSTILE) {
    const renewal = Renewal.renew(client, ASK, DAWN);
    const { id } = renewal.poll(DAWN);
    attempt('handleAnswer', hostile, () => renewal.handleAnswer(hostile, 1, { type: 'done' }));
    attempt('handleAnswer', hostile, () => renewal.handleAnswer(DAWN, id, hostile));
    const step = renewal.poll(DAWN);
    assert.ok(['do', 'failed', 'wait'].includes(step.type), show(hostile));
    renewal.free();
  }
});

test('a clock that runs backwards, stands still or is no number neither hurries nor ends a login', () => {
  covers('W-27', 'W-28');
  const flow = Flow.device(client, '', DAWN);
  flow.handleResponse(DAWN, flow.poll(DAWN).request.id, codes());
  for (const now of [{ wall: 0, mono: 0 }, { wall: NaN, mono: NaN }, { wall: -1, mono: -1 }, {}, { wall: '9', mono: '9e15' }]) {
    assert.deepEqual(flow.poll(now), { type: 'wait', ms: 5000 });
  }
  flow.free();
});

test('bodies and pastes of two megabytes are refused, not read', () => {
  const large = 'x'.repeat(2 << 20);
  const flow = Flow.authorizationCode(client, '', { redirect_uri: 'https://app.example/cb' }, DAWN);
  assert.equal(flow.handleRedirect(DAWN, 'callback', `https://app.example/cb?code=${large}`).type, 'malformed');
  assert.equal(flow.handleRedirect(DAWN, 'pasted', large).type, 'malformed');
  flow.free();
  const device = Flow.device(client, '', DAWN);
  const { id } = device.poll(DAWN).request;
  device.handleResponse(DAWN, id, json({ device_code: large }));
  assert.equal(device.state, 'RequestingCode');
  device.free();
});

test('lone surrogates become replacement characters and nothing worse', () => {
  const flow = Flow.authorizationCode(client, '\ud800', { redirect_uri: 'https://app.example/cb' }, DAWN);
  assert.match(flow.prompt().sign_ins[0].url, /scope=%EF%BF%BD/);
  flow.free();
  assert.equal(stateDigest('?state=\udfff'), stateDigest('?state=\ufffd'));
});

const HOSTILE = [
  undefined, null, true, 0, -1, NaN, Infinity, 1e308, 2 ** 53, 10n, '', 'x', '\ud800', Symbol('s'), [], {}, () => {},
  new Date(NaN), new Uint8Array(4), { type: 5 }, { type: null }, { wall: {}, mono: [] }, { wall: 10n, mono: 10n },
  { wall: Symbol('s') }, cyclic(), throwing(), { toJSON: () => undefined }, { provider: 10n }, { provider: [] },
  { provider: { id: 5 } }, { provider: { preset: 'none' } }, { due: 5, who: 5 }, Object.create(null), 'x'.repeat(1 << 20),
  { valueOf() { throw new Error('value'); }, toString() { throw new Error('text'); } }, new Proxy({}, { get() { throw new Error('get'); } }),
];

const CREDENTIAL = { provider: 'acme', origin: 'https://as.example', client_id: 'my-app', access_token: 'a' };

const CALLS = {
  'Flow.authorizationCode client': (it) => Flow.authorizationCode(it, '', { redirect_uri: 'https://a.example' }, DAWN).free(),
  'Flow.authorizationCode scope': (it) => Flow.authorizationCode(client, it, { redirect_uri: 'https://a.example' }, DAWN).free(),
  'Flow.authorizationCode redirects': (it) => Flow.authorizationCode(client, '', it, DAWN).free(),
  'Flow.authorizationCode now': (it) => Flow.authorizationCode(client, '', { redirect_uri: 'https://a.example' }, it).free(),
  'Flow.device client': (it) => Flow.device(it, '', DAWN).free(),
  'Flow.device now': (it) => Flow.device(client, '', it).free(),
  'Flow.device patience': (it) => Flow.device({ ...client, patience: it }, '', DAWN).free(),
  'Flow.restore client': (it) => Flow.restore(it, '{}', DAWN),
  'Flow.restore snapshot': (it) => Flow.restore(client, it, DAWN),
  'Renewal.renew client': (it) => Renewal.renew(it, ASK, DAWN).free(),
  'Renewal.renew ask': (it) => Renewal.renew(client, it, DAWN).free(),
  'Renewal.renew previous': (it) => Renewal.renew(client, ASK, DAWN, it).free(),
  'Renewal.signIn credential': (it) => Renewal.signIn(client, it, ASK, DAWN).free(),
  'Renewal.signOut ask': (it) => Renewal.signOut(client, it, DAWN).free(),
  'apiHeaders client': (it) => apiHeaders(it, CREDENTIAL),
  'apiHeaders credential': (it) => apiHeaders(client, it),
  'isWanting client': (it) => isWanting(it, CREDENTIAL, 0, DAWN),
  'isWanting credential': (it) => isWanting(client, it, 0, DAWN),
  'isWanting minTtl': (it) => isWanting(client, CREDENTIAL, it, DAWN),
  'isWanting now': (it) => isWanting(client, CREDENTIAL, 0, it),
  stateDigest: (it) => stateDigest(it),
};

/** What is thrown is a failure, or an error of the language's, and never the end of the module. */
function attempt(name, hostile, call) {
  try {
    call();
  } catch (why) {
    const where = `${name} with ${show(hostile)}: ${why?.message}`;
    assert.ok(!(why instanceof WebAssembly.RuntimeError), where);
    assert.ok(!/recursive use|null pointer/.test(why.message), where);
  }
}

function show(value) {
  try {
    return `${typeof value} ${String(value).slice(0, 30)}`;
  } catch {
    return typeof value;
  }
}

function cyclic() {
  const it = {};
  it.it = it;
  return it;
}

function throwing() {
  return {
    get type() { throw new Error('type'); },
    get wall() { throw new Error('wall'); },
    toJSON() { throw new Error('json'); },
  };
}
