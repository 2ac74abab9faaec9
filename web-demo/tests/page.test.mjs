// The page itself: who can use it, how it moves, and whether these checks can fail.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, openDemo, opened, profile } from './browser.mjs';
import { POLICY, serveDemo } from './static.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
let demo;

before(async () => {
  [browser, demo] = await Promise.all([launch(), serveDemo()]);
});
after(async () => {
  await browser?.close();
  demo?.close();
});

/** What axe finds wrong with a page. */
async function ills(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1400]) {
    test(`axe finds nothing in the ${colorScheme} theme at ${width} px, before, during and after a login`, async () => {
      const { context, wrongs } = await profile(browser, demo.url, { colorScheme, viewport: { width, height: 900 } });
      const page = await openDemo(context, demo.url, { flow: 'popup' });
      assert.deepEqual(await ills(page), []);
      const popup = await opened(context, () => page.click('#sign-in'));
      assert.deepEqual(await ills(page), []);
      await popup.click('button[value=approve]');
      await page.waitForSelector('#renew:enabled');
      assert.deepEqual(await ills(page), []);
      await page.check('#flow-device', { force: true });
      await page.click('#sign-in');
      await page.waitForSelector('.user-code');
      assert.deepEqual(await ills(page), []);
      await context.close();
      assert.deepEqual(wrongs, []);
    });
  }
}

test('the theme can be chosen, and stays chosen', async () => {
  const { context } = await profile(browser, demo.url, { colorScheme: 'light' });
  const page = await openDemo(context, demo.url);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.click('#theme');
  assert.notEqual(await paper(), light);
  await page.reload();
  await page.waitForSelector('[data-ready]');
  assert.notEqual(await paper(), light);
  await context.close();
});

test('nothing is wider than a phone, and nothing jumps while a login goes on', async () => {
  for (const width of [360, 400, 800, 1400]) {
    const { context } = await profile(browser, demo.url, { viewport: { width, height: 900 } });
    const page = await openDemo(context, demo.url);
    const shifted = await page.evaluate(() => {
      globalThis.shifts = [];
      new PerformanceObserver((list) => globalThis.shifts.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift' });
      return document.documentElement.scrollWidth - document.documentElement.clientWidth;
    });
    assert.equal(shifted, 0, `${width} px`);
    await page.click('#sign-in');
    await page.waitForSelector('.user-code');
    await page.waitForTimeout(1000);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `${width} px`);
    const sum = (await page.evaluate(() => globalThis.shifts)).reduce((sum, value) => sum + value, 0);
    assert.ok(sum < 0.02, `${width} px: ${sum}`);
    await context.close();
  }
});

test('who wants no motion gets none', async () => {
  const { context } = await profile(browser, demo.url, { reducedMotion: 'reduce' });
  const page = await openDemo(context, demo.url);
  await page.click('#sign-in');
  await page.waitForSelector('.stop.here');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  await context.close();
});

test('the diagram has every state and arrow that the machine has', async () => {
  const drawing = JSON.parse(readFileSync(new URL('../machine.json', import.meta.url), 'utf8'));
  const { context } = await profile(browser, demo.url);
  const page = await openDemo(context, demo.url, { dialect: 'codex' });
  const door = drawing.doors.find(({ door }) => door === 'device that yields a code');
  const drawn = await page.locator('.arrow').evaluateAll((arrows) => arrows.map((arrow) => arrow.dataset.arrow));
  assert.deepEqual(drawn.sort(), door.arrows.map(({ from, to }) => `${from} ${to}`).sort());
  const stops = await page.locator('.stop').evaluateAll((stops) => stops.map((stop) => stop.dataset.name));
  assert.deepEqual(new Set(stops), new Set(door.arrows.flatMap(({ from, to }) => [from, to])));
  await context.close();
});

test('a planted violation of the policy is found', async () => {
  const strict = await serveDemo({ policy: POLICY.replace("style-src 'self'", "style-src 'none'") });
  const { context, wrongs } = await profile(browser, strict.url);
  await openDemo(context, strict.url);
  await context.close();
  strict.close();
  assert.ok(wrongs.some((wrong) => /style-src/.test(wrong)), wrongs.join());
});

test('a planted request to somebody else is found', async () => {
  const { context, wrongs } = await profile(browser, demo.url);
  const page = await context.newPage();
  await page.goto(demo.url);
  await page.evaluate(() => fetch('http://127.0.0.1:9/').catch(() => {}));
  await context.close();
  assert.ok(wrongs.some((wrong) => wrong.includes('127.0.0.1:9')), wrongs.join());
});

test('a planted button without a name is found', async () => {
  const marred = await serveDemo({ page: (text) => text.replace('>Renew<', '><') });
  const { context } = await profile(browser, marred.url);
  const page = await openDemo(context, marred.url);
  const found = await ills(page);
  await context.close();
  marred.close();
  assert.ok(found.some((ill) => ill.startsWith('button-name')), found.join());
});
