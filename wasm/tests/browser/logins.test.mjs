// Every way to sign in, in real browsers against servers on other origins.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { covers } from '../covers.mjs';
import { ended, inEachBrowser, wentWell } from './scene.mjs';
import { oidcProvider } from './servers.mjs';
import { until } from './waiting.mjs';

inEachBrowser((setting) => {
  for (const [theirs, ours] of openerPolicies()) {
    test(`a popup, COOP of the server ${theirs} and of the application ${ours}`, async (t) => {
      covers('W-12', 'W-13');
      const fault = theirs === 'unsafe-none' ? [] : [`coop-${theirs}:always`];
      const headers = { 'cross-origin-opener-policy': ours };
      const scene = await setting(t, { server: { fault }, site: { headers } });
      const tab = await scene.open();
      await scene.click(tab, scene.login);
      const popup = await scene.tabAt(scene.server.address);
      assert.ok(await popup.run(() => opener === null), 'the window has no hold on the page');
      await scene.decide(popup, 'approve');
      await wentWell(tab, scene.server);
      await scene.isAlone();
    });
  }

  test('a popup in which the person says no', async (t) => {
    const scene = await setting(t);
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    await scene.decide(await scene.tabAt(scene.server.address), 'deny');
    const login = await ended(tab, 'login');
    assert.equal(login.failure.type, 'denied');
    assert.equal(login.failure.remedy, 'sign_in_again');
    assert.equal(scene.server.count('authorization_code'), 0);
    await scene.isAlone();
  });

  test('a popup that the person closes: the login waits, and is given up by its signal', async (t) => {
    covers('W-12');
    const scene = await setting(t);
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    await (await scene.tabAt(scene.server.address)).close();
    assert.equal(await tab.run(() => app.login.is), 'pending');
    await tab.run(() => app.controller.abort());
    assert.equal((await ended(tab, 'login')).name, 'AbortError');
  });

  test('a window that the browser does not open fails with what to do', async (t) => {
    covers('W-16');
    const scene = await setting(t);
    const tab = await scene.profile.open(unasked(scene, scene.login));
    await until(() => scene.site.told.includes('/ended'), 'the end of the login');
    const login = await ended(tab, 'login');
    assert.equal(login.failure.type, 'popup_blocked');
    assert.equal(login.failure.remedy, 'use_another_flow');
  });

  test('a window that the browser does not open, and a link in its place', async (t) => {
    covers('W-16');
    const scene = await setting(t, { server: { person: 'approve' } });
    const tab = await scene.profile.open(unasked(scene, { ...scene.login, blocked: 'link' }));
    await until(() => scene.site.told.includes('/blocked'), 'a link');
    const link = await tab.sees(() => app.link);
    await scene.profile.open(link).catch(() => {}); // It closes itself while it is being loaded.
    await wentWell(tab, scene.server);
  });

  test('by redirect, with a clean address and no code in it afterwards', async (t) => {
    covers('W-20', 'N-BBA-03');
    const scene = await setting(t, { site: { callback: 'app.html' }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
    await scene.decide(await scene.tabAt(scene.server.address), 'approve');
    await until(() => tab.url().startsWith(scene.site.redirect_uri), 'the redirect');
    await scene.connect(tab, { resume: true });
    await wentWell(tab, scene.server, 'resumed');
    assert.equal(await tab.run(() => location.href), scene.site.redirect_uri);
    assert.deepEqual(await tab.run(() => app.store.pending.all()), []);
  });

  test('by redirect without a place to keep it fails before the page is left', async (t) => {
    const scene = await setting(t);
    const tab = await scene.open();
    await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
    assert.equal((await ended(tab, 'login')).failure.type, 'unsupported');
    assert.equal(tab.url(), scene.site.app);
  });

  test('a device login that is told to slow down', async (t) => {
    const server = { person: 'approve', interval: 1, fault: ['slow-down:1'] };
    const scene = await setting(t, { server });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    await wentWell(tab, scene.server);
    const prompts = await tab.run(() => app.prompts.map((prompt) => prompt?.type ?? 'nothing'));
    assert.deepEqual(prompts, ['enter_code', 'nothing']);
    const [first, second] = scene.server.log.filter(({ grant_type }) => grant_type === 'device_code');
    assert.equal(first.error, 'slow_down');
    assert.ok(second.at_ms - first.at_ms >= 6000, 'the second poll came a second and five more later');
  });

  test('a device login that is denied on the page of the server', async (t) => {
    const scene = await setting(t, { server: { interval: 1 } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const { verification_uri, user_code } = await tab.sees(() => app.shown());
    const page = await scene.profile.open(verification_uri);
    await page.run((code) => (document.querySelector('input').value = code), user_code);
    await scene.decide(page, 'deny');
    assert.equal((await ended(tab, 'login')).failure.type, 'denied');
    assert.deepEqual(scene.server.findings(), []);
  });

  test('a code pasted from a page that shows it, after one that is not it', async (t) => {
    covers('B-CB-01', 'W-09');
    const scene = await setting(t, { server: { person: 'approve' }, site: { callback: 'code.html' } });
    const page = { redirect_uri: scene.site.redirect_uri, shows_state: true };
    const provider = { ...scene.server.provider, authorization: { page } };
    const tab = await scene.open({ start: { provider } });
    await scene.click(tab, { by: 'paste' });
    const address = await tab.sees(() => app.shown()?.sign_ins[0].url);
    const shown = await scene.profile.open(address);
    const code = await shown.sees(() => document.querySelector('output').textContent);
    const wrong = await tab.run(() => app.paste('code#of-another-login'));
    assert.equal(wrong.type, 'state_mismatch');
    assert.ok(!(await tab.run((code) => app.paste(code), code)), 'it is taken');
    await wentWell(tab, scene.server);
  });

  test('a popup at a server that nobody here wrote', async (t) => {
    const server = await oidcProvider(t);
    const scene = await setting(t, { server });
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    const popup = await scene.tabAt(server.address);
    await popup.has('input[name=login]');
    await popup.run(() => {
      document.querySelector('input[name=login]').value = 'ada';
      document.querySelector('input[name=password]').value = 'any';
      document.querySelector('form').submit();
    });
    await popup.sees(() => document.querySelector('input[name=prompt]')?.value === 'consent');
    await popup.run(() => document.querySelector('form').submit());
    assert.equal((await ended(tab, 'login')).is, 'done');

    await tab.run(() => app.watch('renewed', app.connection.renew()));
    assert.equal((await ended(tab, 'renewed')).is, 'done');
    await tab.run(() => app.watch('out', app.connection.logout()));
    assert.equal((await ended(tab, 'out')).value.revoked, 'yes');
    const errors = (await server.requests('refresh_token')).filter(({ error }) => error);
    assert.deepEqual(errors, []);
  });

  test('a device login at a server that nobody here wrote', async (t) => {
    const server = await oidcProvider(t);
    await server.control('slow_down', { times: 1 });
    const scene = await setting(t, { server });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const { verification_uri, user_code } = await tab.sees(() => app.shown());
    await until(async () => (await polls(server)).some(({ error }) => error === 'slow_down'), 'slow_down');
    await server.control('person', { url: verification_uri, decision: 'approve', user_code });
    assert.equal((await ended(tab, 'login')).is, 'done');
    assert.ok((await polls(server)).every(({ early }) => !early));
  });
});

const polls = (server) => server.requests('urn:ietf:params:oauth:grant-type:device_code');

/** An address whose page signs in at once, without a click. */
function unasked({ site, start }, login) {
  const begin = JSON.stringify({ start, login });
  return `${site.app}#${new URLSearchParams({ begin })}`;
}

/** Of the server's pages and of ours (HTML, cross-origin opener policies). */
function openerPolicies() {
  return [
    ['unsafe-none', 'unsafe-none'],
    ['same-origin', 'unsafe-none'],
    ['same-origin-allow-popups', 'unsafe-none'],
    ['unsafe-none', 'same-origin'],
    ['unsafe-none', 'same-origin-allow-popups'],
    ['same-origin', 'same-origin'],
  ];
}
