// An application with one button. What it is to do is told by the test, which also looks at what came
// of it: `app` is all that they share.

import './violations.js';
import { connect, GrantflowError, indexedDbStore, init, memoryStore, RejectedError } from '/grantflow/index.js';

const app = {
  prompts: [],
  steps: [],
  changes: 0,
  /** Connects, and goes on with what a page load interrupted. */
  async start({ provider, kept = 'memory', origins = [], locks, resume = false, patience }) {
    const store = kept === 'indexed' ? indexedDbStore() : memoryStore();
    if (locks === 'own') store.locks = memoryStore().locks;
    app.connection = connect({ provider, store, origins, ...(patience && { patience }) });
    app.connection.onChange(() => (app.changes += 1));
    app.store = store;
    if (resume) app.watch('resumed', app.connection.resume(app.seeing()));
  },
  /** What the button will do: a real click is behind what needs one. */
  prepare(options) {
    app.prepared = options;
  },
  signIn(options) {
    app.controller = new AbortController();
    const onBlocked = options.blocked === 'link' && { onBlocked: (url) => ((app.link = url), fetch('/blocked')) };
    const how = { ...options, ...app.seeing(), ...onBlocked, signal: app.controller.signal };
    return app.watch('login', app.connection.login(how));
  },
  seeing: () => ({
    onPrompt: (prompt) => app.prompts.push(prompt),
    onStep: (step, state) => app.steps.push({ type: step.type, purpose: step.request?.purpose, ms: step.ms, state }),
  }),
  /** Notes how it ends under a name, in a form that crosses to the test. */
  async watch(name, promise) {
    app[name] = { is: 'pending' };
    try {
      app[name] = { is: 'done', value: await promise };
    } catch (why) {
      app[name] = { is: 'failed', ...told(why) };
    }
  },
  /** The page's clock goes on, as if it had been open for longer. */
  later(ms) {
    const before = Date.now;
    Date.now = () => before() + ms;
  },
  shown: () => app.prompts.at(-1),
  paste: (text) => app.prompts.findLast((prompt) => prompt)?.paste(text),
};

function told(why) {
  if (why instanceof GrantflowError) return { failure: why.failure, message: why.message };
  if (why instanceof RejectedError) return { rejected: why.rejected };
  return { name: why?.name, message: String(why?.message ?? why) };
}

Object.assign(globalThis, { app, told, memoryStore, indexedDbStore, connect });
document.querySelector('#go').addEventListener('click', () => app.signIn(app.prepared));
try {
  await init();
  app.isReady = true;
} catch (why) {
  app.broken = String(why);
}
// What has to begin without a click: the test left it in the address. How it went is told to the
// server, for a test that looks into the page is as good as a click.
const begun = new URLSearchParams(location.hash.slice(1)).get('begin');
if (begun) {
  const { start, login } = JSON.parse(begun);
  await app.start(start);
  app.signIn(login).then(() => fetch('/ended'));
}
