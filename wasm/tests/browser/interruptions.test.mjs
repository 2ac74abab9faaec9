// Logins that are interrupted: by page loads, a second tab, a network that goes away, a page that
// sleeps, and answers that belong to somebody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { covers } from '../covers.mjs';
import { ended, inEachBrowser, wentWell } from './scene.mjs';
import { gate, testServer } from './servers.mjs';
import { until } from './waiting.mjs';

const BY_REDIRECT = { site: { callback: 'app.html' }, start: { kept: 'indexed' } };

inEachBrowser((setting, name) => {
  test('a device login goes on after a reload, with the code that was shown', async (t) => {
    const scene = await setting(t, { server: { interval: 1 }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const before = await tab.sees(() => app.shown());
    await tab.reload();
    await scene.connect(tab, { resume: true });
    const { user_code, verification_uri } = await tab.sees(() => app.shown());
    assert.equal(user_code, before.user_code);
    await approve(scene, verification_uri, user_code);
    await wentWell(tab, scene.server, 'resumed');
    assert.equal(scene.server.log.filter(({ endpoint, method }) => endpoint === 'device_authorization' && method === 'POST').length, 1);
  });

  test('a saved login that nobody can read stands in no other one’s way', async (t) => {
    const scene = await setting(t, { server: { interval: 1 }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const before = await tab.sees(() => app.shown());
    await tab.run(() => new Promise((resolve) => {
      const opening = indexedDB.open('grantflow');
      opening.onsuccess = () => {
        const sealed = { iv: new Uint8Array(12), bytes: new ArrayBuffer(64) };
        const writing = opening.result.transaction('logins', 'readwrite');
        writing.objectStore('logins').put({ names: [], snapshot: sealed, hasLeft: false, at: Date.now() }, '0 standard');
        writing.oncomplete = () => resolve(opening.result.close());
      };
    }));
    await tab.reload();
    await scene.connect(tab, { resume: true });
    assert.equal((await tab.sees(() => app.shown())).user_code, before.user_code);
  });

  test('a reload while the code is being redeemed presents it once more, and no further', async (t) => {
    const server = await testServer(t);
    const front = await gate(t, server);
    const { site } = BY_REDIRECT;
    const scene = await setting(t, { server, site, start: { kept: 'indexed', provider: front.provider } });
    const { tab } = await redirected(scene);
    front.isKeeping = true;
    await scene.connect(tab, { resume: true });
    await until(() => front.kept > 0, 'the request that is kept');
    front.isKeeping = false;
    await tab.reload();
    await scene.connect(tab, { resume: true });
    await wentWell(tab, server, 'resumed');
    assert.deepEqual([front.kept, server.count('authorization_code')], [1, 1]);
  });

  test('a tab and its duplicate redeem the code once', async (t) => {
    covers('W-18', 'W-19');
    const scene = await setting(t, BY_REDIRECT);
    const { tab, back } = await redirected(scene);
    const other = await scene.profile.open(back);
    await Promise.all([tab, other].map((each) => scene.connect(each, { resume: true })));
    const all = await Promise.all([tab, other].map((each) => ended(each, 'resumed')));
    assert.deepEqual(all.map(({ is }) => is), ['done', 'done']);
    assert.equal(all.filter(({ value }) => value).length, 1);
    assert.equal(scene.server.count('authorization_code'), 1);
    assert.deepEqual(scene.server.findings(), []);
    for (const each of [tab, other]) assert.ok(await each.run(() => app.connection.signedIn()));
  });

  test('the way back, a reload and a copy of the callback address redeem nothing more', async (t) => {
    covers('W-18', 'W-13');
    // The way back loads the page anew, where a browser would else show it as it was.
    const site = { ...BY_REDIRECT.site, headers: { 'cache-control': 'no-store' } };
    const scene = await setting(t, { ...BY_REDIRECT, site });
    const { tab, back } = await redirected(scene);
    await scene.connect(tab, { resume: true });
    await wentWell(tab, scene.server, 'resumed');
    for (const again of [
      () => tab.reload(),
      async () => {
        await tab.goto(`${scene.site.app}?elsewhere`);
        await tab.back();
        await tab.sees((to) => location.href === to, scene.site.redirect_uri);
      },
      () => tab.goto(back),
    ]) {
      await again();
      await scene.connect(tab, { resume: true });
      const { is, value } = await ended(tab, 'resumed');
      assert.deepEqual([is, value ?? null], ['done', null]);
      assert.ok(await tab.run(() => app.connection.signedIn()));
    }
    assert.equal(scene.server.count('authorization_code'), 1);
    assert.deepEqual(scene.server.findings(), []);
  });

  test('the way back without having signed in ends the login, or loads the page anew', async (t) => {
    const scene = await setting(t, BY_REDIRECT);
    const tab = await scene.open();
    await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
    await scene.tabAt(scene.server.address);
    // A driver that waits for the page to load waits in vain where it was kept.
    await tab.run(() => void setTimeout(() => history.back()));
    await tab.sees(() => globalThis.app?.isReady);
    const login = await tab.sees(() => !app.login || (app.login.is !== 'pending' && app.login));
    assert.ok(login === true || login.failure.type === 'came_back', JSON.stringify(login));
  });

  test('a store that fails in the middle of a login is told as that', async (t) => {
    const scene = await setting(t, { server: { interval: 1 }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await tab.run(() => {
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (table, mode, options) {
        if (mode === 'readwrite') throw new DOMException('there is no room', 'QuotaExceededError');
        return transaction.call(this, table, mode, options);
      };
    });
    await scene.click(tab, { by: 'device' });
    const { failure } = await ended(tab, 'login');
    assert.deepEqual([failure.type, failure.trouble, failure.remedy], ['store', 'not_writable', 'fix_configuration']);
  });

  test('a callback with a state of nobody, and one with another issuer: the login goes on', async (t) => {
    covers('N-9207-01', 'B-CB-09');
    const scene = await setting(t, { server: { fault: ['wrong-iss:1'] }, ...BY_REDIRECT });
    const { tab, signIn } = await redirected(scene);
    await scene.connect(tab, { resume: true });
    assert.equal((await ended(tab, 'resumed')).rejected.type, 'issuer_mismatch');
    assert.equal(await tab.run(() => location.search), '');

    await tab.goto(`${scene.site.redirect_uri}?code=evil&state=evil`);
    await scene.connect(tab, { resume: true });
    assert.equal((await ended(tab, 'resumed')).value ?? null, null);
    assert.equal(scene.server.count('authorization_code'), 0);

    await tab.goto(signIn);
    await scene.decide(tab, 'approve');
    await until(() => tab.url().startsWith(scene.site.redirect_uri), 'the redirect');
    await scene.connect(tab, { resume: true });
    await wentWell(tab, scene.server, 'resumed');
  });

  test('a second tab that opens while the first one is away takes nothing from it', async (t) => {
    const scene = await setting(t, BY_REDIRECT);
    const tab = await scene.open();
    await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
    const page = await scene.tabAt(scene.server.address);
    const other = await scene.open({ start: { resume: true } });
    assert.deepEqual(await ended(other, 'resumed').then(({ is, value }) => [is, value ?? null]), ['done', null]);
    await scene.decide(page, 'approve');
    await until(() => tab.url().startsWith(scene.site.redirect_uri), 'the redirect');
    await scene.connect(tab, { resume: true });
    await wentWell(tab, scene.server, 'resumed');
  });

  test('a device login lives through a time without network', async (t) => {
    const scene = await setting(t, { server: { interval: 1 } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const { verification_uri, user_code } = await tab.sees(() => app.shown());
    await scene.profile.setOffline(true);
    const before = await tab.run(() => app.steps.length);
    await tab.sees((before) => app.steps.slice(before).some(({ type }) => type === 'send'), before);
    const polls = () => scene.server.count('device_code');
    const count = polls();
    await tab.sees((before) => app.steps.slice(before).some(({ ms }) => ms > 1000), before);
    assert.equal(polls(), count, 'nothing arrived');
    await scene.profile.setOffline(false);
    await approve(scene, verification_uri, user_code);
    await wentWell(tab, scene.server);
  });

  test('a page whose timers have stopped goes on when it is looked at', async (t) => {
    covers('W-27');
    const scene = await setting(t, { server: { person: 'approve', interval: 1 } });
    const tab = await scene.open();
    await tab.run(() => (globalThis.setTimeout = () => 0));
    await scene.click(tab, { by: 'device' });
    await tab.sees(() => app.shown());
    const shown = await tab.run(() => performance.now());
    await tab.sees((shown) => performance.now() > shown + 2000 && app.steps.at(-1).type === 'wait', shown);
    assert.equal(scene.server.count('device_code'), 0);
    await tab.run(() => document.dispatchEvent(new Event('visibilitychange')));
    await wentWell(tab, scene.server);
  });

  test('a page that was frozen goes on when it thaws', { skip: name !== 'chromium' && 'no way to freeze a page' }, async (t) => {
    covers('W-27');
    const scene = await setting(t, { server: { interval: 1 } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const { verification_uri, user_code } = await tab.sees(() => app.shown());
    await tab.freeze(true);
    await approve(scene, verification_uri, user_code);
    await tab.freeze(false);
    await wentWell(tab, scene.server);
  });
});

/** The application has left for the server, which sent it back to the callback address. */
async function redirected(scene) {
  const tab = await scene.open();
  await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
  const signIn = (await scene.tabAt(scene.server.address)).url();
  await scene.decide(tab, 'approve');
  await until(() => tab.url().startsWith(scene.site.redirect_uri), 'the redirect');
  return { tab, back: tab.url(), signIn };
}

async function approve(scene, verification_uri, user_code) {
  const page = await scene.profile.open(verification_uri);
  await page.run((code) => (document.querySelector('input').value = code), user_code);
  await scene.decide(page, 'approve');
  await page.sees(() => document.querySelector('h1')?.textContent === 'Done');
  await page.close();
}
