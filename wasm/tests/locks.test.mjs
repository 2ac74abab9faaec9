// Locks between tabs, over a lock manager that the test plays; and those of one page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { memoryStore } from './grantflow.mjs';
import { covers } from './covers.mjs';
import { inside } from './inside.mjs';

const { webLocks } = await inside('locks');

test('a lock is held until it is released', async () => {
  const manager = new Manager();
  const locks = webLocks(manager);
  const held = await locks.acquire('it', 1000);
  assert.equal(held.isHeld(), true);
  assert.equal(await locks.isTaken('it'), true);
  assert.equal(await locks.isTaken('another'), false);
  held.release();
  assert.equal(held.isHeld(), false);
  await new Promise(setImmediate);
  assert.equal(await locks.isTaken('it'), false);
  assert.ok(await locks.acquire('it', 0));
});

test('a lock that somebody else has is waited for, with an end', async () => {
  covers('W-25');
  const manager = new Manager();
  const locks = webLocks(manager);
  const first = await locks.acquire('it', 1000);
  assert.equal(await locks.acquire('it', 10), undefined);
  const second = locks.acquire('it', 10_000);
  first.release();
  assert.equal((await second).isHeld(), true);
});

test('a lock that is asked for without waiting is free or not', async () => {
  const manager = new Manager();
  const locks = webLocks(manager);
  await locks.acquire('it', 1000);
  assert.equal(await locks.acquire('it', 0), undefined);
  assert.deepEqual(manager.asked.at(-1), { ifAvailable: true });
});

test('no lock is ever stolen, and one that is stolen from us is known to be lost', async () => {
  covers('W-25');
  const manager = new Manager();
  let isLost = false;
  const held = await webLocks(manager).acquire('it', 1000, () => (isLost = true));
  await manager.steal('it');
  assert.equal(isLost, true);
  assert.equal(held.isHeld(), false);
  held.release();
  assert.ok(manager.asked.every((options) => !('steal' in options)));
});

test('a lock that was released is not lost afterwards', async () => {
  const manager = new Manager();
  let isLost = false;
  const held = await webLocks(manager).acquire('it', 1000, () => (isLost = true));
  held.release();
  await manager.steal('it');
  assert.equal(isLost, false);
});

test('a manager that refuses is an error, not a lock', async () => {
  const refusing = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
  await assert.rejects(webLocks(refusing).acquire('it', 1000), { name: 'SecurityError' });
});

test('locks of one page are given in turn, and waited for with an end', async () => {
  const { locks } = memoryStore();
  const first = await locks.acquire('it', 0);
  assert.equal(await locks.acquire('it', 5), undefined);
  const order = [];
  const waiting = ['second', 'third'].map(async (name) => {
    const held = await locks.acquire('it', 10_000);
    order.push(name);
    held.release();
    held.release();
  });
  first.release();
  await Promise.all(waiting);
  assert.deepEqual(order, ['second', 'third']);
  assert.equal(await locks.isTaken('it'), false);
});

test('a lock that was had leaves no timer behind', { timeout: 5000 }, async (t) => {
  const { locks } = memoryStore();
  const set = t.mock.method(globalThis, 'setTimeout').mock;
  const cleared = t.mock.method(globalThis, 'clearTimeout').mock;
  const first = await locks.acquire('it', 0);
  const second = locks.acquire('it', 15_000);
  first.release();
  (await second).release();
  const timers = set.calls.map(({ result }) => result);
  assert.ok(timers.every((timer) => cleared.calls.some(({ arguments: [one] }) => one === timer)));
  timers.forEach((timer) => clearTimeout(timer));
});

/** `navigator.locks`, as far as it is used (W3C Web Locks §3). */
class Manager {
  #taken = new Map();
  asked = [];

  async request(name, options, work) {
    this.asked.push(options.signal ? { signal: 'a signal' } : options);
    while (this.#taken.has(name)) {
      if (options.ifAvailable) return work(null);
      const aborted = new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      });
      await Promise.race([this.#taken.get(name).over, aborted]);
    }
    let end, steal;
    const over = new Promise((resolve) => (end = resolve));
    const stolen = new Promise((_, reject) => (steal = reject));
    this.#taken.set(name, { over, end, steal });
    const give = () => {
      if (this.#taken.get(name)?.over === over) this.#taken.delete(name);
      end();
    };
    return Promise.race([Promise.resolve(work({ name })).finally(give), stolen]);
  }

  async query() {
    return { held: [...this.#taken.keys()].map((name) => ({ name })), pending: [] };
  }

  async steal(name) {
    this.#taken.get(name)?.steal(new DOMException('', 'AbortError'));
    this.#taken.delete(name);
    await new Promise(setImmediate);
  }
}
