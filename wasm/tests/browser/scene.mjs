// What most scenarios begin with: a browser, a server, an application in a tab.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';

import { BROWSERS, launch } from './browsers.mjs';
import { testServer } from './servers.mjs';
import { site } from './site.mjs';
import { until } from './waiting.mjs';

/** Defines the same scenarios for each browser. `setting` makes the scene of one of them. */
export function inEachBrowser(define) {
  for (const name of BROWSERS) {
    describe(name, { timeout: 150_000 }, () => {
      let browser;
      before(async () => (browser = await launch(name)));
      after(() => browser?.close());
      define((t, options) => Scene.set(t, browser, options), name);
    });
  }
}

class Scene {
  /**
   * `server` and `site` are options of theirs, or made already; `start` says how the application
   * connects.
   */
  static async set(t, browser, { server = {}, site: pages = {}, start = {} } = {}) {
    const scene = new Scene();
    scene.browser = browser;
    scene.server = server.provider ? server : await testServer(t, server);
    scene.site = pages.origin ? pages : await site(t, pages);
    scene.start = { provider: scene.server.provider, ...start };
    scene.profile = await browser.profile();
    t.after(() => scene.profile.close().catch(() => {}));
    return scene;
  }

  get login() {
    return { by: 'popup', redirect_uri: this.site.redirect_uri };
  }

  /** The application in a new tab, connected. */
  async open({ start = {}, url = this.site.app } = {}) {
    const tab = await this.profile.open(url);
    await this.connect(tab, start);
    return tab;
  }

  async connect(tab, start = {}) {
    await tab.sees(() => globalThis.app?.isReady);
    await tab.run((options) => app.start(options), { ...this.start, ...start });
  }

  /** A click on the button, which is to sign in like this. */
  async click(tab, login) {
    await tab.run((login) => app.prepare(login), login);
    await tab.click('#go');
  }

  /** The tab that shows a page of this address, once there is one. */
  async tabAt(address) {
    const find = async () => (await this.profile.tabs()).find((tab) => tab.url().startsWith(address));
    return until(find, `a tab at ${address}`);
  }

  /** What the person does on the test server's own page. */
  async decide(tab, decision) {
    const button = `button[value=${decision}]`;
    await tab.has(button);
    await tab.click(button);
  }

  async isAlone() {
    return until(async () => (await this.profile.tabs()).length === 1, 'the window to be closed');
  }
}

/** How a thing that the application does has ended. */
export async function ended(tab, name) {
  return tab.sees((name) => globalThis.app?.[name] && app[name].is !== 'pending' && app[name], name);
}

/** A login that went well, and a server that has nothing to complain of. */
export async function wentWell(tab, server, name = 'login') {
  const login = await ended(tab, name);
  assert.equal(login.is, 'done', JSON.stringify(login));
  assert.match(login.value.headers.authorization, /^Bearer ./);
  assert.deepEqual(server.findings(), []);
  return login.value;
}
