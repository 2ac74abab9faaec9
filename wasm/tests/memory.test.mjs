// What is freed is free: the module's memory stays as large as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const LOGINS = 2000;

// The module tells nobody of its memory, so it is seen while it is made.
let memory;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...how) => {
  const made = await instantiate(...how);
  memory = (made.instance ?? made).exports.memory;
  return made;
};
const { approved, client, codes, DAWN, Flow, later, tokens } = await import('./grantflow.mjs');

test(`${LOGINS} logins that are freed leave the memory as it was`, () => {
  for (let count = 0; count < 50; count += 1) login(count);
  const before = memory.buffer.byteLength;
  for (let count = 0; count < LOGINS; count += 1) login(count);
  assert.equal(memory.buffer.byteLength, before, 'bytes of wasm memory');
});

test('logins that are not freed do show in it', () => {
  const before = memory.buffer.byteLength;
  const kept = Array.from({ length: LOGINS }, (_, count) => login(count, () => {}));
  assert.ok(memory.buffer.byteLength > before);
  kept.forEach((flow) => flow.free());
});

function login(count, end = (flow) => flow.free()) {
  const flow = count % 2 ? Flow.device(client, '', DAWN) : Flow.authorizationCode(client, '', { redirect_uri: 'https://app.example/cb' }, DAWN);
  if (count % 2) {
    flow.handleResponse(DAWN, flow.poll(DAWN).request.id, codes());
  } else {
    flow.handleRedirect(DAWN, 'callback', `${approved(flow)}&iss=https://as.example`);
  }
  flow.prompt();
  flow.save();
  flow.names();
  if (count % 3) {
    const { request } = flow.poll(later(5000));
    flow.handleResponse(later(5000), request.id, tokens(String(count)));
    assert.equal(flow.poll(later(5000)).type, 'done');
  }
  end(flow);
  return flow;
}
