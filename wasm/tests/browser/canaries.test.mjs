// What a browser keeps and shows of a login, beside the login itself: history, timings, storage, the
// console, the page, what tabs tell each other. No secret is in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leaks, secretsIn } from '../canaries.mjs';
import { covers } from '../covers.mjs';
import { inEachBrowser, wentWell } from './scene.mjs';
import { until } from './waiting.mjs';

inEachBrowser((setting) => {
  test('a login in a window leaves no secret where a browser keeps things', async (t) => {
    covers('S-T-01', 'R-BR-03', 'R-BR-05');
    const scene = await setting(t, { server: { person: 'approve' }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    const console = heard(tab);
    await tab.run(listen);
    await scene.click(tab, scene.login);
    await wentWell(tab, scene.server);
    await tab.run(() => app.connection.access({ min_ttl: 1e9 }));
    const { traffic, durability } = await tab.run(() => ({ traffic, durability }));
    const secrets = secretsIn(traffic);
    assert.deepEqual(new Set(secrets.map(([name]) => name)), new Set(['access_token', 'code', 'code_verifier', 'refresh_token']));
    const channels = { ...(await tab.run(kept)), console };
    assert.deepEqual(leaks(secrets, channels), []);
    assert.ok(channels.timings.includes('/token') && channels.posted.includes('changed'), 'there was something to look at');
    assert.deepEqual(new Set(durability), new Set(['strict']), 'each write is on the disk before it counts');
    await findsWhatIsPlanted(tab, console, secrets[0]);
  });

  test('a login by redirect leaves no secret where a browser keeps things', async (t) => {
    covers('S-T-01', 'N-6749-05');
    const scene = await setting(t, { site: { callback: 'app.html' }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    const console = heard(tab);
    await scene.click(tab, { by: 'redirect', redirect_uri: scene.site.redirect_uri });
    const server = await scene.tabAt(scene.server.address);
    const address = server.url();
    await scene.decide(server, 'approve');
    await until(() => tab.url().startsWith(scene.site.redirect_uri), 'the redirect');
    await tab.sees(() => globalThis.app?.isReady);
    await tab.run(listen);
    await scene.connect(tab, { resume: true });
    await wentWell(tab, scene.server, 'resumed');
    const secrets = secretsIn([address, ...(await tab.run(() => traffic))]);
    assert.equal(secrets.length, 5, 'a state, a code, its verifier and two tokens');
    const { timings, ...channels } = { ...(await tab.run(kept)), console };
    assert.deepEqual(leaks(secrets, channels), []);
    // A browser does not forget the address that a page was loaded from. Its code is spent by now.
    const [code, state] = ['code', 'state'].map((name) => `${name}, timings, raw`);
    assert.deepEqual(leaks(secrets, { timings }).filter((leak) => ![code, state].includes(leak)), []);
  });
});

/** What the page says to its console, from now on. */
function heard({ page }) {
  const lines = [];
  page.on('console', (message) => lines.push(message.text()));
  page.on('pageerror', (error) => lines.push(String(error)));
  return lines;
}

/** In the page: notes the requests and answers of a login, and what the page does with its stores. */
function listen() {
  Object.assign(globalThis, { traffic: [], posted: [], durability: [] });
  const { fetch } = globalThis;
  globalThis.fetch = async (what, options) => {
    const answer = await fetch(what, options);
    traffic.push(String(options?.body ?? ''), await answer.clone().text());
    return answer;
  };
  const { postMessage } = BroadcastChannel.prototype;
  BroadcastChannel.prototype.postMessage = function (message) {
    posted.push(JSON.stringify(message));
    return postMessage.call(this, message);
  };
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (tables, mode, options) {
    if (mode === 'readwrite') durability.push(options?.durability);
    return transaction.call(this, tables, mode, options);
  };
}

/** In the page: everything that outlives the moment, as texts. */
async function kept() {
  const databases = {};
  for (const { name } of await indexedDB.databases()) {
    const opening = indexedDB.open(name);
    await new Promise((resolve) => (opening.onsuccess = resolve));
    for (const table of opening.result.objectStoreNames) {
      const of = opening.result.transaction(table).objectStore(table);
      const [keys, values] = await Promise.all([of.getAllKeys(), of.getAll()].map((request) => new Promise((resolve) => {
        request.onsuccess = () => resolve(request.result);
      })));
      const plain = (_, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? [...new Uint8Array(value.buffer ?? value)] : value);
      databases[`${name} ${table}`] = JSON.stringify([keys, values], plain);
    }
    opening.result.close();
  }
  const entries = globalThis.navigation?.entries().map(({ url }) => url) ?? [];
  return {
    history: JSON.stringify([location.href, document.referrer, history.state, entries, window.name]),
    timings: JSON.stringify(performance.getEntries().map(({ name }) => name)),
    storage: JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    databases: JSON.stringify(databases),
    caches: JSON.stringify(await caches.keys()),
    page: document.documentElement.outerHTML,
    posted: JSON.stringify(globalThis.posted),
  };
}

/** A leak is planted into each channel, and found. */
async function findsWhatIsPlanted(tab, console, [name, secret]) {
  await tab.run(async (secret) => {
    history.replaceState({ secret }, '', `#${secret}`);
    performance.mark(secret);
    localStorage.setItem('careless', secret);
    document.body.append(secret);
    globalThis.console.log(`a line about ${secret}`);
    new BroadcastChannel('any').postMessage({ secret });
    await caches.open(secret);
    const opening = indexedDB.open('careless');
    opening.onupgradeneeded = () => opening.result.createObjectStore('it').put(secret, 1);
    await new Promise((resolve) => (opening.onsuccess = resolve));
    opening.result.close();
  }, secret);
  await until(() => console.length > 0, 'the line');
  const found = leaks([[name, secret]], { ...(await tab.run(kept)), console });
  const channels = ['history', 'timings', 'storage', 'databases', 'caches', 'page', 'posted', 'console'];
  for (const channel of channels) assert.ok(found.some((leak) => leak.includes(channel)), `${channel}: ${found}`);
}
