// A browser with fresh profiles, and an eye on what must never happen in any of them.
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
}

/** A profile of its own, whose `wrongs` gather violations of the policy, errors and foreign requests. */
export async function profile(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  const wrongs = [];
  context.setDefaultTimeout(30_000);
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) wrongs.push(`a request to ${url}`);
  });
  context.on('page', (page) => page.on('pageerror', (error) => wrongs.push(`an error: ${error.message}`)));
  context.on('console', (message) => {
    if (/content security policy|trusted ?type/i.test(message.text())) wrongs.push(message.text());
  });
  await context.exposeFunction('wrongOfPolicy', (text) => wrongs.push(text));
  await context.addInitScript(() => {
    const told = ({ violatedDirective, blockedURI }) => globalThis.wrongOfPolicy(`${violatedDirective} of ${blockedURI}`);
    document.addEventListener('securitypolicyviolation', told);
  });
  return { context, wrongs };
}

/** The demo, ready to sign in by this server and way. */
export async function openDemo(context, url, { dialect = 'standard', flow = 'device' } = {}) {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('[data-ready]');
  await page.selectOption('#dialect', dialect);
  await page.check(`#flow-${flow}`, { force: true });
  return page;
}

/** The tab or window that a click opens. */
export async function opened(context, click) {
  const [page] = await Promise.all([context.waitForEvent('page'), click()]);
  await page.waitForLoadState();
  return page;
}

/** As the person, on the server's own page. */
export async function decide(page, button) {
  await page.click(`button[value=${button}]`);
}

export const text = (page, selector) => page.locator(selector).innerText();

export function until(page, selector, pattern, timeout = 30_000) {
  return page.locator(selector).filter({ hasText: pattern }).first().waitFor({ timeout });
}

/** The requests in the log of this grant. */
export function requests(page, grant) {
  return page.locator('#log li.request', { has: page.locator('.chip.grant', { hasText: grant }) }).count();
}
