/**
 * Holds the login. It has no window, and Chrome ends it whenever it was idle for half a minute, also
 * in the middle of a login: all that has to last is in IndexedDB, and `resume` goes on with it. The
 * popup is told what a person may see; no token leaves by a message.
 */
import { connect, indexedDbStore, init } from './grantflow/index.js';

/** A token is renewed so many ms before its end. */
const MARGIN = 60_000;
/** The shortest that Chrome allows. */
const SHORTEST_ALARM = 30_000;
const POLLING = { periodInMinutes: SHORTEST_ALARM / 60_000 };

let shown;
let failure;
/** The login that is under way, and what gives it up. */
let login;
let givingUp;
let isAsked = false;

const connection = open();

async function open() {
  const [provider] = await Promise.all([fetch('provider.json').then((file) => file.json()), init()]);
  return connect({ provider, store: indexedDbStore() });
}

/** Goes on with the login that was interrupted, or begins one if somebody has asked for it. */
function goOn() {
  login ??= run()
    .then(() => (failure = undefined))
    .catch((why) => (failure = why.message))
    .finally(() => {
      login = undefined;
      return setAlarm();
    });
  return login;
}

async function run() {
  givingUp = new AbortController();
  const watch = { signal: givingUp.signal, onPrompt: (prompt) => (shown = prompt) };
  const connected = await connection;
  try {
    (await connected.resume(watch)) ?? (isAsked && (await connected.login({ by: 'device', ...watch })));
  } finally {
    isAsked = false;
  }
}

/** While a code is shown, twice a minute: a worker that was ended polls again then. Later, for renewals. */
async function setAlarm() {
  const access = await (await connection).signedIn();
  const due = Math.max((access?.expires_at ?? Infinity) - MARGIN, Date.now() + SHORTEST_ALARM);
  if (login || isAsked) await chrome.alarms.create('wake', POLLING);
  else if (Number.isFinite(due)) await chrome.alarms.create('wake', { when: due });
  else await chrome.alarms.clear('wake');
}

async function wake() {
  const connected = await connection;
  goOn();
  const isSignedIn = await connected.signedIn();
  if (isSignedIn) await connected.access({ min_ttl: MARGIN }).catch((why) => (failure = why.message));
  await setAlarm();
}

async function signIn() {
  isAsked = true;
  // Before the login begins: without it nobody wakes a worker that is ended in between.
  await chrome.alarms.create('wake', POLLING);
  goOn();
}

async function signOut() {
  givingUp?.abort();
  await login;
  await (await connection).logout();
  await setAlarm();
}

async function renew() {
  await (await connection).renew();
  await setAlarm();
}

async function status() {
  const access = await (await connection).signedIn();
  const { user_code, verification_uri, verification_uri_complete: link = verification_uri, deadline } = shown ?? {};
  return {
    failure,
    // The popup's clock has another origin, so it is told what is left.
    prompt: shown && { user_code, verification_uri, link, left: deadline - performance.now() },
    signedIn: access && { email: access.email, left: access.expires_at && access.expires_at - Date.now() },
  };
}

/** How it failed is told until something goes well: a popup that asks for it may be gone by then. */
function told(door) {
  return async () => {
    try {
      await door();
      failure = undefined;
    } catch (why) {
      failure = why.message;
      throw why;
    }
  };
}

const DOORS = { status, sign_in: signIn, sign_out: told(signOut), renew: told(renew) };

// At once, and not after something was awaited: Chrome wakes the worker for these alone.
chrome.alarms.onAlarm.addListener(wake);
// Alarms need not survive the browser.
chrome.runtime.onStartup.addListener(wake);
chrome.runtime.onMessage.addListener((message, sender, answer) => {
  if (sender.id !== chrome.runtime.id || !Object.hasOwn(DOORS, message?.ask)) return false;
  DOORS[message.ask]().then(
    (value) => answer({ value }),
    (why) => answer({ failure: why.message }),
  );
  return true;
});

goOn();
