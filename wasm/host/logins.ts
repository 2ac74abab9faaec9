/** The ways to sign in, and how a login goes on after a page load or in another tab. */

import { now } from './clock.js';
import { Driver, type Shown, type Watch } from './drive.js';
import { browserFailure, RejectedError, thrown } from './error.js';
import type { Held } from './locks.js';
import type { Pending, Store } from './store.js';
import type { Transport } from './transport.js';
import { Flow, stateDigest, type Client, type Credential, type Redirects } from './wasm.js';

/** How to sign in. */
export type LoginOptions = Watch & {
  /** Space-separated; the provider's default if empty. */
  scope?: string;
} & (
    | {
        /** In a window of its own; call it from a click. Its callback page runs `grantflow/callback`. */
        by: 'popup';
        /** The page that runs `grantflow/callback`, as it is registered. */
        redirect_uri: string;
        /** The browser opened no window: show a link to this address. Without it the login fails. */
        onBlocked?(url: string): void;
        /** Size and place of the window. */
        features?: string;
      }
    /** In this tab: it leaves the page, and `resume` goes on where the redirect comes back. */
    | {
        by: 'redirect';
        /** The page that calls `resume`, as it is registered. */
        redirect_uri: string;
      }
    /** With a code that the person enters elsewhere (RFC 8628). */
    | { by: 'device' }
    /** With what the provider's own page shows for pasting. */
    | { by: 'paste' }
  );

/** What a login needs to know of its application. */
export interface LoginPlace {
  client: Client;
  store: Store;
  transport: Transport;
  /** Whose logins these are, in a store that several share. */
  key: string;
  /** Puts the credential in its place, before the login that brought it is forgotten. */
  signIn(credential: Credential): Promise<void>;
}

/** Begins at once, so that a window opens while the browser still sees the click. */
export function login(place: LoginPlace, options: LoginOptions): Promise<Credential> {
  const run = new Run(place, options, thrown(() => begin(place.client, options)));
  switch (options.by) {
    case 'popup':
      if (!options.signal?.aborted) run.openWindow(options);
      return run.go();
    case 'redirect':
      return run.leave(options.signal);
    case 'device':
    case 'paste':
      return run.go();
  }
}

function begin(client: Client, { by, scope = '', ...options }: LoginOptions): Flow {
  if (by === 'device') return Flow.device(client, scope, now());
  const { redirect_uri } = options as { redirect_uri?: string };
  const redirects: Redirects = redirect_uri === undefined ? { page: true } : { redirect_uri };
  return Flow.authorizationCode(client, scope, redirects, now());
}

/**
 * Goes on with a login of this application that waits for it: the one whose redirect is this page's
 * address, or one that a page load has interrupted. `undefined` if there is none, or if another tab
 * has it already.
 */
export async function resume(place: LoginPlace, watch: Watch): Promise<Credential | undefined> {
  const { pending } = place.store;
  if (!pending) return undefined;
  const { href } = globalThis.location ?? { href: '' };
  const name = stateDigest(href);
  const own = (await pending.all()).filter(({ id }) => keyOf(id) === place.key);
  const redirected = own.find(({ names }) => name !== undefined && names.includes(name));
  // One that has left the page waits for its redirect, in whichever tab that comes.
  const interrupted = own.filter(({ hasLeft }) => !hasLeft);
  for (const login of redirected ? [redirected] : interrupted) {
    const run = await Run.restored(place, watch, login, redirected && href);
    if (run) return run.go();
  }
  return undefined;
}

/** One login, from its beginning or a page load to its end. */
class Run {
  readonly #driver: Driver;
  readonly #channels: BroadcastChannel[];
  #held: Held | undefined;

  constructor(
    private readonly place: LoginPlace,
    watch: Watch,
    private readonly flow: Flow,
    private readonly id = `${crypto.randomUUID()} ${place.key}`,
    held?: Held,
  ) {
    this.#held = held;
    this.#driver = new Driver(flow, place.transport, watch, (snapshot) => this.#keep(snapshot));
    this.#channels = globalThis.BroadcastChannel ? flow.names().map((name) => this.#listen(name)) : [];
  }

  static async restored(
    place: LoginPlace,
    watch: Watch,
    { id }: Pending,
    redirect?: string,
  ): Promise<Run | undefined> {
    // Whoever has the lock has the login; a tab that is gone has lost it.
    const held = await place.store.locks.acquire(lockName(id), 0);
    if (!held) return undefined;
    // The code does not stay in the history, nor in what the next page is told of this one.
    if (redirect !== undefined) history.replaceState(history.state, '', withoutAnswer(redirect));
    let run: Run | undefined;
    try {
      const login = (await place.store.pending?.all())?.find((login) => login.id === id);
      if (!login) return undefined;
      const flow = await restoredFlow(place, login, redirect);
      if (!flow) return undefined;
      const restored = new Run(place, watch, flow, id, held);
      const rejected = redirect === undefined ? undefined : restored.#driver.redirected('callback', redirect);
      if (!rejected) return (run = restored);
      restored.#end();
      flow.free();
      throw new RejectedError(rejected);
    } finally {
      if (!run) held.release();
    }
  }

