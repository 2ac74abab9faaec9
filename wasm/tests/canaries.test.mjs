// The search for leaks finds them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leaks, secretsIn } from './canaries.mjs';

const SECRET = 'Zl3pN0b1sVQ-0123456789_abcdefghijklmnopqrst';
const secrets = [['code', SECRET]];

test('a secret is found in every form', () => {
  const percent = [...SECRET].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
  for (const [form, text] of [
    ['raw', `https://app.example/?code=${SECRET}`],
    ['raw', SECRET.toLowerCase()],
    ['percent', percent],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['bytes', JSON.stringify([...Buffer.from(SECRET)], null, 2)],
    ...['', 'a', 'ab'].map((before) => ['base64', Buffer.from(`${before}${SECRET}z`).toString('base64')]),
    ...['', 'a', 'ab'].map((before) => ['base64', Buffer.from(`${before}${SECRET}z`).toString('base64url')]),
  ]) {
    assert.deepEqual(leaks(secrets, { console: text }), [`code, console, ${form}`], text);
  }
  assert.deepEqual(leaks(secrets, { console: 'signed in', storage: {} }), []);
});

test('secrets are known by their names', () => {
  const texts = [`grant_type=authorization_code&code=${SECRET}&client_id=test-client`, '{"refresh_token":"abc-DEF-123-456","expires_in":1}', `https://x.example/?state=${SECRET}x`, '{"code":"authorization_pending"}', ''];
  assert.deepEqual(secretsIn(texts), [['code', SECRET], ['refresh_token', 'abc-DEF-123-456'], ['state', `${SECRET}x`]]);
});
