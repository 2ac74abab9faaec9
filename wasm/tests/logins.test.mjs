// How a login is driven: shown, answered, given up, and over when it is over.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, codeOf, codes, connect, json, pasting, RejectedError, tokens } from './grantflow.mjs';
import { covers } from './covers.mjs';

const giving = async ({ purpose }) => (purpose === 'request_device_code' ? codes({ interval: 1 }) : tokens());

test('a paste from within the showing of its prompt is taken', { timeout: 10_000 }, async () => {
  const connection = connect({ ...pasting, transport: giving });
  const onPrompt = (prompt) => prompt?.paste(codeOf(prompt));
  assert.equal((await connection.login({ by: 'paste', onPrompt })).access_token, 'access-1');
});

test('a paste that is not it is refused with the reason, and the login waits', async () => {
  const connection = connect({ ...pasting, transport: giving });
  const login = watched(connection, { by: 'paste' });
  const prompt = await login.prompt;
  assert.equal(prompt.paste('nonsense').type, 'malformed');
  assert.equal(prompt.paste('code#wrong').type, 'state_mismatch');
  assert.equal(prompt.paste(codeOf(prompt)), undefined);
  await login.over;
});

test('a paste after the end is not expected', async () => {
  const connection = connect({ ...pasting, transport: giving });
  const login = watched(connection, { by: 'paste' });
  const prompt = await login.prompt;
  prompt.paste(codeOf(prompt));
  await login.over;
  assert.equal(prompt.paste(codeOf(prompt)).type, 'not_expected');
});

test('each prompt is shown once, and its end is told once', async () => {
  const shown = [];
  const connection = connect({ ...client, transport: giving });
  await connection.login({ by: 'device', onPrompt: (prompt) => shown.push(prompt?.type) });
  assert.deepEqual(shown, ['enter_code', undefined]);
});

test('a login that is given up ends with the reason, sends no more, and shows nothing', async () => {
  const requests = [];
  const shown = [];
  const controller = new AbortController();
  const transport = async (request) => (requests.push(request), codes());
  const connection = connect({ ...client, transport });
  const onPrompt = (prompt) => {
    shown.push(prompt?.type);
    if (prompt) controller.abort('enough');
  };
  const login = connection.login({ by: 'device', onPrompt, signal: controller.signal });
  await assert.rejects(login, (why) => why === 'enough');
  assert.equal(requests.length, 1);
  assert.deepEqual(shown, ['enter_code', undefined]);
});

test('a login that is given up before it began sends nothing', async () => {
  const transport = () => assert.fail('sent');
  const login = connect({ ...client, transport }).login({ by: 'device', signal: AbortSignal.abort('no') });
  await assert.rejects(login, (why) => why === 'no');
});

test('a login that cannot begin is a failure, not an exception', async () => {
  const connection = connect({ provider: { id: 'x' } });
  await assert.rejects(connection.login({ by: 'device' }), ({ failure }) => failure.type === 'misconfigured');
});

test('every step is told with the state that it came from', async () => {
  const told = [];
  const connection = connect({ ...client, transport: giving });
  await connection.login({ by: 'device', onStep: ({ type }, state) => told.push(`${state} ${type}`) });
  assert.deepEqual(told, [
    'RequestingCode send', 'Polling wait', 'Polling send', 'Finished done',
  ]);
});

test('secrets are in requests, steps and snapshots, and in no failure, prompt or rejection', async () => {
  covers('W-11');
  const secrets = ['SECRET-device', 'SECRET-access', 'SECRET-refresh', 'SECRET-paste'];
  const said = [];
  const transport = async ({ purpose }) =>
    purpose === 'request_device_code' ? codes({ device_code: 'SECRET-device', interval: 1 })
      : json({ error: 'invalid_client', error_description: 'SECRET-access', access_token: 'SECRET-access', refresh_token: 'SECRET-refresh' }, 400);
  const connection = connect({ ...client, transport });
  const why = await connection.login({ by: 'device', onPrompt: (prompt) => said.push(prompt) }).catch((why) => why);
  const login = watched(connect({ ...pasting, transport }), { by: 'paste' });
  const prompt = await login.prompt;
  said.push(why.failure, why.message, why.stack, prompt.paste('SECRET-paste#x'), new RejectedError(prompt.paste('SECRET-paste')).message);
  login.end();
  for (const secret of secrets) assert.ok(!JSON.stringify(said).includes(secret), secret);
});

function watched(connection, how) {
  const controller = new AbortController();
  let shown;
  const prompt = new Promise((resolve) => (shown = resolve));
  const over = connection.login({ ...how, onPrompt: (it) => it && shown(it), signal: controller.signal });
  over.catch(() => {});
  return { prompt, over, end: () => controller.abort() };
}
