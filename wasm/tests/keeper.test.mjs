// What an application holds: one renewal for all its callers, and a token that goes nowhere else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, codeOf, connect, json, memoryStore, pasting, tokens } from './grantflow.mjs';
import { covers } from './covers.mjs';

const API = 'https://api.example';

test('one renewal serves five hundred callers at once', async (t) => {
  covers('W-26');
  const { connection, server } = await lapsed(t);
  const all = await Promise.all(Array.from({ length: 500 }, () => connection.access()));
  assert.equal(server.count('refresh'), 1);
  assert.deepEqual(new Set(all.map(({ access_token }) => access_token)), new Set(['access-2']));
});

test('a caller who asks for more than a token can last gets a fresh one as it is', async () => {
  const { connection, server } = await signedIn();
  assert.equal((await connection.access({ min_ttl: 86_400_000 })).access_token, 'access-1');
  assert.equal(server.count('refresh'), 0);
});

test('what callers get has nothing to renew it by', async () => {
  covers('N-BBA-10');
  const { connection } = await signedIn();
  const access = await connection.access();
  assert.deepEqual(Object.keys(access).sort(), ['access_token', 'expires_at', 'headers']);
  assert.deepEqual(access.headers, { authorization: 'Bearer access-1' });
  assert.ok(!JSON.stringify(access).includes('refresh-1'));
});

test('a caller who leaves does not end the renewal of the others', async (t) => {
  const { connection, server } = await lapsed(t);
  const answer = server.hold();
  const leaving = new AbortController();
  const left = connection.access({ signal: leaving.signal });
  const stays = connection.access();
  await answer.asked;
  leaving.abort('gone');
  await assert.rejects(left, (why) => why === 'gone');
  answer.give(tokens('2'));
  assert.equal((await stays).access_token, 'access-2');
  assert.equal(server.count('refresh'), 1);
});

test('a caller who had left before asks for nothing, and nothing is left unheard', async (t) => {
  const { connection, server } = await lapsed(t);
  server.answer(() => json({ error: 'invalid_grant' }, 400));
  await assert.rejects(connection.access({ signal: AbortSignal.abort('gone') }), (why) => why === 'gone');
  await new Promise(setImmediate);
  assert.equal(server.count('refresh'), 0);
});

test('a page that closes its connection while it renews loses neither tokens nor callers', async (t) => {
  const channel = `closing ${crypto.randomUUID()}`;
  const { connection, server, store } = await lapsed(t, { channel });
  const answer = server.hold();
  const renewed = connection.access();
  await answer.asked;
  connection.close();
  answer.give(tokens('2'));
  assert.equal((await renewed).access_token, 'access-2');
  const { record } = await store.load('acme');
  assert.equal(record.refresh_token, 'refresh-2');
});

test('after a logout nothing is left, here or in the store, and the server was told', async () => {
  const { connection, server, store } = await signedIn();
  const outcome = await connection.logout();
  assert.deepEqual(outcome, { type: 'signed_out', was_there: true, revoked: 'yes' });
  assert.equal(server.count('revoke'), 1);
  assert.equal(await connection.signedIn(), undefined);
  await assert.rejects(connection.access(), ({ failure }) => failure.type === 'signed_out');
  assert.equal((await store.load('acme')).record, undefined);
});

test('a logout during a renewal wins over it', async (t) => {
  const { connection, server } = await lapsed(t);
  const answer = server.hold();
  const renewed = connection.access().catch(() => {});
  await answer.asked;
  const out = connection.logout();
  answer.give(tokens('2'));
  await Promise.all([renewed, out]);
  assert.equal(await connection.signedIn(), undefined);
});

for (const end of ['answers late', 'is lost']) {
  test(`a renewal that ${end} brings no login back that another has taken the place of`, async (t) => {
    const { connection, waiting, answer, signIn } = await hanging(t);
    await signIn();
    // They wait no longer for what nobody wants, and get what there is.
    assert.equal((await waiting).access_token, 'access-login-2');
    const asked = connection.access();
    answer.give(end === 'is lost' ? { type: 'lost' } : tokens('old'));
    assert.equal((await asked).access_token, 'access-login-2');
    await settled();
    assert.equal((await connection.signedIn()).access_token, 'access-login-2');
    assert.equal((await connection.access()).access_token, 'access-login-2');
  });

  test(`a renewal that ${end} brings no login back that was logged out of`, async (t) => {
    const { connection, waiting, answer } = await hanging(t);
    const refused = assert.rejects(waiting, ({ failure }) => failure.type === 'signed_out');
    await connection.logout();
    await refused;
    answer.give(end === 'is lost' ? { type: 'lost' } : tokens('old'));
    await settled();
    assert.equal(await connection.signedIn(), undefined);
    await assert.rejects(connection.access(), ({ failure }) => failure.type === 'signed_out');
  });
}

