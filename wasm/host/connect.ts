/** What an application holds: sign in, get a token, call an API, sign out. */

import { browserFailure, thrown } from './error.js';
import { Keeper } from './keeper.js';
import { login, resume, type LoginOptions } from './logins.js';
import type { Watch } from './drive.js';
import { memoryStore, type Store } from './store.js';
import { direct, REDIRECT, type Transport } from './transport.js';
import { apiHeaders, type Client, type Credential, type Outcome, type RenewalStep } from './wasm.js';

/** Who signs in where, and what is kept. */
export interface ConnectOptions extends Client {
  /** Where credentials are kept: `memoryStore()`, which forgets them with the page, unless set. */
  store?: Store;
  /** `direct` unless set: most vendors can be reached only through a `relay`. */
  transport?: Transport;
  /** Where `fetch` may send the token: `https://api.example.com`. */
  origins?: string[];
  /** Which of several accounts of this provider. */
  account?: string;
  /** Who it has to be, by the account's id. */
  account_id?: string;
  /** Each step of a renewal and the state that it came from. Steps carry secrets. */
  onRenewalStep?(step: RenewalStep, state: string): void;
}

/** What a caller needs to call an API. What renews it stays here. */
export interface Access {
  /** For `Authorization: Bearer`; `headers` has it already. */
  access_token: string;
  /** Ms since 1970. */
  expires_at?: number;
  /** What the provider's API wants to see, the token among it. */
  headers: Record<string, string>;
  /** The account at the provider. */
  account_id?: string;
  /** The account's address. */
  email?: string;
  /** What the account has paid for. */
  plan?: string;
  /** The account's organization. */
  organization?: string;
  /** Where the API is for this account. */
  api_base?: string;
}

/** One account at one provider. */
export interface Connection {
  /** Signs in. A window is opened before this returns. */
  login(options: LoginOptions): Promise<Access>;
  /** Goes on with a login that a page load has interrupted; call it when the page starts. */
  resume(watch?: Watch): Promise<Access | undefined>;
  /** A token that is good for `min_ttl` ms more, renewed first if it is due. */
  access(options?: { min_ttl?: number; signal?: AbortSignal }): Promise<Access>;
  /** Who is signed in, without renewing anything. */
  signedIn(): Promise<Access | undefined>;
  /** `fetch` with the token, to the allowed origins alone. On 401 it renews once and tries again. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Renews now, whether it is due or not. */
  renew(): Promise<Access>;
  /** Forgets the login, and asks the provider to revoke it (RFC 7009). */
  logout(): Promise<Outcome>;
  /** Hears whenever the login may have changed, here or in another tab. Call what it returns to stop. */
  onChange(changed: () => void): () => void;
  /** Stops listening to other tabs. */
  close(): void;
}

/** A connection to a provider; it asks and reads nothing yet. `init` has to be over. */
export function connect(options: ConnectOptions): Connection {
  const { provider, patience, store = memoryStore(), transport = direct, account } = options;
  const client: Client = { provider, ...(patience !== undefined && { patience }) };
  const id = provider.id ?? provider.preset?.id ?? '';
  const key = account === undefined ? id : `${id}:${account}`;
  if (!globalThis.crypto?.randomUUID) throw browserFailure('unsupported', 'serve the page over https');
  const who = `tab ${crypto.randomUUID()}`;
  const place = { client, store, transport, key, who };
  const keeper = new Keeper({
    ...place,
    ...(options.account_id !== undefined && { account_id: options.account_id }),
    ...(options.onRenewalStep && { onStep: options.onRenewalStep }),
  });

  const shown = (credential: Credential): Access => {
    const { access_token, expires_at, account_id, email, plan, organization, api_base } = credential;
    const told = { expires_at, account_id, email, plan, organization, api_base };
    const headers = thrown(() => apiHeaders(client, credential));
    const known = Object.entries(told).filter(([, value]) => value !== undefined);
    return { access_token, headers, ...Object.fromEntries(known) };
  };
  const logins = { ...place, signIn: (credential: Credential) => keeper.signIn(credential) };

  return {
    login: (how) => {
      try {
        return login(logins, how).then(shown);
      } catch (why) {
        return Promise.reject(why as Error);
      }
    },
    resume: async (watch = {}) => {
      const credential = await resume(logins, watch);
      return credential && shown(credential);
    },
    access: async ({ min_ttl = 0, signal } = {}) => shown(await keeper.access(min_ttl, signal)),
    signedIn: async () => {
      const credential = await keeper.look();
      return credential && shown(credential);
    },
    renew: async () => shown(await keeper.renewNow()),
    logout: () => keeper.signOut(),
    onChange: (changed) => {
      keeper.onChange.add(changed);
      return () => keeper.onChange.delete(changed);
    },
    close: () => keeper.close(),
    fetch: async (input, init) => {
      const request = new Request(input, { ...init, redirect: REDIRECT });
      const { origin } = new URL(request.url);
      if (!options.origins?.includes(origin)) {
        throw browserFailure('origin_not_allowed', `${origin} is not among the allowed origins`);
      }
      // A stream can be sent once, so it is not kept for a second time.
      const isOnce = init?.body instanceof ReadableStream;
      const attempt = (credential: Credential) => {
        const signed = isOnce ? request : request.clone();
        const headers = Object.entries(shown(credential).headers);
        headers.forEach(([name, value]) => signed.headers.set(name, value));
        return globalThis.fetch(signed);
      };
      const credential = await keeper.access(0, request.signal);
      const response = await attempt(credential);
      if (response.status !== 401 || isOnce) return response;
      const next = await keeper.insteadOf(credential, request.signal).catch(() => undefined);
      request.signal.throwIfAborted();
      if (!next) return response;
      await response.body?.cancel();
      return attempt(next);
    },
  };
}
