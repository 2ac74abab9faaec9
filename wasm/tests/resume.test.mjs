// Logins that are left for their redirect or interrupted by a page load: taken up by the application
// whose they are, by nobody who cannot, and gone when they are given up.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { client, codes, connect, memoryStore, stateDigest, tokens } from './grantflow.mjs';

const REDIRECT_URI = 'https://app.example/callback';
const never = () => new Promise(() => {});

const unreadable = { id: 'x acme', names: [], snapshot: 'of another version', hasLeft: false };

test('a login that cannot be restored is forgotten, and its lock is given back', async () => {
  const logins = [{ ...unreadable }];
  const store = keeping(logins);
  assert.equal(await connect({ ...client, store }).resume(), undefined);
  assert.equal(store.taken.size, 0);
  assert.deepEqual(logins, []);
});

test('a login that cannot be restored stands in no other one’s way', { timeout: 5000 }, async () => {
  const logins = [{ ...unreadable }];
  const controller = new AbortController();
  const transport = async ({ purpose }) => (purpose === 'request_device_code' ? codes() : never());
  const connection = () => connect({ ...client, store: keeping(logins), transport });
  const how = (onPrompt) => ({ by: 'device', onPrompt, signal: controller.signal });
  await new Promise((resolve) => connection().login(how(resolve)).catch(() => {}));
  const again = new Promise((resolve, reject) => connection().resume(how(resolve)).catch(reject));
  assert.equal((await again).user_code, 'WDJB-MJHT');
  controller.abort();
});

test('a redirect to a login that cannot be restored fails, once', async (t) => {
  const page = onPage(t, 'https://app.example/callback?code=c&state=s');
  const logins = [{ ...unreadable, names: [stateDigest(page.href)], hasLeft: true }];
  const store = keeping(logins);
  const connection = connect({ ...client, store });
  await assert.rejects(connection.resume(), ({ failure }) => failure.type === 'snapshot');
  assert.equal(store.taken.size, 0);
  assert.deepEqual(logins, []);
  assert.equal(await connection.resume(), undefined);
});

test('a login that is over stays so, though it cannot be taken away', { timeout: 5000 }, async () => {
  const store = keeping([]);
  store.pending.take = async () => {
    throw new Error('no room');
  };
  const transport = async ({ purpose }) => (purpose === 'request_device_code' ? codes({ interval: 1 }) : tokens());
  const connection = connect({ ...client, store, transport });
  assert.equal((await connection.login({ by: 'device' })).access_token, 'access-1');
  const login = connection.login({ by: 'device', signal: AbortSignal.abort('enough') });
  await assert.rejects(login, (why) => why === 'enough');
  assert.equal(store.taken.size, 0);
});

for (const when of ['before it began', 'while it is written down', 'on the way']) {
  test(`a login by redirect that is given up ${when} ends with the reason, and leaves nothing`, { timeout: 5000 }, async (t) => {
    const page = onPage(t, 'https://app.example/');
    const logins = [];
    const store = keeping(logins);
    const { put } = store.pending;
    const controller = new AbortController();
    const giveUp = () => controller.abort('enough');
    store.pending.put = async (login) => {
      await put(login);
      if (when === 'while it is written down') giveUp();
    };
    if (when === 'before it began') giveUp();
    const login = connect({ ...client, store }).login({ by: 'redirect', redirect_uri: REDIRECT_URI, signal: controller.signal });
    if (when === 'on the way') {
      await page.left;
      assert.equal(logins.length, 1);
      giveUp();
    }
    await assert.rejects(login, (why) => why === 'enough');
    assert.deepEqual(logins, []);
    assert.equal(page.isLeft, when === 'on the way');
    assert.deepEqual(page.listeners(controller.signal), []);
  });
}

test('a login by redirect whose page is shown again as it was listens to nothing any more', { timeout: 5000 }, async (t) => {
  const page = onPage(t, 'https://app.example/');
  const { signal } = new AbortController();
  const login = connect({ ...client, store: keeping([]) }).login({ by: 'redirect', redirect_uri: REDIRECT_URI, signal });
  await page.left;
  page.comesBack();
  await assert.rejects(login, ({ failure }) => failure.type === 'came_back');
  assert.deepEqual(page.listeners(signal), []);
});

test('a login in a window that is given up before it began opens none', async (t) => {
  globalThis.open = t.mock.fn();
  t.after(() => delete globalThis.open);
  const login = connect(client).login({ by: 'popup', redirect_uri: REDIRECT_URI, signal: AbortSignal.abort('no') });
  await assert.rejects(login, (why) => why === 'no');
  assert.equal(globalThis.open.mock.callCount(), 0);
});

test('a login of one account is not taken up by another whose name begins the same', { timeout: 5000 }, async (t) => {
  const logins = [];
  const controller = new AbortController();
  const { signal } = controller;
  t.after(() => controller.abort());
  const transport = async ({ purpose }) => (purpose === 'request_device_code' ? codes() : never());
  const before = connect({ ...client, account: 'a b', store: keeping(logins), transport });
  const shown = new Promise((resolve) => before.login({ by: 'device', onPrompt: resolve, signal }).catch(() => {}));
  await shown;
  const resumed = (account) => connect({ ...client, account, store: keeping(logins), transport });
  assert.equal(await resumed('a').resume({ signal }), undefined);
  const again = new Promise((resolve) => resumed('a b').resume({ onPrompt: resolve, signal }).catch(() => {}));
  assert.equal((await again).user_code, 'WDJB-MJHT');
});

/** As much of a page as a login by redirect needs. */
function onPage(t, href) {
  const events = new EventTarget();
  const page = {
    href,
    isLeft: false,
    comesBack: () => events.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })),
    listeners: (signal) => [...getEventListeners(events, 'pageshow'), ...getEventListeners(signal, 'abort')],
  };
  page.left = new Promise((resolve) => {
    const assign = () => setImmediate(resolve, (page.isLeft = true));
    const parts = { location: { href, assign }, history: { replaceState() {} } };
    Object.assign(globalThis, parts, { addEventListener: events.addEventListener.bind(events) });
  });
  t.after(() => ['location', 'history', 'addEventListener'].forEach((name) => delete globalThis[name]));
  return page;
}

/** A store whose logins outlive the page, and which tells what locks are taken. */
function keeping(logins) {
  const { locks, ...store } = memoryStore();
  const taken = new Set();
  const acquire = async (name, ms, onLost) => {
    const held = await locks.acquire(name, ms, onLost);
    if (held) taken.add(name);
    return held && { ...held, release: () => (taken.delete(name), held.release()) };
  };
  const pending = {
    put: async (login) => void logins.splice(at(login.id), 1, login),
    take: async (id) => void logins.splice(at(id), 1),
    all: async () => [...logins],
  };
  const at = (id) => (logins.findIndex((login) => login.id === id) + logins.length + 1) % (logins.length + 1);
  return { ...store, locks: { ...locks, acquire }, pending, taken };
}
