// Every way through the demo, in a real browser, as a person goes it.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { decide, launch, openDemo, opened, profile, requests, text, until } from './browser.mjs';
import { serveDemo } from './static.mjs';
import { covers } from '../../wasm/tests/covers.mjs';

let browser;
let demo;
let context;
let wrongs;

before(async () => {
  [browser, demo] = await Promise.all([launch(), serveDemo()]);
});
after(async () => {
  await browser?.close();
  demo?.close();
});
beforeEach(async () => {
  ({ context, wrongs } = await profile(browser, demo.url));
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(wrongs, [], 'no violation of the policy, no error, no foreign request');
});

/** Signs in by a device code, and shows the page of the person. */
async function begunOnDevice(dialect = 'standard') {
  const page = await openDemo(context, demo.url, { dialect });
  await page.click('#sign-in');
  await page.waitForSelector('.user-code');
  return page;
}

const personsPage = (page) => opened(context, () => page.click('#prompt a'));
const signedIn = (page) => until(page, '#life-text', /good for (9:5\d|10:00)/);
const whereItIs = (page) => page.locator('.stop.here').getAttribute('data-name');
/** What the server found wrong with its client. */
const findings = (page) => page.locator('#log .chip.fault', { hasText: 'found:' }).allInnerTexts();

async function signInByPopup(page) {
  const popup = await opened(context, () => page.click('#sign-in'));
  const closed = popup.waitForEvent('close');
  await decide(popup, 'approve');
  await closed;
  await signedIn(page);
}

describe('a device login', () => {
  test('ends with a credential when the person approves', async () => {
    const page = await begunOnDevice();
    assert.ok(await page.locator('.qr').isVisible());
    const person = await personsPage(page);
    assert.equal(await person.inputValue('[name=user_code]'), await text(page, '.user-code'));
    await decide(person, 'approve');
    await signedIn(page);
    await until(page, '#transition', 'Signed in: tokens');
    assert.equal(await whereItIs(page), 'Ok');
    assert.deepEqual(await findings(page), []);
  });

  test('ends when the person refuses, and says so', async () => {
    const page = await begunOnDevice();
    await decide(await personsPage(page), 'deny');
    await until(page, '#prompt', 'It ended');
    assert.equal(await whereItIs(page), 'Denied');
    assert.match(await text(page, '#credential'), /nobody is signed in/);
  });

  test('goes on after a reload, with the same code', async () => {
    const page = await begunOnDevice();
    const code = await text(page, '.user-code');
    await page.reload();
    await until(page, '.user-code', code);
    await decide(await personsPage(page), 'approve');
    await signedIn(page);
    assert.deepEqual(await findings(page), []);
  });

  test('goes on though the browser ends the service worker that is the server', async () => {
    const page = await begunOnDevice();
    const devtools = await context.newCDPSession(page);
    await devtools.send('ServiceWorker.enable');
    await devtools.send('ServiceWorker.stopAllWorkers');
    const person = await personsPage(page);
    assert.equal(await person.inputValue('[name=user_code]'), await text(page, '.user-code'));
    await devtools.send('ServiceWorker.stopAllWorkers');
    await decide(person, 'approve');
    await signedIn(page);
    assert.deepEqual(await findings(page), []);
  });

  for (const [dialect, state] of [['codex', 'RedeemingCode/Sent'], ['github', 'ExchangingToken/Sent'], ['google', 'Polling/Sent']]) {
    test(`works in the manners of ${dialect}`, async () => {
      const page = await begunOnDevice(dialect);
      const code = await text(page, '.user-code');
      const person = await personsPage(page);
      await person.fill('[name=user_code]', code);
      await decide(person, 'approve');
      await signedIn(page);
      const visited = await page.locator('.stop.visited').evaluateAll((stops) => stops.map((stop) => stop.dataset.name));
      assert.ok(visited.includes(state), visited.join());
      assert.deepEqual(await findings(page), []);
    });
  }

  test('can be gone through by keyboard alone', async () => {
    const page = await openDemo(context, demo.url);
    await tabTo(page, 'sign-in');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.user-code');
    await tabTo(page, 'Open the server’s page (in another tab)');
    const person = await opened(context, () => page.keyboard.press('Enter'));
    await tabTo(person, 'Approve');
    await person.keyboard.press('Enter');
    await signedIn(page);
  });
});

