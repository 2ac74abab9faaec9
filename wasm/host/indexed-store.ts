/** Credentials that outlive the page, shared by the tabs of an origin. */

import { Database, type Sealed } from './database.js';
import { browserFailure } from './error.js';
import { webLocks } from './locks.js';
import { isInPlace, type Kept, type Pending, type Saved, type Store } from './store.js';
import { isExpected, type Credential } from './wasm.js';

/** A row of the table of records. Each sealed text is replaced whole and never changed. */
interface Row {
  record?: Sealed;
  ledger?: string;
  stash?: Sealed;
}

interface LoginRow extends Omit<Pending, 'id' | 'snapshot'> {
  snapshot: Sealed;
  at: number;
}

/** A login that nobody has come back to for so long is over. */
const LONGEST_LOGIN_MS = 24 * 60 * 60 * 1000;

/**
 * Keeps credentials in IndexedDB, sealed with a key that no script can read, and shares them between
 * tabs. It does not help against a script of somebody else's in the page, which can use all that the
 * page can (RFC 10017 §8), and little against somebody who has the whole profile.
 *
 * It needs Web Locks: without them two tabs could spend one refresh token, so it throws where there
 * are none.
 */
export function indexedDbStore(name = 'grantflow'): Store {
  if (!globalThis.indexedDB || !globalThis.crypto?.subtle || !globalThis.navigator?.locks) {
    const why = globalThis.isSecureContext === false ? 'serve the page over https' : 'use memoryStore()';
    throw browserFailure('unsupported', `IndexedDB, Web Locks or Web Crypto is missing here: ${why}`);
  }
  const database = new Database(name);
  const row = async (key: string): Promise<Row> =>
    (await database.read<Row | undefined>('records', (store) => store.get(key))) ?? {};
  const unseal = async (sealed: Sealed | undefined, about: string) =>
    sealed && (await database.unseal(sealed, about));
  const opened = async (sealed: Sealed | undefined, key: string) => {
    const text = await unseal(sealed, `record ${key}`);
    return text === undefined ? undefined : (JSON.parse(text) as Credential);
  };

  /** Changes a row if it still is as `isAsSeen` wants it, in one transaction. */
  const change = (key: string, isAsSeen: (row: Row) => boolean, to: (row: Row) => Row) =>
    database.write<boolean>('records', (store, done) => {
      const request = store.get(key) as IDBRequest<Row | undefined>;
      request.onsuccess = () => {
        const there = request.result ?? {};
        if (isAsSeen(there)) store.put(to(there), key);
        done(isAsSeen(there));
      };
    });

  const save = async (key: string, expected: string | null, credential: Credential): Promise<Saved> => {
    const sealed = await database.seal(JSON.stringify(credential), `record ${key}`);
    for (;;) {
      // Only the page can compare what is sealed, and not within a transaction; so what was compared
      // has to be there still when the new one takes its place.
      const { record: seen } = await row(key);
      const record = await opened(seen, key);
      if (!isExpected(expected, record ?? null)) return { isDone: false, ...(record && { record }) };
      const isAsSeen = ({ record }: Row) => isSame(record, seen);
      if (await change(key, isAsSeen, (row) => ({ ...row, record: sealed }))) return { isDone: true };
    }
  };

  return {
    locks: webLocks(navigator.locks),
    channel: `grantflow ${name}`,
    load: async (key): Promise<Kept> => {
      const { record, ledger, stash } = await row(key);
      const [credential, text] = [await opened(record, key), await unseal(stash, `stash ${key}`)];
      return {
        ...(credential && { record: credential }),
        ...(ledger !== undefined && { ledger }),
        ...(text !== undefined && { stash: text }),
      };
    },
    save,
    remove: async (key) => {
      const hasRecord = ({ record }: Row) => record !== undefined;
      return change(key, hasRecord, ({ record: _, ...rest }) => rest);
    },
    note: async (key, inPlaceOf, ledger) =>
      change(key, (row) => isInPlace(inPlaceOf, row.ledger), (row) => ({ ...row, ledger })),
    stash: async (key, inPlaceOf, text) => {
      const sealed = text === null ? undefined : await database.seal(text, `stash ${key}`);
      const { stash: seen } = await row(key);
      if (!isInPlace(inPlaceOf, await unseal(seen, `stash ${key}`))) return false;
      return change(
        key,
        ({ stash }) => isSame(stash, seen),
        ({ stash: _, ...rest }) => (sealed ? { ...rest, stash: sealed } : rest),
      );
    },
    probe: async () => {
      await database.write<void>('records', (store) => {
        // No record's name is a number.
        store.put({ ledger: 'x'.repeat(4096) } satisfies Row, 0);
        store.delete(0);
      });
    },
    pending: pendingLogins(database),
  };
}

function pendingLogins(database: Database): NonNullable<Store['pending']> {
  return {
    put: async ({ id, snapshot, ...login }) => {
      const sealed = await database.seal(snapshot, `login ${id}`);
      const row: LoginRow = { ...login, snapshot: sealed, at: Date.now() };
      await database.write<void>('logins', (store) => void store.put(row, id));
    },
    take: (id) => database.write<void>('logins', (store) => void store.delete(id)),
    all: async () => {
      const ids = await database.read('logins', (store) => store.getAllKeys());
      const logins: Pending[] = [];
      for (const id of ids.map(String)) {
        const row = await database.read<LoginRow | undefined>('logins', (store) => store.get(id));
        if (row && Date.now() - row.at < LONGEST_LOGIN_MS) {
          const { names, hasLeft } = row;
          // Its key may only be unreadable for the moment, and a day ends it.
          const snapshot = await database.unseal(row.snapshot, `login ${id}`).catch(() => undefined);
          if (snapshot !== undefined) logins.push({ id, names, snapshot, hasLeft });
        } else {
          await database.write<void>('logins', (store) => void store.delete(id));
        }
      }
      return logins;
    },
  };
}

/** Every seal has an `iv` of its own. */
function isSame(one: Sealed | undefined, other: Sealed | undefined): boolean {
  return String(one?.iv) === String(other?.iv);
}