for (const end of ['answers late', 'is lost']) {
  test(`a renewal that ${end} brings no login back that another tab has logged out of`, async (t) => {
    const channel = `elsewhere ${crypto.randomUUID()}`;
    const { connection, waiting, answer, store, server } = await hanging(t, { channel });
    const other = connect({ ...pasting, store, transport: server.transport });
    t.after(() => other.close());
    const heard = new Promise((resolve) => connection.onChange(resolve));
    await other.logout();
    await heard;
    answer.give(end === 'is lost' ? { type: 'lost' } : tokens('old'));
    await waiting.catch(() => {});
    await settled();
    assert.equal(await connection.signedIn(), undefined);
    await assert.rejects(connection.access(), ({ failure }) => failure.type === 'signed_out');
  });
}

test('a logout while new tokens are being saved wins over them, and leaves nothing unheard', async (t) => {
  const { connection, store } = await lapsed(t);
  const { save } = store;
  let goOn;
  const held = new Promise((resolve) => (goOn = resolve));
  store.save = (...what) => held.then(() => save(...what));
  assert.equal((await connection.access()).access_token, 'access-2');
  await connection.logout();
  goOn();
  await settled();
  assert.equal(await connection.signedIn(), undefined);
  assert.equal((await store.load('acme')).record, undefined);
});

test('word of another tab ends no renewal: its tokens may be newer than the record', async (t) => {
  const channel = `elsewhere ${crypto.randomUUID()}`;
  const { connection, waiting, answer } = await hanging(t, { channel });
  await told(t, connection, channel);
  answer.give(tokens('2'));
  assert.equal((await waiting).access_token, 'access-2');
  await settled();
  assert.equal((await connection.signedIn()).access_token, 'access-2');
});

test('a look that began before another tab has logged out does not bring the login back', async (t) => {
  const channel = `elsewhere ${crypto.randomUUID()}`;
  const { connection, store } = await signedIn({ channel });
  let isSlow = true;
  let goOn;
  const load = async (key) => {
    const kept = await store.load(key);
    if (isSlow) await new Promise((resolve) => (goOn = resolve));
    isSlow = false;
    return kept;
  };
  const here = connect({ ...pasting, store: { ...store, load } });
  t.after(() => here.close());
  const heard = new Promise((resolve) => here.onChange(resolve));
  const looking = here.signedIn();
  await connection.logout();
  await heard;
  goOn();
  assert.equal(await looking, undefined);
  assert.equal(await here.signedIn(), undefined);
  connection.close();
});

test('a listener that throws is reported, and fails no login', async (t) => {
  const said = t.mock.method(console, 'error', () => {});
  const { connection, signIn } = await signedIn();
  let heard = 0;
  connection.onChange(() => {
    throw new Error('mine');
  });
  connection.onChange(() => heard++);
  assert.equal((await signIn()).access_token, 'access-login-2');
  assert.ok(heard > 0);
  assert.equal(said.mock.calls[0].arguments[0].message, 'mine');
});

test('a request that is given up while its token is renewed is given up, and not answered with the 401', async (t) => {
  const { connection, server } = await signedIn();
  api(t, () => new Response('', { status: 401 }));
  const answer = server.hold();
  const leaving = new AbortController();
  const response = connection.fetch(`${API}/v1`, { signal: leaving.signal });
  await answer.asked;
  leaving.abort(new Error('gone'));
  await assert.rejects(response, ({ message }) => message === 'gone');
  answer.give(tokens('2'));
});

test('a token goes to the allowed origins and to no other', async (t) => {
  const { connection } = await signedIn();
  const calls = api(t, () => new Response('ok'));
  for (const address of ['https://evil.example/', 'https://api.example.evil.example/', 'http://api.example/',
    'https://api.example:8443/', 'https://user@api.example.evil/', 'data:,x']) {
    const refused = ({ name, failure }) => name === 'TypeError' || failure.type === 'origin_not_allowed';
    await assert.rejects(connection.fetch(address), refused, address);
  }
  assert.equal(calls.length, 0);
  await connection.fetch(`${API}/v1`, { headers: { authorization: 'Basic mine' } });
  assert.equal(calls[0].authorization, 'Bearer access-1');
  assert.equal(calls[0].redirect, 'error');
});

test('a 401 renews once and the request is sent again, body and all', async (t) => {
  const { connection, server } = await signedIn();
  const calls = api(t, ({ authorization }) => new Response('', { status: authorization === 'Bearer access-1' ? 401 : 200 }));
  const response = await connection.fetch(`${API}/v1`, { method: 'POST', body: 'the body' });
  assert.equal(response.status, 200);
  assert.deepEqual(calls.map(({ body }) => body), ['the body', 'the body']);
  assert.equal(server.count('refresh'), 1);
});

test('a 401 that stays is the answer, after one renewal', async (t) => {
  const { connection, server } = await signedIn();
  const calls = api(t, () => new Response('no', { status: 401 }));
  assert.equal((await connection.fetch(`${API}/v1`)).status, 401);
  assert.equal(calls.length, 2);
  assert.equal(server.count('refresh'), 1);
});

