/** One credential, kept fresh: by whoever asks first, for every caller and every tab. */

import { now } from './clock.js';
import { GrantflowError, thrown } from './error.js';
import { performRenewal, type Place } from './renew.js';
import { digest, isWanting, Renewal, type Ask, type Client, type Credential, type Outcome } from './wasm.js';

export interface KeeperOptions extends Place {
  client: Client;
  /** The account that it has to be. */
  account_id?: string;
}

interface Flight {
  delivered: Promise<Credential>;
  ended: Promise<unknown>;
  /** Whoever waits for it gets this instead. */
  giveUp(instead: Promise<Credential>): void;
}

export class Keeper {
  #current: Credential | undefined;
  /** Changes with the record, so that nothing older is taken for what stands there. */
  #version = 0;
  /** The renewal that is under way: when there are tokens, and when it is over. */
  #flight: Flight | undefined;
  #previous: Renewal | undefined;
  #channel: BroadcastChannel | undefined;
  readonly onChange = new Set<() => void>();

  constructor(private readonly options: KeeperOptions) {
    const { channel } = options.store;
    if (!channel || !globalThis.BroadcastChannel) return;
    this.#channel = new BroadcastChannel(channel);
    // Another tab has written. What it was is read when it is needed; nothing of it is told here.
    this.#channel.onmessage = () => this.#forget();
  }

  /** A credential that is good for `minTtl` ms, renewed first if it is due. */
  async access(minTtl: number, signal?: AbortSignal): Promise<Credential> {
    const current = this.#current ?? (await this.look());
    if (current && !this.#isWanting(current, minTtl)) return current;
    return this.#renewed({ min_ttl: minTtl }, signal);
  }

  /** A credential instead of one that an API has refused with 401. */
  async insteadOf(refused: Credential, signal?: AbortSignal): Promise<Credential> {
    const current = this.#current ?? (await this.look());
    if (current && current.access_token !== refused.access_token) return current;
    return this.#renewed({ still: digest(refused.access_token) }, signal);
  }

  /** What stands in the record, as it is. */
  async look(): Promise<Credential | undefined> {
    for (;;) {
      const version = this.#version;
      const { record } = await this.options.store.load(this.options.key);
      if (version === this.#version) return (this.#current ??= record);
    }
  }

  /** Whether it is due or not. */
  async renewNow(): Promise<Credential> {
    const current = await this.look();
    return current ? this.insteadOf(current) : this.access(0);
  }

  async signIn(credential: Credential): Promise<void> {
    const ask = { ...this.#ask(), ...OF_A_PERSON };
    await this.#change(thrown(() => Renewal.signIn(this.options.client, credential, ask, now())), credential);
  }

  async signOut(): Promise<Outcome> {
    const ask = { ...this.#ask(), ...OF_A_PERSON };
    return this.#change(thrown(() => Renewal.signOut(this.options.client, ask, now())));
  }

  close(): void {
    this.#channel?.close();
    // A renewal that is under way goes on, and has nobody to tell.
    this.#channel = undefined;
    this.#forget();
  }

  async #change(renewal: Renewal, credential?: Credential): Promise<Outcome> {
    // Where it fails, what stands there then is read when it is asked for.
    let current: Credential | undefined;
    try {
      const outcome = await performRenewal(renewal, this.options, () => {});
      current = credential;
      return outcome;
    } finally {
      renewal.free();
      this.#current = current;
      this.#version++;
      // A renewal of the old login goes on, and is nobody's any more.
      const flight = this.#flight;
      this.#flight = undefined;
      flight?.giveUp(this.#standing());
      this.#tell();
    }
  }

  async #standing(): Promise<Credential> {
    const current = await this.look();
    if (current) return current;
    throw signedOut();
  }

  #isWanting(credential: Credential, minTtl: number): boolean {
    return thrown(() => isWanting(this.options.client, credential, minTtl, now()));
  }

  /** One renewal serves all that ask while it is under way, and goes on when they leave. */
  async #renewed(due: Ask['due'], signal?: AbortSignal): Promise<Credential> {
    for (;;) {
      signal?.throwIfAborted();
      const isOwn = !this.#flight;
      const { delivered } = (this.#flight ??= this.#fly(due));
      const credential = await unlessAborted(delivered, signal);
      // Somebody else's renewal may have been content with less.
      const isEnough = isOwn || !('min_ttl' in due) || !this.#isWanting(credential, due.min_ttl);
      if (isEnough) return credential;
      await unlessAborted(this.#flight?.ended ?? Promise.resolve(), signal);
    }
  }

  #fly(due: Ask['due']): Flight {
    const renewal = thrown(() => {
      const previous = this.#previous;
      this.#previous = undefined;
      return Renewal.renew(this.options.client, { ...this.#ask(), due }, now(), previous);
    });
    const version = this.#version;
    const land = (credential: Credential) => {
      if (version === this.#version) this.#current = credential;
      // Somebody has changed the record meanwhile, and it is not told here who came last.
      else this.#forget();
      return credential;
    };
    let give!: (credential: Credential | Promise<Credential>) => void;
    const early = new Promise<Credential>((resolve) => (give = resolve));
    const ended = performRenewal(renewal, this.options, (credential) => give(land(credential))).then(
      (outcome) => {
        if ('credential' in outcome) return land(outcome.credential);
        throw signedOut();
      },
      (why: unknown) => {
        this.#forget();
        throw why;
      },
    );
    const over = ended.finally(() => {
      if (this.#flight === flight) this.#flight = undefined;
      // What it could not write down is the next one's to go on from, unless that has begun already.
      if (this.#flight ?? this.#previous) renewal.free();
      else this.#previous = renewal;
      this.#tell();
    });
    over.catch(() => {});
    const giveUp = (instead: Promise<Credential>) => {
      // Who had waited may be gone.
      instead.catch(() => {});
      give(instead);
    };
    const flight: Flight = { delivered: Promise.race([early, over]), ended: over, giveUp };
    return flight;
  }

  #ask(): Ask {
    const { who, account_id } = this.options;
    return { due: { min_ttl: 0 }, who, ...PATIENCE, ...(account_id !== undefined && { account_id }) };
  }

  #forget(): void {
    this.#current = undefined;
    this.#version++;
    this.#changed();
  }

  #tell(): void {
    this.#channel?.postMessage('changed');
    this.#changed();
  }

  /** What a listener does wrong is no failure of a login. */
  #changed(): void {
    for (const changed of this.onChange) {
      try {
        changed();
      } catch (why) {
        (globalThis.reportError ?? console.error)(why);
      }
    }
  }
}

/** A frozen tab can hold a lock for long, so nobody waits for it longer than this. */
const PATIENCE = { patience: 15_000, budget: 10_000 };
/** A login or logout comes through though a renewal hangs. */
const OF_A_PERSON = { patience: 3000 };

function signedOut(): GrantflowError {
  return new GrantflowError({ type: 'signed_out', message: 'nobody is signed in', remedy: 'sign_in_again' });
}

function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
