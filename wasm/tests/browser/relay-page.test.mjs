// A page in a real Chromium, a relay on another origin, and a server that allows no pages.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { chromium } from 'playwright-core';
import { startedProgram, testServer } from '../test-server.mjs';

const dist = join(import.meta.dirname, '../../dist');
const NODE_ENTRY = join(import.meta.dirname, '../../relay/node.js');
const TYPES = { js: 'text/javascript', wasm: 'application/wasm' };

test('a page logs in through a relay of another origin, where the server itself allows none', async (t) => {
  const server = await testServer(t, '--person', 'approve', '--interval', '1');
  const { page, origin } = await openPage(t);
  const relay = await startedRelay(t, server, origin);

  const [alone, relayed] = [await logIn(page, server), await logIn(page, server, relay)];
  assert.equal(alone, 'unreachable');
  assert.equal(relayed, 'signed in');
});

test('a page that the relay does not know has no answer to read', async (t) => {
  const server = await testServer(t, '--person', 'approve', '--interval', '1');
  const { page } = await openPage(t);
  const relay = await startedRelay(t, server, 'https://app.example');
  assert.equal(await logIn(page, server, relay), 'unreachable');
  assert.deepEqual(await server.log(), [], 'nothing was passed on');
});

/** How a device login ends, with that relay or with none. */
function logIn(page, { provider }, address) {
  return page.evaluate(
    async ({ provider, address }) => {
      const { connect, init, relay } = await import('/index.js');
      await init();
      const connection = connect({ provider, ...(address && { transport: relay(address) }) });
      const login = connection.login({ by: 'device' });
      return login.then(() => 'signed in', ({ failure }) => failure?.type);
    },
    { provider, address },
  );
}

async function startedRelay(t, { address }, origin) {
  const endpoints = ['token', 'device_authorization'].map((path) => `${address}/${path}`).join(' ');
  const env = { PORT: '0', GRANTFLOW_RELAY_ORIGINS: origin, GRANTFLOW_RELAY_ENDPOINTS: endpoints };
  const { firstLines } = await startedProgram(t, process.execPath, [NODE_ENTRY], env);
  return firstLines[0];
}

async function openPage(t) {
  const files = createServer(async ({ url }, answer) => {
    const type = TYPES[url.split('.').at(-1)];
    answer.setHeader('content-type', type ?? 'text/html');
    answer.end(type ? await readFile(join(dist, url)) : '<!doctype html>');
  });
  files.listen(0, '127.0.0.1');
  await once(files, 'listening');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  t.after(async () => {
    await browser.close();
    files.closeAllConnections();
    files.close();
  });
  const page = await browser.newPage();
  const origin = `http://127.0.0.1:${files.address().port}`;
  await page.goto(origin);
  return { page, origin };
}
