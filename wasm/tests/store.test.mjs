// Where credentials are kept: what takes another's place does so only where that still stands.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, DAWN, digest, isExpected, memoryStore, Renewal } from './grantflow.mjs';
import { covers } from './covers.mjs';

const credential = (name) => ({
  provider: 'acme', origin: 'https://as.example', client_id: 'my-app', access_token: `access-${name}`,
  refresh_token: `refresh-${name}`, obtained_at: 1, scope: '', extra: {},
});

test('a credential takes the place of the one that was renewed, and of no other', async () => {
  covers('W-22');
  const store = memoryStore();
  assert.deepEqual(await store.save('it', null, credential(1)), { isDone: true });
  const refused = await store.save('it', digest('refresh-0'), credential(2));
  assert.equal(refused.isDone, false);
  assert.equal(refused.record.access_token, 'access-1');
  assert.deepEqual(await store.save('it', digest('refresh-1'), credential(2)), { isDone: true });
  assert.equal((await store.load('it')).record.access_token, 'access-2');
});

test('of many who write in the place of the same thing, one does', async () => {
  covers('W-22');
  const store = memoryStore();
  const notes = await Promise.all(Array.from({ length: 20 }, (_, count) => store.note('it', null, `note ${count}`)));
  assert.equal(notes.filter(Boolean).length, 1);
  const { ledger } = await store.load('it');
  assert.equal(await store.note('it', digest('another'), 'x'), false);
  assert.equal(await store.note('it', digest(ledger), 'x'), true);
  assert.equal(await store.stash('it', digest('nothing'), 's'), false);
  assert.equal(await store.stash('it', null, 's'), true);
  assert.equal(await store.stash('it', digest('s'), null), true);
  assert.equal((await store.load('it')).stash, undefined);
});

test('what is removed leaves its notes, and is removed once', async () => {
  const store = memoryStore();
  await store.save('it', null, credential(1));
  await store.note('it', null, 'a note');
  assert.equal(await store.remove('it'), true);
  assert.equal(await store.remove('it'), false);
  assert.deepEqual(await store.load('it'), { ledger: 'a note' });
});

test('what is expected in a record is told by a digest alone', () => {
  assert.equal(isExpected(null, null), true);
  assert.equal(isExpected(digest('refresh-1'), credential(1)), true);
  assert.equal(isExpected(digest('refresh-1'), credential(2)), false);
  assert.equal(isExpected(digest('refresh-1'), null), false);
  assert.equal(isExpected('', null), true);
  assert.equal(isExpected('', credential(1)), false);
  assert.equal(isExpected('no digest', credential(1)), false);
  assert.equal(isExpected(5, credential(1)), false);
});

test('a login that had to wait takes the place of what it was finished over, or of nothing', () => {
  covers('R-INV-04');
  const ask = { due: { min_ttl: 0 }, who: 'a test' };
  for (const [record, expected] of [[undefined, ''], [credential(1), digest('refresh-1')]]) {
    const over = record ? { record } : {};
    const failed = { type: 'failed', trouble: 'no_lock' };
    const login = Renewal.signIn(client, credential(2), ask, DAWN);
    const { stash } = driven(login, { lock: failed, load: { type: 'loaded', ...over } }, 'stash');
    const next = Renewal.renew(client, ask, DAWN);
    const { expected: told } = driven(next, { load: { type: 'loaded', ...over, stash } }, 'save');
    assert.equal(told, expected);
    assert.equal(isExpected(told, record ?? null), true);
    assert.equal(isExpected(told, credential(3)), false);
    [login, next].forEach((it) => it.free());
  }
});

/** Answers every task until one of this type comes. */
function driven(renewal, answers, until) {
  for (let step = renewal.poll(DAWN); step.type === 'do'; step = renewal.poll(DAWN)) {
    if (step.task.type === until) return step.task;
    const answer = answers[step.task.type] ?? { type: 'done' };
    assert.equal(renewal.handleAnswer(DAWN, step.id, answer), undefined);
  }
  assert.fail(`it asks for no ${until}`);
}
