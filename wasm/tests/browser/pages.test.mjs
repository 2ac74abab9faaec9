// Pages of every kind: under the strictest policy, with strangers about, without what is needed, in a
// worker, and bundled.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'vite';

import { covers } from '../covers.mjs';
import { INSECURE_HOST } from './browsers.mjs';
import { ended, inEachBrowser, wentWell } from './scene.mjs';
import { testServer } from './servers.mjs';
import { until } from './waiting.mjs';

inEachBrowser((setting) => {
  test('under the strictest policy everything works and nothing is violated', async (t) => {
    covers('W-29', 'W-30');
    const server = await testServer(t, { person: 'approve', interval: 1 });
    const scene = await setting(t, { server, site: { headers: policy(server) }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    await wentWell(tab, server);
    await scene.isAlone();
    await tab.run(() => app.watch('renewed', app.connection.renew()));
    assert.equal((await ended(tab, 'renewed')).is, 'done');
    await scene.click(tab, { by: 'device' });
    await wentWell(tab, server);
    assert.deepEqual(await tab.run(() => violations), []);
    assert.deepEqual(reports(scene.site), []);
  });

  test('a policy that forbids wasm is violated, and seen to be', async (t) => {
    const server = await testServer(t);
    const headers = policy(server, "'self'");
    const scene = await setting(t, { server, site: { headers } });
    const tab = await scene.profile.open(scene.site.app);
    assert.match(await tab.sees(() => globalThis.app?.broken), /Error/);
    assert.notDeepEqual(await tab.run(() => violations), []);
    await until(() => reports(scene.site).length > 0, 'a report');
  });

  test('messages of strangers change nothing, and the login ends well', async (t) => {
    covers('W-14', 'N-BBA-06', 'N-9700-10');
    const scene = await setting(t);
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    const popup = await scene.tabAt(scene.server.address);
    const [{ url }] = await tab.sees(() => app.shown()?.sign_ins);
    await tab.run(() => addEventListener('error', () => (globalThis.isHarmed = true)));
    await tab.run(storm, { url, channel: await channelOf(tab, url) });
    const before = await tab.run(() => [app.login.is, app.steps.length]);
    assert.equal(before[0], 'pending');
    assert.equal(scene.server.count('authorization_code'), 0);
    await scene.decide(popup, 'approve');
    await wentWell(tab, scene.server);
    assert.ok(!(await tab.run(() => globalThis.isHarmed)));
  });

  test('a page that trusts every message is fooled by them', async (t) => {
    const scene = await setting(t);
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    const [{ url }] = await tab.sees(() => app.shown()?.sign_ins);
    const channel = await channelOf(tab, url);
    await tab.run((channel) => {
      const take = ({ data }) => data?.href?.includes?.('code=evil') && (globalThis.taken = data.href);
      addEventListener('message', take);
      globalThis.trusting = new BroadcastChannel(channel);
      trusting.onmessage = take;
    }, channel);
    await tab.run(storm, { url, channel });
    await tab.sees(() => globalThis.taken);
  });

  test('what IndexedDB holds is sealed, and its key cannot be read', async (t) => {
    covers('W-23', 'N-BBA-09');
    const scene = await setting(t, { server: { person: 'approve' }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    const { access_token } = await wentWell(tab, scene.server);
    const [refresh_token] = await tab.run(async () => [(await app.store.load('standard')).record.refresh_token]);
    const kept = await tab.run(everythingKept);
    assert.ok(kept.text.includes('standard') && kept.text.length > 200, 'the record is among it');
    for (const token of [access_token, refresh_token]) assert.ok(!kept.text.includes(token));
    assert.deepEqual(kept.keys, [{ extractable: false, usages: ['decrypt', 'encrypt'] }]);

    await tab.run((token) => localStorage.setItem('careless', token), access_token);
    assert.ok((await tab.run(everythingKept)).text.includes(access_token), 'a token in clear is found');
  });

  test('a login lasts beyond the page only where it was asked to', async (t) => {
    covers('N-BBA-08');
    for (const [kept, lasts] of [['memory', false], ['indexed', true]]) {
      const scene = await setting(t, { server: { person: 'approve' }, start: { kept } });
      const tab = await scene.open();
      await scene.click(tab, scene.login);
      await wentWell(tab, scene.server);
      await tab.reload();
      await scene.connect(tab);
      assert.equal(Boolean(await tab.run(() => app.connection.signedIn())), lasts, kept);
    }
  });

  test('a login lasts also where what was kept before was cleared while the page was open', async (t) => {
    const scene = await setting(t, { server: { person: 'approve' }, start: { kept: 'indexed' } });
    const tab = await scene.open();
    await scene.click(tab, scene.login);
    await wentWell(tab, scene.server);
    await tab.run(() => new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('grantflow');
      request.onsuccess = () => resolve();
      request.onerror = request.onblocked = () => reject(new Error('not cleared'));
    }));
    await scene.click(tab, scene.login);
    await wentWell(tab, scene.server);
    await tab.reload();
    await scene.connect(tab);
    assert.ok(await tab.run(() => app.connection.signedIn()));
  });

  test('whether there is room is tried where no record is, whatever it is called', async (t) => {
    const scene = await setting(t);
    const tab = await scene.open();
    const kept = await tab.run(async () => {
      const store = indexedDbStore();
      for (const key of ['probe', '0', '']) await store.note(key, null, 'it stays');
      await store.probe();
      return Promise.all(['probe', '0', ''].map(async (key) => (await store.load(key)).ledger));
    });
    assert.deepEqual(kept, ['it stays', 'it stays', 'it stays']);
  });

  test('a server that allows no other origins is told with CORS among the causes', async (t) => {
    covers('N-BBA-07', 'W-11');
    const scene = await setting(t, { server: { fault: ['no-cors:always'] } });
    const tab = await scene.open();
    await scene.click(tab, { by: 'device' });
    const { failure, message } = await ended(tab, 'login');
    assert.deepEqual([failure.type, failure.trouble], ['unreachable', 'lost']);
    assert.match(message, /CORS/);
  });

  test('without Web Locks nothing is shared', async (t) => {
    covers('W-25', 'R-BR-02');
    const scene = await setting(t);
    const tab = await scene.open();
    const told = await tab.run(() => {
      Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
      try {
        indexedDbStore();
      } catch (why) {
        return why.failure;
      }
      return undefined;
    });
    assert.equal(told.type, 'unsupported');
  });

  test('a page that is not secure is told so', async (t) => {
    covers('W-32');
    const scene = await setting(t);
    const tab = await scene.profile.open(`http://${INSECURE_HOST}:${scene.site.port}/`);
    await tab.sees(() => globalThis.app?.isReady);
    const told = await tab.run(() =>
      [() => indexedDbStore(), () => connect({ provider: { id: 'x' } })].map((begin) => {
        try {
          begin();
        } catch (why) {
          return why.failure;
        }
        return undefined;
      }),
    );
    assert.equal(await tab.run(() => isSecureContext), false);
    for (const failure of told) assert.equal(failure?.type, 'unsupported');
    assert.match(told[0].message, /https/);
  });

  test('a device login in a worker', async (t) => {
    const scene = await setting(t, { server: { person: 'approve', interval: 1 } });
    const tab = await scene.profile.open(scene.site.app);
    await tab.run((provider) => {
      globalThis.heard = [];
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => {
        heard.push(data);
        if (data.is === 'ready') worker.postMessage({ provider });
      };
    }, scene.server.provider);
    const last = await tab.sees(() => ['done', 'failed'].includes(globalThis.heard?.at(-1)?.is) && heard.at(-1));
    assert.deepEqual(last, { is: 'done' });
    assert.ok(await tab.run(() => heard.some(({ user_code }) => user_code)));
    assert.deepEqual(scene.server.findings(), []);
  });

  test('bundled by Vite', async (t) => {
    const folder = await bundled(t);
    const scene = await setting(t, { server: { person: 'approve' }, site: { folder } });
    const tab = await scene.profile.open(scene.site.app);
    await scene.connect(tab);
    await tab.click('#go');
    const login = await ended(tab, 'login');
    assert.equal(login.is, 'done', login.message);
    assert.deepEqual(scene.server.findings(), []);
  });
});

function policy({ address }, scripts = "'self' 'wasm-unsafe-eval'") {
  const rules = [
    "default-src 'none'",
    `script-src ${scripts}`,
    `connect-src 'self' ${address}`,
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    'report-uri /violations',
  ];
  return { 'content-security-policy': rules.join('; ') };
}

/** What browsers told the server of violations, but for the icon that one asks for by itself. */
function reports({ told }) {
  return told.filter((one) => one.includes('csp-report') && !one.includes('/favicon.ico'));
}

/** The channel on which the page waits for this login. */
function channelOf(tab, url) {
  return tab.run(async (url) => {
    const state = new TextEncoder().encode(new URL(url).searchParams.get('state'));
    const half = [...new Uint8Array(await crypto.subtle.digest('SHA-256', state), 0, 16)];
    return `grantflow login ${half.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }, url);
}

/** In the page: whatever a stranger could say, from a frame without an origin and from a script beside. */
async function storm({ url, channel }) {
  const asked = new URL(url).searchParams;
  const back = asked.get('redirect_uri');
  const hrefs = [
    `${back}?code=evil`, `${back}?code=evil&state=wrong`, `${back}?error=access_denied&state=wrong`,
    `${back}?code=evil&state=${asked.get('state')}&iss=https://evil.example`,
    `${back}?code=evil&code=evil&state=${asked.get('state')}`, 'javascript:alert(1)', 'x'.repeat(1 << 20),
  ];
  const words = [null, 0, '', 'taken', [], {}, { href: null }, { href: 5 }, { href: {} }, new Uint8Array(8), ...hrefs.map((href) => ({ href }))];
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts');
  document.body.append(frame);
  const stranger = new BroadcastChannel(channel);
  const heard = new Promise((resolve) => addEventListener('message', ({ data }) => data === 'the last' && resolve()));
  for (const word of words) {
    postMessage(word, '*');
    frame.contentWindow.postMessage(word, '*');
    stranger.postMessage(word);
  }
  postMessage('the last', '*');
  await heard;
  // A message to oneself on the same channel comes after all the others.
  const last = new BroadcastChannel(channel);
  const arrived = new Promise((resolve) => (last.onmessage = ({ data }) => data === 'the last' && resolve()));
  stranger.postMessage('the last');
  await arrived;
  frame.remove();
}

/** In the page: all that the browser keeps for it, as text, and what its keys may do. */
async function everythingKept() {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const parts = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
  const keys = [];
  const spell = (value) => {
    if (value instanceof CryptoKey) {
      keys.push({ extractable: value.extractable, usages: [...value.usages].sort() });
      return '';
    }
    if (value instanceof ArrayBuffer) return new TextDecoder('latin1').decode(value);
    if (ArrayBuffer.isView(value)) return spell(value.buffer);
    if (typeof value === 'object' && value) return Object.entries(value).map(([name, of]) => `${name} ${spell(of)}`).join('\n');
    return String(value);
  };
  for (const { name } of await indexedDB.databases()) {
    const database = await asked(indexedDB.open(name));
    for (const table of database.objectStoreNames) {
      const store = database.transaction(table).objectStore(table);
      const [names, rows] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      rows.forEach((row, index) => parts.push(String(names[index]), spell(row)));
    }
    database.close();
  }
  return { text: parts.join('\n'), keys };
}

/** An application that imports the package by name, as Vite builds it. */
async function bundled(t) {
  const root = await mkdtemp(join(tmpdir(), 'grantflow-vite-'));
  t.after(() => rm(root, { recursive: true, force: true, maxRetries: 20 }));
  await mkdir(join(root, 'node_modules'));
  await symlink(join(import.meta.dirname, '../..'), join(root, 'node_modules/grantflow'), 'dir');
  await writeFile(join(root, 'index.html'), '<!doctype html><button id="go">Go</button><script type="module" src="/main.js"></script>');
  await writeFile(join(root, 'main.js'), `
    import { connect, init } from 'grantflow';
    await init();
    const app = (globalThis.app = { isReady: true });
    app.start = ({ provider }) => (app.connection = connect({ provider }));
    document.querySelector('#go').onclick = async () => {
      app.login = { is: 'pending' };
      const how = { by: 'popup', redirect_uri: location.origin + '/callback' };
      app.login = await app.connection.login(how).then(() => ({ is: 'done' }), (why) => ({ is: 'failed', message: String(why) }));
    };`);
  await build({ root, logLevel: 'error', configFile: false, build: { target: 'es2022' } });
  return join(root, 'dist');
}
