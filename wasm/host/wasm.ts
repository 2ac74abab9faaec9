/** The machines in wasm, as classes. Each call is a JSON text through one door, and decides nothing here. */

// An application may know no newer language than ES2022.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Answer, Ask, Client, Credential, Now, Prompt, Redirects, Rejected, RenewalStep, Result, Step } from './types.js';
import load, { Machine, type InitInput } from './wasm/grantflow_wasm.js';

export type * from './types.js';
export type { InitInput } from './wasm/grantflow_wasm.js';

let loaded: Promise<unknown> | undefined;

/**
 * Loads the machines; call and await it once, before anything else. Calling it again does no harm.
 *
 * Without an argument the module is fetched from beside this file, which servers have to send as
 * `application/wasm`. It can also be given: an address, a response, its bytes, or a compiled module.
 */
export async function init(module?: InitInput | Promise<InitInput>): Promise<void> {
  loaded ??= load({ module_or_path: module ?? new URL('grantflow.wasm', import.meta.url) });
  try {
    await loaded;
  } catch (why) {
    loaded = undefined;
    throw why;
  }
}

/** A login under way. Freeing it cancels it. */
export class Flow {
  #machine: Machine | undefined;

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * A login in a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636). An empty `scope` means
   * the provider's default. Throws a `Failure` if nothing can begin.
   */
  static authorizationCode(client: Client, scope: string, redirects: Redirects, now: Now): Flow {
    return new Flow(begun('authorization_code', now, client, scope, redirects));
  }

  /** A login with a code that the person enters elsewhere (RFC 8628). Throws a `Failure` if nothing can begin. */
  static device(client: Client, scope: string, now: Now): Flow {
    return new Flow(begun('device', now, client, scope));
  }

  /**
   * Goes on where `save` left off, as if the request that was out had been lost. Throws a `Failure`; the
   * snapshot stays what it was.
   */
  static restore(client: Client, snapshot: string, now: Now): Flow {
    return new Flow(begun('restore', now, client, snapshot));
  }

  /** What to do now. Calling it too often does no harm. */
  poll(now: Now): Step {
    return call(this.#machine, 'poll', now);
  }

  /** What to show the person, if anything: equal to the last one as long as nothing changed. */
  prompt(): Prompt | undefined {
    return call(this.#machine, 'prompt');
  }

  /** The answer to a `send`. */
  handleResponse(now: Now, id: number, result: Result): Rejected | undefined {
    return respond(this.#machine, now, id, result);
  }

  /** A redirect, as it came or as it was pasted. The first that belongs to this login wins. */
  handleRedirect(now: Now, by: 'callback' | 'pasted', text: string): Rejected | undefined {
    return call(this.#machine, 'handle_redirect', now, by, text);
  }

  /** Everything needed to go on after a page load; nothing once it is over. The text is secret. */
  save(): string | undefined {
    return call(this.#machine, 'save');
  }

  /** The names to file a snapshot under: digests of what a redirect brings (`stateDigest`). */
  names(): string[] {
    return call(this.#machine, 'names');
  }

  /** The name of the state it is in: what it awaits. */
  get state(): string {
    return call(this.#machine, 'state');
  }

  /** It cannot be used any more. */
  free(): void {
    this.#machine?.free();
    this.#machine = undefined;
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}

/** A change of one record: a renewal, a login put in place, or a logout. */
export class Renewal {
  #machine: Machine | undefined;

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Renews the record that is there, if it is due. It goes on from what the `previous` one of this
   * process could not write down, and frees that. Throws a `Failure` if nothing can begin.
   */
  static renew(client: Client, ask: Ask, now: Now, previous?: Renewal): Renewal {
    // What was not written down are tokens, and stays in wasm.
    const machine = (previous && previous.#machine) ?? new Machine();
    if (previous) previous.#machine = undefined;
    return new Renewal(begunIn(machine, 'renew', now, client, ask));
  }

  /**
   * Puts a new login in the record's place. A renewal that is under way loses to it. Throws a `Failure` if
   * nothing can begin.
   */
  static signIn(client: Client, credential: Credential, ask: Ask, now: Now): Renewal {
    return new Renewal(begun('sign_in', now, client, ask, credential));
  }

  /**
   * Asks the server to revoke the login (RFC 7009), and takes the record away whatever it says. Throws a
   * `Failure` if nothing can begin.
   */
  static signOut(client: Client, ask: Ask, now: Now): Renewal {
    return new Renewal(begun('sign_out', now, client, ask));
  }

  /** What to do now. Calling it too often does no harm. */
  poll(now: Now): RenewalStep {
    return call(this.#machine, 'poll', now);
  }

  /** What became of a `do`. */
  handleAnswer(now: Now, id: number, answer: Answer): Rejected | undefined {
    return call(this.#machine, 'handle_answer', now, id, answer);
  }

  /** The answer to a `send`. */
  handleResponse(now: Now, id: number, result: Result): Rejected | undefined {
    return respond(this.#machine, now, id, result);
  }

  /** A lock was lost: stolen, or its place is gone. */
  handleLockLost(): void {
    call(this.#machine, 'handle_lock_lost');
  }

  /** Nobody needs it any more. Ends it where nothing was sent yet. */
  cancel(): void {
    call(this.#machine, 'cancel');
  }

  /** The name of the state it is in: what it awaits. */
  get state(): string {
    return call(this.#machine, 'state');
  }

  /** It cannot be used any more. */
  free(): void {
    this.#machine?.free();
    this.#machine = undefined;
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}

/**
 * Whether a credential has to be renewed for a caller who wants it to last for `minTtl` ms. Throws a
 * `Failure` if the client or the credential makes no sense.
 */
export function isWanting(client: Client, credential: Credential, minTtl: number, now: Now): boolean {
  return asked('is_wanting', now, client, credential, Math.min(minTtl, Number.MAX_SAFE_INTEGER));
}

/**
 * The headers that the provider's API wants to see, the credential's own among them. Throws a `Failure` if
 * one of them names the account and the login told none.
 */
export function apiHeaders(client: Client, credential: Credential): Record<string, string> {
  return asked('api_headers', null, client, credential);
}

/** The name under which the login that a redirect belongs to was filed; nothing if it is none. */
export function stateDigest(redirect: string): string | undefined {
  return asked('state_digest', redirect);
}

/** The only form in which a secret is compared or filed: the first half of its SHA-256. */
export function digest(text: string): string {
  return asked('digest', text);
}

/** Whether what stands in a record is what a `save` expects there. */
export function isExpected(expected: string | null, record: Credential | null): boolean {
  return asked('is_expected', expected, record);
}

const NOTHING = new Uint8Array();

function begun(name: string, ...given: unknown[]): Machine {
  return begunIn(new Machine(), name, ...given);
}

function begunIn(machine: Machine, name: string, ...given: unknown[]): Machine {
  try {
    call(machine, name, ...given);
    return machine;
  } catch (why) {
    machine.free();
    throw why;
  }
}

function asked<T>(name: string, ...given: unknown[]): T {
  const machine = new Machine();
  try {
    return call(machine, name, ...given);
  } finally {
    machine.free();
  }
}

function call<T>(machine: Machine | undefined, ...call: unknown[]): T {
  return through(machine, call, NOTHING);
}

function respond(machine: Machine | undefined, now: Now, id: number, result: Result): Rejected | undefined {
  const [what, body] = apart(result);
  return through(machine, ['handle_response', now, id, what], body);
}

function through<T>(machine: Machine | undefined, call: unknown[], body: Uint8Array): T {
  if (!machine) throw new Error('it was freed');
  return machine.call(new TextEncoder().encode(`[${call.map(json).join()}]`), body) as T;
}

/**
 * Whatever the types say, a page can send anything: what is no JSON is `false`, which means nothing. Half
 * of a surrogate pair, which is escaped and has no UTF-8, becomes what it would in any other text.
 */
function json(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'false';
    return text.replace(/\\(\\|ud[89a-f]..)/g, (escape, what) => (what === '\\' ? escape : '\\ufffd'));
  } catch {
    return 'false';
  }
}

/** The bytes of a body need no detour. */
function apart(result: Result): [unknown, Uint8Array] {
  try {
    const { type, status, retry_after, body } = result as Result & { type: 'response' };
    if (type !== 'response') return [{ type }, NOTHING];
    if (ArrayBuffer.isView(body)) {
      const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
      return [{ type, status, retry_after }, bytes];
    }
  } catch {
    // It throws when it is looked at.
  }
  return [{ type: 'lost' }, NOTHING];
}
