// Waits: no timer is longer than a browser can count, and something that happened is never slept over.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { covers } from './covers.mjs';
import { inside } from './inside.mjs';

const LONGEST = 2 ** 31 - 1;
const never = new AbortController().signal;
const { Waiting } = await inside('clock');

test('a wait of years is a timer of the longest kind, after which the machine is asked again', async (t) => {
  covers('W-27');
  for (const ms of [LONGEST, LONGEST + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    const timers = t.mock.method(globalThis, 'setTimeout', (end) => setImmediate(end)).mock;
    await new Waiting().sleep(ms, never);
    assert.equal(timers.calls[0].arguments[1], LONGEST);
    t.mock.restoreAll();
  }
});

test('a wait lasts as long as it was told', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let isOver = false;
  const wait = new Waiting().sleep(5000, never).then(() => (isOver = true));
  mock.timers.tick(4999);
  await Promise.resolve();
  assert.equal(isOver, false);
  mock.timers.tick(1);
  await wait;
  mock.timers.reset();
});

test('a wait without end is ended by a wake, and by a page that comes back', { timeout: 5000 }, async (t) => {
  covers('W-27');
  const waiting = new Waiting();
  const first = waiting.sleep(null, never);
  waiting.wake();
  await first;

  globalThis.document = new EventTarget();
  t.after(() => delete globalThis.document);
  const second = waiting.sleep(null, never);
  globalThis.document.dispatchEvent(new Event('visibilitychange'));
  await second;
});

test('a wake that comes just before a wait ends it as well', { timeout: 5000 }, async () => {
  const waiting = new Waiting();
  waiting.wake();
  await waiting.sleep(null, never);
});

test('a wait ends with the reason of its signal, also if that was given before', async () => {
  const controller = new AbortController();
  const wait = new Waiting().sleep(null, controller.signal);
  controller.abort('enough');
  await assert.rejects(wait, (why) => why === 'enough');
  await assert.rejects(new Waiting().sleep(null, controller.signal), (why) => why === 'enough');
});