test('many requests that are refused at once renew once', async (t) => {
  const { connection, server } = await signedIn();
  api(t, ({ authorization }) => new Response('', { status: authorization === 'Bearer access-1' ? 401 : 200 }));
  const all = await Promise.all(Array.from({ length: 20 }, () => connection.fetch(`${API}/v1`)));
  assert.ok(all.every(({ status }) => status === 200));
  assert.equal(server.count('refresh'), 1);
});

test('a body that is a stream is sent once', async (t) => {
  const { connection } = await signedIn();
  const calls = api(t, () => new Response('', { status: 401 }));
  const body = new Blob(['streamed']).stream();
  const response = await connection.fetch(`${API}/v1`, { method: 'POST', body, duplex: 'half' });
  assert.equal(response.status, 401);
  assert.deepEqual(calls.map(({ body }) => body), ['streamed']);
});

test('a request of the caller that was made before is sent with its body, twice if need be', async (t) => {
  const { connection } = await signedIn();
  const calls = api(t, ({ authorization }) => new Response('', { status: authorization === 'Bearer access-1' ? 401 : 200 }));
  const request = new Request(`${API}/v1`, { method: 'POST', body: 'made before' });
  assert.equal((await connection.fetch(request)).status, 200);
  assert.deepEqual(calls.map(({ body }) => body), ['made before', 'made before']);
});

test('what cannot be reached is told with the causes that a browser does not tell apart', async () => {
  covers('W-11', 'N-BBA-07');
  const transport = async () => ({ type: 'not_sent' });
  const connection = connect({ ...client, transport });
  const why = await connection.login({ by: 'device', signal: AbortSignal.timeout(60_000) }).catch((why) => why);
  assert.equal(why.failure.type, 'unreachable');
  assert.match(why.message, /CORS/);
  assert.match(why.message, /extension/);
  assert.match(why.message, /no network/);
});

test('a server that did answer is not told as one that cannot be reached', async () => {
  const connection = connect({ ...client, transport: async () => json('no', 503) });
  const why = await connection.login({ by: 'device' }).catch((why) => why);
  assert.equal(why.failure.type, 'unreachable');
  assert.equal(why.failure.trouble, 'status');
  assert.doesNotMatch(why.message, /CORS/);
});

test('nothing is kept beyond the page unless it is asked for', async () => {
  covers('N-BBA-08');
  const { connection } = await signedIn();
  assert.equal((await connection.signedIn()).access_token, 'access-1');
  assert.equal(await connect(client).signedIn(), undefined);
  assert.equal(memoryStore().pending, undefined);
  assert.equal(memoryStore().channel, undefined);
});

/** A connection that has signed in, and the server that it did so at. */
async function signedIn(more = {}) {
  const server = new Server();
  const store = { ...memoryStore(), ...more };
  const connection = connect({ ...pasting, store, transport: server.transport, origins: [API] });
  const signIn = () => connection.login({ by: 'paste', onPrompt: (prompt) => prompt?.paste(codeOf(prompt)) });
  await signIn();
  return { connection, server, store, signIn };
}

/** The same shortly before the token lapses, while somebody waits for a renewal that does not end. */
async function hanging(t, more) {
  const signed = await signedIn(more);
  t.after(() => signed.connection.close());
  const now = Date.now;
  t.mock.method(Date, 'now', () => now() + 3_560_000);
  const answer = signed.server.hold();
  const waiting = signed.connection.access();
  await answer.asked;
  return { ...signed, waiting, answer };
}

/** Another tab says that it has changed something, and this connection has heard it. */
async function told(t, connection, channel) {
  const tab = new BroadcastChannel(channel);
  t.after(() => tab.close());
  const heard = new Promise((resolve) => connection.onChange(resolve));
  tab.postMessage('changed');
  await heard;
}

/** Whatever goes on by itself has ended. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

/** The same an hour later. */
async function lapsed(t, more) {
  const signed = await signedIn(more);
  const now = Date.now;
  t.mock.method(Date, 'now', () => now() + 3_600_000);
  return signed;
}

/** A token endpoint in a function. */
class Server {
  #requests = [];
  #answer;
  #next = 2;
  #logins = 0;

  constructor() {
    this.transport = async (request) => {
      this.#requests.push(request);
      if (request.purpose === 'redeem_code') return tokens(++this.#logins > 1 ? `login-${this.#logins}` : '1');
      if (request.purpose === 'revoke') return json('');
      return this.#answer ? this.#answer() : tokens(String(this.#next++));
    };
  }

  count(purpose) {
    return this.#requests.filter((request) => request.purpose === purpose).length;
  }

  answer(answer) {
    this.#answer = answer;
  }

  /** The next answer is not given until the test gives it. */
  hold() {
    const held = {};
    const asked = new Promise((resolve) => (held.resolve = resolve));
    const given = new Promise((resolve) => (held.give = resolve));
    this.#answer = () => (held.resolve(), given);
    return { asked, give: held.give };
  }
}

function api(t, answer) {
  const calls = [];
  t.mock.method(globalThis, 'fetch', async (request) => {
    const body = request.body ? await request.text() : undefined;
    const call = { url: request.url, authorization: request.headers.get('authorization'), body, redirect: request.redirect };
    calls.push(call);
    return answer(call);
  });
  return calls;
}