  openWindow({ onBlocked, features = 'popup,width=520,height=720' }: LoginOptions & { by: 'popup' }): void {
    const url = this.#signInAddress();
    // Whether it is open or closed cannot be known: pages with COOP look closed from the start.
    const opened = globalThis.open(url, '_blank', features);
    if (opened) {
      // What is shown there has no hold on this page.
      opened.opener = null;
      return;
    }
    if (!onBlocked) {
      this.#end();
      this.flow.free();
      const message = 'the browser opened no window: sign in from a click, or show a link';
      throw browserFailure('popup_blocked', message, 'use_another_flow');
    }
    onBlocked(url);
  }

  async leave(signal?: AbortSignal): Promise<never> {
    const { pending } = this.place.store;
    const [url, snapshot] = [this.#signInAddress(), this.flow.save()];
    const names = this.flow.names();
    this.#end();
    this.flow.free();
    if (!pending || snapshot === undefined) {
      const message = 'a login by redirect needs a store that outlives the page: indexedDbStore()';
      throw browserFailure('unsupported', message);
    }
    // Its signal ends all listening.
    const over = new AbortController();
    try {
      signal?.throwIfAborted();
      await pending.put({ id: this.id, names, snapshot, hasLeft: true });
      signal?.throwIfAborted();
      globalThis.location.assign(url);
      return await new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error), over);
        globalThis.addEventListener?.(
          'pageshow',
          ({ persisted }) => {
            // The browser may have kept this page as it was, for the way back.
            if (persisted) reject(browserFailure('came_back', 'nobody has signed in yet', 'sign_in_again'));
          },
          over,
        );
      });
    } catch (why) {
      if (signal?.aborted) await forget(this.place, this.id);
      throw why;
    } finally {
      over.abort();
    }
  }

  async go(): Promise<Credential> {
    const { signIn, store } = this.place;
    try {
      if (store.pending) this.#held ??= await store.locks.acquire(lockName(this.id), 0);
      const credential = await this.#driver.drive();
      await signIn(credential);
      return credential;
    } finally {
      await forget(this.place, this.id);
      this.#end();
    }
  }

  async #keep(snapshot: string | undefined): Promise<void> {
    if (snapshot === undefined) return;
    const login = { id: this.id, names: this.flow.names(), snapshot, hasLeft: false };
    await this.place.store.pending?.put(login);
  }

  /** A page of this origin tells what it was redirected with. A stranger's words change nothing. */
  #listen(name: string): BroadcastChannel {
    const channel = new BroadcastChannel(`grantflow login ${name}`);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { href } = (data ?? {}) as { href?: unknown };
      if (typeof href !== 'string') return;
      const rejected = this.#driver.redirected('callback', href);
      if (!rejected) channel.postMessage('taken');
    };
    return channel;
  }

  #signInAddress(): string {
    const prompt = this.flow.prompt();
    const url = prompt?.type === 'open_url' ? prompt.sign_ins[0]?.url : undefined;
    if (url === undefined) throw browserFailure('unsupported', 'this login has no address to open');
    return url;
  }

  #end(): void {
    this.#channels.forEach((channel) => channel.close());
    this.#held?.release();
  }
}

/** What cannot be restored never will be, and is in nobody's way. Only who came back for it is told. */
async function restoredFlow(
  place: LoginPlace,
  { id, snapshot }: Pending,
  redirect?: string,
): Promise<Flow | undefined> {
  try {
    return thrown(() => Flow.restore(place.client, snapshot, now()));
  } catch (why) {
    await forget(place, id);
    if (redirect !== undefined) throw why;
    return undefined;
  }
}

/** A login is over whether or not its store can forget it. */
async function forget({ store }: LoginPlace, id: string): Promise<void> {
  await store.pending?.take(id).catch(() => {});
}

/** What an authorization response adds to an address (RFC 6749 §4.1.2, RFC 9207). */
const ANSWER = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];

function withoutAnswer(href: string): string {
  const url = new URL(href);
  ANSWER.forEach((name) => url.searchParams.delete(name));
  url.hash = '';
  return url.href;
}

/** A key may be anything, and what stands before it has no space. */
function keyOf(id: string): string {
  return id.slice(id.indexOf(' ') + 1);
}

function lockName(id: string): string {
  return `grantflow login ${id}`;
}

export type { Shown };