/** Presses Tab until this has the focus. */
async function tabTo(page, wanted) {
  for (let presses = 0; presses < 40; presses += 1) {
    const [id, name] = await page.evaluate(() => [document.activeElement.id, document.activeElement.textContent]);
    if (wanted === id || wanted === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never comes to ${wanted}`);
}

describe('a login in a browser', () => {
  for (const dialect of ['standard', 'anthropic', 'codex', 'google']) {
    test(`by popup works in the manners of ${dialect}`, async () => {
      const page = await openDemo(context, demo.url, { dialect, flow: 'popup' });
      await signInByPopup(page);
      assert.deepEqual(await findings(page), []);
      await page.click('#call');
      await until(page, '#credential-said', 'The API answers 200');
    });
  }

  test('by redirect leaves the page and comes back to it', async () => {
    const page = await openDemo(context, demo.url, { flow: 'redirect' });
    await page.click('#sign-in');
    await page.waitForURL(/\/as\/standard\/authorize/);
    await decide(page, 'approve');
    await signedIn(page);
    assert.equal(page.url(), demo.url);
    assert.deepEqual(await findings(page), []);
  });

  test('by paste takes what the page shows, and nothing else', async () => {
    const page = await openDemo(context, demo.url, { dialect: 'anthropic', flow: 'paste' });
    await page.click('#sign-in');
    const person = await personsPage(page);
    await decide(person, 'approve');
    const shown = await person.locator('output').innerText();
    await page.fill('#pasted', 'somebody-elses-code#and-state');
    await page.click('#prompt form button');
    await until(page, '#prompt', 'Refused, and nothing changed');
    await page.fill('#pasted', shown);
    await page.click('#prompt form button');
    await signedIn(page);
    assert.deepEqual(await findings(page), []);
  });

  test('ends with an answer that refuses', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    const popup = await opened(context, () => page.click('#sign-in'));
    await decide(popup, 'deny');
    await until(page, '#prompt', 'It ended');
    assert.equal(await whereItIs(page), 'Denied');
  });
});

describe('a credential', () => {
  test('is renewed, called with, and signed out of', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    const before = await text(page, '#credential');
    await page.click('#renew');
    await until(page, '#credential-said', 'Renewed.');
    assert.notEqual(await text(page, '#credential'), before);
    await page.click('#sign-out');
    await until(page, '#credential-said', 'the server has revoked the tokens');
    await until(page, '#credential', 'nobody is signed in');
  });

  test('is renewed by one request for two tabs', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    const second = await opened(context, () => page.click('#second-tab'));
    await second.waitForSelector('[data-ready]');
    await until(page, '#tabs', 'Tab 2');
    await until(second, '#life-text', 'good for');
    await page.click('#renew-all');
    await until(page, '#shared', /tab 1 .*tab 2|tab 2 .*tab 1/);
    assert.equal((await text(page, '#shared')).match(/renewed it/g)?.length, 1);
    assert.equal(await requests(page, 'refresh_token'), 1);
    const [one, other] = await Promise.all([page, second].map((tab) => text(tab, '#credential')));
    assert.equal(one, other);
  });

  test('and everything else is gone when all begins afresh', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    await page.click('#step-here');
    await until(page, '#clocks', 'clock is 1 h ahead');
    await page.click('#afresh');
    await until(page, '#log', 'as on the first day');
    assert.match(await text(page, '#credential'), /nobody is signed in/);
    assert.match(await text(page, '#clocks'), /clock is right, the server’s right/);
  });

  test('and everything else is gone when all begins afresh, also what no server chosen here knows of', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    await page.check('#flow-device', { force: true });
    await page.click('#sign-in');
    await page.waitForSelector('.user-code');
    const choose = async (choice) => {
      await page.evaluate((choice) => sessionStorage.setItem('grantflow-demo choice', choice), choice);
      await page.reload();
      await page.waitForSelector('[data-ready]');
    };
    await choose('google device');
    await page.click('#afresh');
    await until(page, '#log', 'as on the first day');
    await choose('standard device');
    assert.match(await text(page, '#credential'), /nobody is signed in/);
    assert.deepEqual((await everythingKept(page, 'grantflow-demo')).names.logins, []);
  });

  test('and its secrets are in no log, no cache, and no journal of the server', async () => {
    covers('W-34');
    const answers = [];
    context.on('response', (response) => {
      if (/\/token$/.test(response.url())) answers.push(response.json());
    });
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    await page.click('#call');
    await until(page, '#credential-said', 'The API answers 200');
    await page.click('#renew');
    await until(page, '#credential-said', 'Renewed.');
    await page.click('#sign-out');
    await until(page, '#credential-said', 'the server has revoked the tokens');
    const secrets = (await Promise.all(answers)).flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
    assert.equal(new Set(secrets.filter(Boolean)).size, 4);
    const shown = await page.evaluate(() => document.documentElement.outerHTML);
    const kept = await everythingKept(page, 'grantflow-demo-server');
    assert.ok(kept.names.lines.length > 5);
    assert.ok(kept.text.includes('standard'), 'what is kept can be read here');
    for (const secret of secrets) assert.ok(!shown.includes(secret), 'no token is shown');
    for (const secret of [...secrets, 'refresh_token', 'code_verifier', 'callback.html']) {
      assert.ok(!kept.text.includes(secret), `${secret} is not kept in clear`);
    }
    assert.deepEqual(kept.keys, [false], 'what it is sealed with cannot be read');
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  });
});

/** All that stands in a database, as text; the names in each table; whether keys can be read. */
function everythingKept(page, name) {
  return page.evaluate(async (name) => {
    const asked = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const [names, parts, keys] = [{}, [], []];
    const spell = (value) => {
      if (value instanceof CryptoKey) return void keys.push(value.extractable);
      if (value instanceof ArrayBuffer) return void parts.push(new TextDecoder('latin1').decode(value));
      if (ArrayBuffer.isView(value)) return spell(value.buffer);
      if (typeof value === 'object' && value) return Object.values(value).forEach(spell);
      parts.push(String(value));
    };
    const database = await asked(indexedDB.open(name));
    for (const table of database.objectStoreNames) {
      const store = database.transaction(table).objectStore(table);
      const [all, rows] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      names[table] = all;
      rows.forEach(spell);
    }
    database.close();
    return { names, text: parts.join('\n'), keys };
  }, name);
}

describe('a fault', () => {
  const arm = (page, name) => page.check(`#fault-${name}`);

  test('slow_down storm stretches the interval', async () => {
    const page = await begunOnDevice();
    await arm(page, 'slow-down');
    await until(page, '#waits', '10 s, slow_down');
    const widths = await page.locator('.bar').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    assert.ok(widths[1] > 1.9 * widths[0], widths.join());
    assert.match(await text(page, '#log'), /fault: slow-down/);
  });

  test('200-with-error is an error all the same', async () => {
    const page = await begunOnDevice();
    await arm(page, '200-with-error');
    await until(page, '#log', '→ 200 authorization_pending');
    // The server notes its answer before the page has it.
    await page.waitForSelector('.stop.here[data-name="Polling/Due"]', { state: 'attached' });
    await decide(await personsPage(page), 'approve');
    await signedIn(page);
  });

  test('a lost reply to a code is not hidden: the code may be spent', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await arm(page, 'reset-after');
    const popup = await opened(context, () => page.click('#sign-in'));
    await decide(popup, 'approve');
    await until(page, '#prompt', 'sign in again');
    assert.equal(await whereItIs(page), 'OutcomeUnknown');
    assert.equal(await requests(page, 'authorization_code'), 2, 'presented once more and not again');
  });

  test('a late reply changes nothing but the pace', async () => {
    const page = await begunOnDevice();
    await arm(page, 'late');
    await until(page, '#waits', 'lost: backs off');
    assert.match(await text(page, '#log'), /the answer is held up/);
    assert.equal(await whereItIs(page), 'Polling/Due');
  });

  test('a wrong state reaches nobody, and the login goes on', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await arm(page, 'wrong-state');
    const popup = await opened(context, () => page.click('#sign-in'));
    await decide(popup, 'approve');
    await until(popup, '#said', 'No login waits for this answer');
    assert.equal(await whereItIs(page), 'AwaitingRedirect');
    assert.equal(await requests(page, 'authorization_code'), 0);
    await decide(await personsPage(page), 'approve');
    await signedIn(page);
  });

  test('a wrong iss is refused, and the login goes on', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await arm(page, 'wrong-iss');
    const popup = await opened(context, () => page.click('#sign-in'));
    await decide(popup, 'approve');
    await until(page, '#refused', 'Refused, and nothing changed');
    assert.equal(await whereItIs(page), 'AwaitingRedirect');
    assert.equal(await requests(page, 'authorization_code'), 0);
    await decide(await personsPage(page), 'approve');
    await signedIn(page);
  });

  test('a wrong state or iss that comes by redirect is refused as well', async () => {
    for (const fault of ['wrong-state', 'wrong-iss']) {
      const page = await openDemo(context, demo.url, { flow: 'redirect' });
      await arm(page, fault);
      await page.click('#sign-in');
      await page.waitForURL(/\/as\/standard\/authorize/);
      await decide(page, 'approve');
      await until(page, '#refused', 'Refused, and nothing changed');
      assert.equal(page.url(), demo.url, 'nothing of it stays in the address');
      assert.equal(await requests(page, 'authorization_code'), 0);
    }
  });

  test('a step of this clock makes the token lapse and moves no wait', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    await page.check('#flow-device', { force: true });
    await page.click('#sign-in');
    await page.waitForSelector('.user-code');
    await page.click('#step-here');
    await until(page, '#life-text', 'lapsed');
    await page.waitForTimeout(1500);
    assert.ok(await page.locator('.user-code').isVisible(), 'the login is not over');
    assert.equal(await requests(page, 'device_code'), 0, 'and polls no sooner');
    await page.click('#cancel');
    await page.click('#call');
    await until(page, '#credential-said', 'The API answers 200');
    assert.equal(await requests(page, 'refresh_token'), 1);
  });

  test('a step of the server’s clock ends a device login in time', async () => {
    const page = await begunOnDevice();
    await page.click('#step-server');
    await until(page, '#prompt', 'It ended');
    assert.equal(await whereItIs(page), 'Expired');
  });

  test('revoked tokens are told as such', async () => {
    const page = await openDemo(context, demo.url, { flow: 'popup' });
    await signInByPopup(page);
    await page.click('#revoke');
    await page.click('#renew');
    await until(page, '#credential-said', 'sign in again');
  });
});
