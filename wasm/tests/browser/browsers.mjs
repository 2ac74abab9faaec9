// Two browsers behind one face, as small as the scenarios need: Chromium by playwright-core, Firefox
// by puppeteer-core over WebDriver BiDi. Neither is downloaded; both are the system's own.

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { until } from './waiting.mjs';

/** A name that leads to this machine, and that browsers do not take for it. */
export const INSECURE_HOST = 'app.test';

export const BROWSERS = (process.env.GRANTFLOW_BROWSERS ?? 'chromium,firefox').split(',');

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

export async function launch(name) {
  return name === 'chromium' ? new Chromium(await launchChromium()) : new Firefox(await launchFirefox());
}

function launchChromium() {
  return chromium.launch({
    executablePath: CHROMIUM,
    // The popup blocker is as people have it.
    ignoreDefaultArgs: ['--disable-popup-blocking'],
    args: [
      '--no-sandbox',
      '--headless=new',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    ],
  });
}

function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    extraPrefsFirefox: {
      'dom.disable_open_during_load': true,
      'network.dns.localDomains': INSECURE_HOST,
      'network.proxy.type': 0,
    },
  });
}

class Chromium {
  name = 'chromium';
  canFreeze = true;

  constructor(browser) {
    this.browser = browser;
  }

  async profile() {
    const context = await this.browser.newContext();
    return {
      open: async (url) => {
        const page = await context.newPage();
        if (url) await page.goto(url);
        return new Tab(page);
      },
      tabs: async () => context.pages().map((page) => new Tab(page)),
      setOffline: (isOffline) => context.setOffline(isOffline),
      close: () => context.close(),
    };
  }

  close() {
    return this.browser.close();
  }
}

class Firefox {
  name = 'firefox';
  canFreeze = false;

  constructor(browser) {
    this.browser = browser;
  }

  async profile() {
    const context = await this.browser.createBrowserContext();
    return {
      open: async (url) => {
        const page = await context.newPage();
        if (url) await page.goto(url);
        return new Tab(page);
      },
      tabs: async () => (await context.pages()).map((page) => new Tab(page)),
      setOffline: async (isOffline) => {
        for (const page of await context.pages()) await page.setOfflineMode(isOffline);
      },
      close: () => context.close(),
    };
  }

  close() {
    return this.browser.close();
  }
}

class Tab {
  constructor(page) {
    this.page = page;
  }

  url() {
    return this.page.url();
  }

  goto(url) {
    return this.page.goto(url);
  }

  reload() {
    return this.page.reload();
  }

  back() {
    return this.page.goBack();
  }

  close() {
    return this.page.close();
  }

  click(selector) {
    return this.page.click(selector);
  }

  /** In the page; `what` gets one argument. */
  run(what, argument) {
    return this.page.evaluate(what, argument);
  }

  /** Waits for something to be true in the page, over page loads, and tells it. */
  sees(what, argument) {
    return until(() => this.run(what, argument).catch(unlessOver), String(what));
  }

  async has(selector) {
    return this.sees((selector) => document.querySelector(selector) !== null, selector);
  }

  /** The page stops as a browser stops one in the background, or goes on. */
  async freeze(isFrozen) {
    this.protocol ??= await this.page.context().newCDPSession(this.page);
    await this.protocol.send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' });
  }
}

/** A page that is being loaded has nothing to tell yet. */
function unlessOver(why) {
  if (/closed|crashed/i.test(why.message)) throw why;
  return undefined;
}
