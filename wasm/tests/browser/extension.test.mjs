// The example extension in a real Chromium: it logs in, is ended in the middle, goes on and renews.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { chromium } from 'playwright-core';
import { testServer } from '../test-server.mjs';
import { until } from './waiting.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-features=DisableLoadExtensionCommandLineSwitch',
];

test('a login goes on by itself after its worker was ended, and the token is renewed', { timeout: 240_000 }, async (t) => {
  const server = await testServer(t, '--interval', '1');
  const { context, id } = await loaded(t, server.provider);

  const before = await popup(context, id);
  await before.click('#sign-in');
  await before.waitForSelector('#user-code:not(:empty)');
  assert.match(await before.textContent('#code-left'), /^\d+:\d\d$/);
  const link = await before.getAttribute('#link', 'href');
  await before.close();
  await endWorker(context);

  // Nobody opens the popup: only the alarm is there to wake the worker.
  await approve(context, link);
  await server.seen(({ grant_type, status }) => grant_type === 'device_code' && status === 200);

  const after = await popup(context, id);
  await after.waitForSelector('#signed-in:not([hidden])');
  assert.match(await after.textContent('#token-left'), /^(60:00|59:\d\d)$/);
  await endWorker(context);
  await after.click('#renew');
  await server.seen(({ grant_type, status }) => grant_type === 'refresh_token' && status === 200);
  await after.click('#sign-out');
  await after.waitForSelector('#signed-out:not([hidden])');
  assert.equal(await after.textContent('#failure'), '');

  const requests = (await server.log()).filter(({ endpoint }) => endpoint !== 'verification');
  assert.deepEqual(requests.flatMap(({ findings }) => findings), []);
  const [first, ...polls] = requests.map(({ endpoint }) => endpoint);
  assert.equal(first, 'device_authorization');
  assert.equal(polls.pop(), 'revocation');
  assert.ok(polls.every((endpoint) => endpoint === 'token'), 'one login and no second one');
});

test('a person who refuses is told so, and one who cancels is asked again', { timeout: 120_000 }, async (t) => {
  const server = await testServer(t, '--interval', '1', '--fault', 'denial@token');
  const { context, id } = await loaded(t, server.provider);
  const page = await popup(context, id);
  await page.click('#sign-in');
  await page.waitForSelector('#failure:not(:empty)');
  assert.match(await page.textContent('#failure'), /refused|denied/);
  await page.click('#sign-in');
  await page.waitForSelector('#code:not([hidden])');
  await page.click('#cancel');
  await page.waitForSelector('#signed-out:not([hidden])');
  assert.equal(await page.textContent('#failure'), '');
});

test('a renewal that fails is told until something goes well', { timeout: 120_000 }, async (t) => {
  const server = await testServer(t, '--interval', '1', '--person', 'approve', '--fault', 'no-refresh-token');
  const { context, id } = await loaded(t, server.provider);
  const page = await popup(context, id);
  await page.click('#sign-in');
  await page.waitForSelector('#signed-in:not([hidden])');
  await page.click('#renew');
  await page.waitForSelector('#failure:not(:empty)');
  // It shows what it is told every second.
  await page.waitForTimeout(1500);
  assert.notEqual(await page.textContent('#failure'), '');
  await page.click('#sign-out');
  await page.waitForSelector('#signed-out:not([hidden])');
  assert.equal(await page.textContent('#failure'), '');
});

test('no token leaves the worker by a message', { timeout: 120_000 }, async (t) => {
  const server = await testServer(t, '--interval', '1', '--person', 'approve');
  const { context, id } = await loaded(t, server.provider);
  const page = await popup(context, id);
  await page.click('#sign-in');
  await page.waitForSelector('#signed-in:not([hidden])');
  const answers = await page.evaluate(() =>
    Promise.all(['status', 'renew'].map((ask) => chrome.runtime.sendMessage({ ask }))));
  assert.deepEqual(answers.map(({ value }) => value && Object.keys(value)), [['signedIn'], undefined]);
  assert.deepEqual(Object.keys(answers[0].value.signedIn), ['left']);
  const strange = await page.evaluate(() =>
    Promise.all(['access', 'constructor', null].map((ask) => chrome.runtime.sendMessage({ ask }).catch(() => 'refused'))));
  assert.ok(strange.every((answer) => answer === undefined || answer === null || answer === 'refused'));
});

test('it may reach the endpoints of its provider and nothing else', (t) => {
  const { folder, manifest } = built({ preset: 'github-copilot' });
  t.after(() => remove(folder));
  assert.deepEqual(manifest.permissions, ['alarms']);
  assert.deepEqual(manifest.host_permissions, ['https://github.com/*', 'https://api.github.com/*']);
  const { extension_pages } = manifest.content_security_policy;
  assert.match(extension_pages, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.match(extension_pages, /connect-src 'self' https:\/\/github.com https:\/\/api.github.com;/);
});

function built(provider) {
  const folder = mkdtempSync(join(tmpdir(), 'grantflow-extension-'));
  const [file, extension] = [join(folder, 'provider.json'), join(folder, 'extension')];
  writeFileSync(file, JSON.stringify(provider));
  execFileSync(process.execPath, [join(import.meta.dirname, '../../extension/build.mjs'), file, extension]);
  const manifest = JSON.parse(readFileSync(join(extension, 'manifest.json'), 'utf8'));
  return { folder, extension, manifest };
}

async function loaded(t, provider) {
  const { folder, extension } = built(provider);
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: CHROMIUM,
    // The flags say which headless.
    headless: false,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...FLAGS, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
  });
  t.after(async () => {
    // A browser that still runs goes on writing there.
    await context.close();
    remove(folder);
  });
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  return { context, id: new URL(worker.url()).host };
}

function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
}

async function popup(context, id) {
  const page = await context.newPage();
  await page.goto(`chrome-extension://${id}/popup.html`);
  return page;
}

/** As Chrome does it with one that was idle. */
async function endWorker(context) {
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  const found = async () => {
    const { targetInfos } = await protocol.send('Target.getTargets');
    return targetInfos.find(({ type }) => type === 'service_worker')?.targetId;
  };
  const targetId = await found();
  assert.ok(targetId, 'it runs');
  await protocol.send('Target.closeTarget', { targetId });
  await until(async () => (await found()) !== targetId, 'the end of the worker');
  await page.close();
}

/** As the person does, on the page of the provider. */
async function approve(context, link) {
  const page = await context.newPage();
  await page.goto(link);
  await page.click('button[value=approve]');
  await page.close();
}
