// Tabs of one application, that share one login and one way to renew it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { covers } from '../covers.mjs';
import { ended, inEachBrowser, wentWell } from './scene.mjs';
import { gate, testServer } from './servers.mjs';
import { until } from './waiting.mjs';

const HOUR = 3_600_000;

inEachBrowser((setting) => {
  test('five tabs at the moment of expiry send one request', async (t) => {
    covers('R-T-11', 'W-26', 'R-BUG-12', 'R-BR-01');
    const scene = await setting(t, { server: { person: 'approve' }, start: { kept: 'indexed' } });
    const all = await expireIn(await fiveTabs(scene));
    assert.deepEqual(new Set(all.map(({ is }) => is)), new Set(['done']));
    assert.equal(new Set(all.map(({ value }) => value.access_token)).size, 1);
    assert.equal(scene.server.count('refresh_token'), 1);
    assert.deepEqual(scene.server.findings(), []);
  });

  test('without locks between them they would send more', async (t) => {
    const server = await testServer(t, { person: 'approve' });
    const front = await gate(t, server);
    const start = { kept: 'indexed', locks: 'own', provider: front.provider };
    const scene = await setting(t, { server, start });
    const tabs = await fiveTabs(scene);
    front.isKeeping = true;
    await askIn(tabs);
    await until(() => front.kept > 1, 'more than one request');
  });

  test('a tab that ends while it renews leaves another one able to', async (t) => {
    covers('W-26', 'R-BR-04');
    const server = await testServer(t, { person: 'approve' });
    const front = await gate(t, server);
    const start = { kept: 'indexed', provider: front.provider };
    const scene = await setting(t, { server, start });
    const first = await scene.open();
    await scene.click(first, scene.login);
    await wentWell(first, server);
    const second = await scene.open();
    await lapse([first, second]);

    front.isKeeping = true;
    await first.run(() => void app.watch('access', app.connection.access()));
    await until(() => front.kept > 0, 'the request of the first tab');
    await second.run(() => void app.watch('access', app.connection.access()));
    assert.equal(await second.run(() => app.access.is), 'pending');
    front.isKeeping = false;
    await first.close();
    const { is, value, failure } = await ended(second, 'access');
    assert.equal(is, 'done', JSON.stringify(failure));
    assert.ok(value.access_token);
    assert.equal(server.count('refresh_token'), 1, 'the kept one has never arrived');
    assert.deepEqual(server.findings(), []);
  });

  test('of two tabs that write in the place of the same thing, one does', async (t) => {
    covers('W-22');
    const scene = await setting(t, { start: { kept: 'indexed' } });
    const tabs = [await scene.open(), await scene.open()];
    const credential = { provider: 'standard', access_token: 'a', refresh_token: 'r', obtained_at: 1 };
    const all = await Promise.all(tabs.map((tab, index) => tab.run(async ([credential, index]) => {
      const notes = Array.from({ length: 10 }, (_, count) => app.store.note('it', null, `${index} ${count}`));
      const stashes = Array.from({ length: 10 }, (_, count) => app.store.stash('it', null, `${index} ${count}`));
      await app.store.save('it', null, { ...credential, access_token: String(index) });
      return [await Promise.all(notes), await Promise.all(stashes)].map((each) => each.filter(Boolean).length);
    }, [credential, index])));
    assert.deepEqual([all[0][0] + all[1][0], all[0][1] + all[1][1]], [1, 1]);
    const { record, ledger, stash } = await tabs[0].run(() => app.store.load('it'));
    assert.ok(ledger && stash && record.refresh_token === 'r');
  });

  test('two logins at once do not cross', async (t) => {
    covers('W-13');
    const scene = await setting(t);
    const tabs = [await scene.open(), await scene.open()];
    const states = [];
    for (const tab of tabs) {
      await scene.click(tab, scene.login);
      const [{ url }] = await tab.sees(() => app.shown()?.sign_ins);
      states.push(new URL(url).searchParams.get('state'));
    }
    for (const state of states.toReversed()) {
      const popup = await until(async () => (await scene.profile.tabs()).find((tab) => tab.url().startsWith(scene.server.address) && tab.url().includes(state)));
      await scene.decide(popup, 'approve');
    }
    const tokens = [];
    for (const tab of tabs) tokens.push((await wentWell(tab, scene.server)).access_token);
    assert.equal(new Set(tokens).size, 2);
  });

  test('a logout in one tab is seen in the other', async (t) => {
    const scene = await setting(t, { server: { person: 'approve' }, start: { kept: 'indexed' } });
    const [first, second] = [await scene.open(), await scene.open()];
    await scene.click(first, scene.login);
    await wentWell(first, scene.server);
    await second.sees(() => app.changes > 0);
    assert.ok(await second.run(() => app.connection.signedIn()));
    const before = await second.run(() => app.changes);
    await first.run(() => app.connection.logout());
    await second.sees((before) => app.changes > before, before);
    assert.ok(!(await second.run(() => app.connection.signedIn())));
    assert.deepEqual(scene.server.findings(), []);
  });
});

async function fiveTabs(scene) {
  const first = await scene.open();
  await scene.click(first, scene.login);
  await wentWell(first, scene.server);
  const others = [];
  while (others.length < 4) others.push(await scene.open());
  return [first, ...others];
}

/** An hour goes by for all of them, and each wants a token. */
async function expireIn(tabs) {
  await askIn(tabs);
  return Promise.all(tabs.map((tab) => ended(tab, 'access')));
}

async function askIn(tabs) {
  await lapse(tabs);
  await Promise.all(tabs.map((tab) => tab.run(() => void app.watch('access', app.connection.access()))));
}

function lapse(tabs) {
  return Promise.all(tabs.map((tab) => tab.run((ms) => app.later(ms), HOUR)));
}
