/**
 * The authorization servers, in a service worker: whatever this page and its windows ask below `as/` is
 * answered here, and nothing else is touched. It caches nothing.
 */

import { Journal, type Call } from './journal.js';
import { CHANNEL, DIALECTS, issuer, LATE_MS, redirectUris, type Dialect, type Standing, type Wish } from './protocol.js';
import load, { DemoServer, type Answer } from './server/grantflow_demo_server.js';

declare const self: ServiceWorkerGlobalScope;

const scope = self.registration.scope;
const journal = new Journal();
const channel = new BroadcastChannel(CHANNEL);
let servers: Promise<Map<Dialect, DemoServer>> | undefined;
/** Calls happen one after the other, in the order of the journal. */
let last: Promise<unknown> = Promise.resolve();

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { dialect, path } = placeOf(event.request.url);
  if (dialect) event.respondWith(respond(dialect, path, event.request));
});
self.addEventListener('message', (event) => {
  const [port] = event.ports;
  const heard = wished(event.data as Wish).then(
    (standing) => port?.postMessage({ standing }),
    (why: unknown) => port?.postMessage({ why: String(why) }),
  );
  event.waitUntil(heard);
});

function placeOf(address: string): { dialect?: Dialect; path: string } {
  const dialect = DIALECTS.find((dialect) => address.startsWith(`${issuer(scope, dialect)}/`));
  return dialect ? { dialect, path: address.slice(issuer(scope, dialect).length) } : { path: '' };
}

async function respond(dialect: Dialect, path: string, request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  // As a relay would send it: Anthropic's token endpoint turns away what calls itself a browser.
  const { 'user-agent': _, ...kept } = Object.fromEntries(request.headers);
  const headers = JSON.stringify(kept);
  const call: Call = { type: 'request', method: request.method, path, headers, body };
  const answer = await inTurn(() => asked(dialect, call));
  if (!answer) return Response.error();
  try {
    return await responseOf(answer, request.signal);
  } finally {
    answer.free();
  }
}

async function responseOf(answer: Answer, signal: AbortSignal): Promise<Response> {
  const { kind, status, isLate, body } = answer;
  const headers = JSON.parse(answer.headers) as [string, string][];
  switch (kind) {
    case 'stall':
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return Response.error();
    case 'truncated':
      return new Response(brokenOff(body), { status, headers });
    case 'answer':
      if (isLate) await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      return new Response(body.length ? (body as BodyInit) : null, { status, headers });
    default:
      return Response.error();
  }
}

/** The connection dies within the body. */
function brokenOff(body: Uint8Array): ReadableStream {
  return new ReadableStream({
    start: (controller) => controller.enqueue(body),
    pull: (controller) => controller.error(new Error('the connection was lost')),
  });
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

/** Performs a request, and tells every page. */
async function asked(dialect: Dialect, call: Call): Promise<Answer | undefined> {
  const server = await serverOf(dialect);
  const from = server.logLength;
  const armed = JSON.parse(server.faults()) as string[];
  const answer = await perform(dialect, call);
  const standing = standingOf(dialect, server, from);
  const struck = armed.filter((name) => !standing.faults.includes(name));
  const note = struck.map((name) => NOTES[name]).find(Boolean);
  channel.postMessage({ ...standing, ...(note && { note }) });
  return answer;
}

/** Writes a call down and performs it. */
async function perform(dialect: Dialect, call: Call): Promise<Answer | undefined> {
  const server = await serverOf(dialect);
  const at_ms = Date.now();
  if (changesSomething(call)) await journal.write({ dialect, at_ms, call });
  return apply(server, at_ms, call);
}

/** What the server's own log does not know, since it happens on the way. */
const NOTES: Record<string, string> = {
  'wrong-state': 'On the way, the redirect got the state of a stranger.',
  late: `On the way, the answer is held up for ${LATE_MS / 1000} s.`,
};

/** A call of the API changes nothing. */
function changesSomething(call: Call): boolean {
  return call.type !== 'request' || call.path !== '/api';
}

function apply(server: DemoServer, at_ms: number, call: Call): Answer | undefined {
  switch (call.type) {
    case 'begin':
      return undefined;
    case 'request':
      return server.handle(at_ms, call.method, call.path, call.headers, call.body);
    case 'inject':
      return void server.inject(call.rule);
    case 'clear_faults':
      return void server.clearFaults();
    case 'step_clock':
      return void server.stepClock(call.ms);
    case 'revoke_all':
      return void server.revokeAll();
  }
}

async function serverOf(dialect: Dialect): Promise<DemoServer> {
  const all = await (servers ??= replayed().catch((why: unknown) => {
    servers = undefined;
    throw why;
  }));
  const there = all.get(dialect);
  if (there) return there;
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  await journal.write({ dialect, at_ms: Date.now(), call: { type: 'begin', seed } });
  const made = serverWith(dialect, seed);
  all.set(dialect, made);
  return made;
}

function serverWith(dialect: Dialect, seed: number): DemoServer {
  return new DemoServer(dialect, issuer(scope, dialect), Object.values(redirectUris(scope)), seed);
}

/** The servers as the last service worker left them. */
async function replayed(): Promise<Map<Dialect, DemoServer>> {
  await load({ module_or_path: fetch(new URL('server.wasm', scope)) });
  const all = new Map<Dialect, DemoServer>();
  for (const { dialect, at_ms, call } of await journal.lines()) {
    const server = all.get(dialect);
    if (call.type === 'begin') all.set(dialect, serverWith(dialect, call.seed));
    else if (server) apply(server, at_ms, call)?.free();
  }
  return all;
}

function wished(wish: Wish): Promise<Standing | undefined> {
  return inTurn(async () => {
    switch (wish.type) {
      case 'claim':
        await self.clients.claim();
        return undefined;
      case 'forget':
        await journal.clear();
        (await servers)?.forEach((server) => server.free());
        servers = undefined;
        return undefined;
      case 'faults':
        await perform(wish.dialect, { type: 'clear_faults' });
        for (const rule of wish.rules) await perform(wish.dialect, { type: 'inject', rule });
        break;
      case 'step_clock':
        await perform(wish.dialect, { type: 'step_clock', ms: wish.ms });
        break;
      case 'revoke_all':
        await perform(wish.dialect, { type: 'revoke_all' });
        break;
      case 'look':
        return standingOf(wish.dialect, await serverOf(wish.dialect), 0);
    }
    const server = await serverOf(wish.dialect);
    const standing = standingOf(wish.dialect, server, server.logLength);
    channel.postMessage(standing);
    return standing;
  });
}

function standingOf(dialect: Dialect, server: DemoServer, from: number): Standing {
  return {
    dialect,
    from,
    entries: JSON.parse(server.logFrom(from)) as Standing['entries'],
    faults: JSON.parse(server.faults()) as string[],
    ahead_ms: server.aheadMs,
  };
}
