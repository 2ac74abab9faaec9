// Logins that a page load has interrupted: taken up by the application whose they are, and by nobody
// who cannot.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, codes, connect, memoryStore } from './grantflow.mjs';

const never = () => new Promise(() => {});

test('a login that cannot be restored fails, and its lock is given back', async () => {
  const store = keeping([{ id: 'x acme', names: [], snapshot: 'of another version', hasLeft: false }]);
  const connection = connect({ ...client, store });
  await assert.rejects(connection.resume(), ({ failure }) => failure.type === 'snapshot');
  assert.equal(store.taken.size, 0);
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
