/** Where credentials are kept: in memory, unless an application asks for more. */

import { ownLocks, type Locks } from './locks.js';
import { digest, isExpected, type Credential } from './wasm.js';

/** What a store holds about one record. */
export interface Kept {
  /** The tokens. */
  record?: Credential;
  /** What a renewal wrote down about it. It has no secret. */
  ledger?: string;
  /** New tokens on their way into the record. */
  stash?: string;
}

/** A login that waits for something, to be gone on with after a page load. */
export interface Pending {
  /** Its name in the store. */
  id: string;
  /** Digests of what a redirect will bring. */
  names: string[];
  /** What `Flow.save` gave. It is secret. */
  snapshot: string;
  /** The page was left for it: only its redirect goes on with it. */
  hasLeft: boolean;
}

/** Changes are atomic, and durable when the promise is fulfilled. */
export interface Store {
  /** All that stands there about one record. */
  load(key: string): Promise<Kept>;
  /** Puts the credential there if what stands there is `expected`; else tells what does. */
  save(key: string, expected: string | null, credential: Credential): Promise<Saved>;
  /** `false` if there was none. */
  remove(key: string): Promise<boolean>;
  /** Writes the ledger if what stands there has this digest; `null`: if there is none. */
  note(key: string, inPlaceOf: string | null, ledger: string): Promise<boolean>;
  /** The same for new tokens on their way into the record; `null` takes them away. */
  stash(key: string, inPlaceOf: string | null, stash: string | null): Promise<boolean>;
  /** Whether a later save can succeed. */
  probe(): Promise<void>;
  /** They reach as far as the store: where tabs share it, they share the locks. */
  locks: Locks;
  /** Logins under way, if they outlive the page. */
  pending?: PendingLogins;
  /** What other tabs see of it, if they do. */
  channel?: string;
}

/** Whether it was saved, and what stands there instead. */
export type Saved =
  | { isDone: true }
  | {
      isDone: false;
      /** What stands there. */
      record?: Credential;
    };

/** Logins that outlive their page. */
export interface PendingLogins {
  /** In place of what has this id. */
  put(login: Pending): Promise<void>;
  /** It is over, or given up. */
  take(id: string): Promise<void>;
  /** Those that can still be gone on with. */
  all(): Promise<Pending[]>;
}

/** Nothing that outlives the page. It still keeps the callers of one page apart. */
export function memoryStore(): Store {
  const kept = new Map<string, Kept>();
  const at = (key: string) => kept.get(key) ?? {};
  const swap = (key: string, member: 'ledger' | 'stash', seen: string | null, text: string | null) => {
    const { [member]: there, ...rest } = at(key);
    if (!isInPlace(seen, there)) return false;
    kept.set(key, text === null ? rest : { ...rest, [member]: text });
    return true;
  };
  return {
    locks: ownLocks(),
    probe: async () => {},
    load: async (key) => at(key),
    save: async (key, expected, credential) => {
      const { record } = at(key);
      if (!isExpected(expected, record ?? null)) return { isDone: false, ...(record && { record }) };
      kept.set(key, { ...at(key), record: credential });
      return { isDone: true };
    },
    remove: async (key) => {
      const { record, ...rest } = at(key);
      kept.set(key, rest);
      return record !== undefined;
    },
    note: async (key, inPlaceOf, ledger) => swap(key, 'ledger', inPlaceOf, ledger),
    stash: async (key, inPlaceOf, stash) => swap(key, 'stash', inPlaceOf, stash),
  };
}

/** Whether a text is what was read there, or written, last. */
export function isInPlace(inPlaceOf: string | null, there: string | undefined): boolean {
  return inPlaceOf === (there === undefined ? null : digest(there));
}
