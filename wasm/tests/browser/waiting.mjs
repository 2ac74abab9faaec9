// Nobody sleeps here: what is waited for is looked at again and again, and not for ever.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** A machine with other things to do takes its time. */
export const PATIENCE_MS = 30_000;

/** The first true thing that `look` tells. */
export async function until(look, what = String(look), patience = PATIENCE_MS) {
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(performance.now() < deadline, `waited ${patience} ms in vain for: ${what}`);
    await pause(20);
  }
}
