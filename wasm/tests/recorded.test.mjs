// The same inputs, the same steps on every target: what the native machine did in each script
// (`tests/tests/core/recorded`) is done by the one in wasm, step for step.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { digest, Flow } from './grantflow.mjs';
import { covers } from './covers.mjs';

const SCRIPTS = JSON.parse(readFileSync(new URL('../../tests/fixtures/steps.json', import.meta.url)));

for (const script of SCRIPTS) {
  test(`as natively: ${script.name}`, () => {
    covers('W-35');
    replay(script);
  });
}

test('a single step that differs is seen', () => {
  for (const change of [
    (step) => (step.now.mono += 1),
    (step) => (step.saved = '0'.repeat(32)),
    (step) => (step.step.ms = (step.step.ms ?? 0) + 1),
    (step) => (step.rejected = { type: 'stale', message: '' }),
    (step) => step.names.push('more'),
  ]) {
    const script = structuredClone(SCRIPTS.find(({ name }) => name === 'nobody comes'));
    change(script.steps[1]);
    assert.throws(() => replay(script), { code: 'ERR_ASSERTION' });
  }
});

function replay({ client, snapshot, restored_at, steps }) {
  let flow = Flow.restore(client, snapshot, restored_at);
  steps.forEach(({ now, input, ...expected }, index) => {
    let rejected;
    if (input?.type === 'reload') flow = reloaded(flow, client, now);
    else if (input?.type === 'response') rejected = flow.handleResponse(now, input.id, asBytes(input.result));
    else if (input) rejected = flow.handleRedirect(now, input.type, input.text);
    const step = flow.poll(now);
    const saved = flow.save();
    const seen = {
      rejected: rejected ?? null,
      step,
      state: flow.state,
      prompt: flow.prompt() ?? null,
      names: flow.names(),
      saved: saved === undefined ? null : digest(saved),
    };
    assert.deepEqual(seen, expected, `step ${index}`);
  });
  flow.free();
}

function reloaded(flow, client, now) {
  const snapshot = flow.save();
  flow.free();
  return Flow.restore(client, snapshot, now);
}

function asBytes(result) {
  return 'body' in result ? { ...result, body: new TextEncoder().encode(result.body) } : result;
}
