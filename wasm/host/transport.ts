/** How requests are performed: once, exactly as they stand, following no redirect. */

import type { Request, Result } from './wasm.js';

/** Performs a request. It answers `lost` rather than throw, also when the signal is aborted. */
export type Transport = (request: Request, signal: AbortSignal) => Promise<Result>;

/** The core refuses a longer body, so no more than a byte after it is read. */
const LONGEST_BODY = 1 << 20;

/** Nothing follows a redirect. Worker-style runtimes know no `error`; there it comes back as an answer. */
export const REDIRECT = knownRedirect();

/** From the page to the server, where that allows it (CORS). */
export const direct: Transport = async ({ url, method, headers, body }, signal) => {
  if (isOffline()) return NOT_SENT;
  const init = { method, headers, ...(method === 'POST' && { body }) };
  return answered(await fetch(url, { ...PRIVATE, ...init, signal }));
};

/**
 * By way of a relay on the page's own server: `docs/browser.md` has one that can be deployed as it is.
 * It tells the status of the server's answer in a header of its own, so that its own troubles are no answer.
 */
export function relay(address: string): Transport {
  return async ({ url, method, headers, body }, signal) => {
    if (isOffline()) return NOT_SENT;
    const response = await fetch(address, {
      ...PRIVATE,
      credentials: 'same-origin',
      method: 'POST',
      // No form of another site can send this header.
      headers: { 'content-type': 'application/json', 'x-grantflow-relay': '1' },
      body: JSON.stringify({ url, method, headers, body }),
      signal,
    });
    const status = Number(response.headers.get('x-grantflow-status'));
    if (status > 0) return answered(response, status);
    return response.headers.has('x-grantflow-not-sent') ? NOT_SENT : LOST;
  };
}

const LOST: Result = { type: 'lost' };
const NOT_SENT: Result = { type: 'not_sent' };

/** What the browser says; that it is not does not mean that it is online. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

function knownRedirect(): 'error' | 'manual' {
  try {
    new globalThis.Request('https://example.com', { redirect: 'error' });
    return 'error';
  } catch {
    return 'manual';
  }
}

const PRIVATE: RequestInit = {
  redirect: REDIRECT,
  credentials: 'omit',
  cache: 'no-store',
  referrerPolicy: 'no-referrer',
};

/** Performs a request within its budget, also by a transport that does not hear of its end. */
export async function perform(
  transport: Transport,
  request: Request,
  signal?: AbortSignal,
): Promise<Result> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), request.budget);
  const giveUp = () => deadline.abort();
  signal?.addEventListener('abort', giveUp);
  try {
    if (signal?.aborted) return LOST;
    const cutOff = new Promise<Result>((resolve) => {
      deadline.signal.addEventListener('abort', () => resolve(LOST));
    });
    return (await Promise.race([transport(request, deadline.signal), cutOff])) ?? LOST;
  } catch {
    // Whether it was refused, cut off or never sent: the browser does not tell.
    return LOST;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function answered(response: Response, status = response.status): Promise<Result> {
  const retry_after = response.headers.get('x-grantflow-retry-after') ?? response.headers.get('retry-after');
  return { type: 'response', status, retry_after, body: await bytes(response) };
}

async function bytes(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length <= LONGEST_BODY) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  await reader?.cancel();
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}
