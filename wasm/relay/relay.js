/**
 * A relay for pages whose provider answers no page of another origin (CORS). It passes a request of
 * the npm package `grantflow` to one of a few endpoints, and the answer back. It adds nothing, keeps
 * nothing and logs nothing; what it refuses, it refuses before anything is sent.
 *
 * As it stands it runs where `export default { fetch }` does with variables as the second argument (workerd);
 * `node.js` beside it is the same for Node and Deno. `env` has lists, separated by spaces:
 *
 * - `GRANTFLOW_RELAY_ORIGINS`: whose pages may use it, such as `https://app.example`. Required.
 * - `GRANTFLOW_RELAY_ENDPOINTS`: which URLs it may ask; those of the presets unless set.
 * - `GRANTFLOW_RELAY_HEADERS`: which headers of a provider's own it may pass on.
 */

import { ENDPOINTS, HEADERS } from './endpoints.js';

const LONGEST_REQUEST = 64 << 10;
/** The machine refuses a longer answer. */
const LONGEST_ANSWER = 1 << 20;
/** The longest that the machine itself waits for an answer. */
const PATIENCE_MS = 30_000;

const COMMON_HEADERS = ['accept', 'authorization', 'content-type'];
const EXPOSED = 'x-grantflow-status, x-grantflow-retry-after, x-grantflow-not-sent';

export default {
  fetch: (request, env) => createRelay(settings(env)).fetch(request),
};

/** Reads an environment. Throws where an entry could never match anything. */
export function settings(env = {}) {
  const list = (name) => (env[name] ?? '').split(/\s+/).filter(Boolean);
  const own = list('GRANTFLOW_RELAY_ENDPOINTS');
  const ownHeaders = list('GRANTFLOW_RELAY_HEADERS').map((name) => name.toLowerCase());
  const origins = list('GRANTFLOW_RELAY_ORIGINS');
  const endpoints = own.length ? own : Object.values(ENDPOINTS).flat();
  requireExact('GRANTFLOW_RELAY_ORIGINS', origins, (url) => url.origin);
  requireExact('GRANTFLOW_RELAY_ENDPOINTS', endpoints, (url) => url.href);
  return { origins, endpoints, headers: ownHeaders.length ? ownHeaders : HEADERS };
}

/** @param {{ origins: string[], endpoints: string[], headers?: string[], patience?: number }} allowed */
export function createRelay({ origins, endpoints, headers = [], patience = PATIENCE_MS }) {
  const names = [...COMMON_HEADERS, ...headers];
  return {
    async fetch(request) {
      const origin = request.headers.get('origin');
      if (!origins.includes(origin)) return refusal(403, 'origin');
      const answer = await answerTo(request, { endpoints, names, patience });
      answer.headers.set('access-control-allow-origin', origin);
      answer.headers.set('access-control-expose-headers', EXPOSED);
      answer.headers.set('vary', 'origin');
      return answer;
    },
  };
}

async function answerTo(request, { endpoints, names, patience }) {
  if (isPreflight(request)) return preflight();
  if (request.method !== 'POST') return refusal(405, 'method');
  // A form of another site cannot send it, and asking for it takes a preflight.
  if (request.headers.get('x-grantflow-relay') !== '1') return refusal(403, 'header');

  const text = await readAtMost(request.body, LONGEST_REQUEST).catch(() => undefined);
  if (text === undefined) return refusal(413, 'length');
  const wanted = parse(text);
  if (!wanted) return refusal(400, 'form');
  // As a text: where nothing is parsed, nobody can parse it otherwise.
  if (!endpoints.includes(wanted.url)) return refusal(403, 'endpoint');
  const headers = Object.entries(wanted.headers);
  if (!headers.every(([name, value]) => names.includes(name.toLowerCase()) && isPlain(value))) {
    return refusal(403, 'headers');
  }
  return pass(wanted, patience);
}

/** Asks the provider, once. */
async function pass({ url, method, headers, body }, patience) {
  const init = { method, headers, ...(method === 'POST' && { body }) };
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patience);
  try {
    // A redirect is an answer like any other: what is sent here is for this endpoint alone.
    const answer = await fetch(url, { ...init, redirect: 'manual', signal: over.signal });
    const bytes = await readAtMost(answer.body, LONGEST_ANSWER);
    const retryAfter = answer.headers.get('retry-after');
    return reply(200, bytes, {
      'x-grantflow-status': String(answer.status),
      ...(retryAfter !== null && { 'x-grantflow-retry-after': retryAfter }),
    });
  } catch (why) {
    return reply(502, 'no answer', wasNeverSent(why) ? NOT_SENT : {});
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** Only where no connection came about. Anything else may have arrived. */
function wasNeverSent({ cause }) {
  const causes = cause?.errors ?? [cause];
  return causes.length > 0 && causes.every((why) => ['connect', 'getaddrinfo'].includes(why?.syscall));
}

/** What `relay(address)` of the package sends, and nothing else. */
function parse(bytes) {
  try {
    const wanted = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const { url, method, headers, body, ...rest } = wanted;
    const isWhole =
      typeof url === 'string' &&
      ['GET', 'POST'].includes(method) &&
      isTextRecord(headers) &&
      typeof body === 'string' &&
      Object.keys(rest).length === 0;
    return isWhole ? { url, method, headers, body } : undefined;
  } catch {
    return undefined;
  }
}

function isTextRecord(value) {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord && Object.values(value).every((member) => typeof member === 'string');
}

/** Visible ASCII and spaces: no line of its own, nothing that two programs read differently. */
function isPlain(value) {
  return /^[\x20-\x7e]*$/.test(value);
}

async function readAtMost(stream, most) {
  const parts = [];
  let length = 0;
  for await (const part of stream ?? []) {
    length += part.length;
    if (length > most) throw new RangeError('too long');
    parts.push(part);
  }
  return new Blob(parts).arrayBuffer();
}

function isPreflight({ method, headers }) {
  return method === 'OPTIONS' && headers.get('access-control-request-method') === 'POST';
}

function preflight() {
  return reply(204, null, {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, x-grantflow-relay',
    'access-control-max-age': '600',
  });
}

const NOT_SENT = { 'x-grantflow-not-sent': '1' };

/** By its kind: `origin`, `method`, `header`, `length`, `form`, `endpoint`, `headers`. */
function refusal(status, kind) {
  return reply(status, `refused: ${kind}`, NOT_SENT);
}

function reply(status, body, headers) {
  return new Response(body, {
    status,
    headers: {
      'cache-control': 'no-store',
      // The provider's bytes are not a page of this origin.
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}

function requireExact(name, entries, form) {
  for (const entry of entries) {
    if (!URL.canParse(entry) || form(new URL(entry)) !== entry) {
      throw new TypeError(`${name}: ${entry} is not written as it is compared`);
    }
  }
}
