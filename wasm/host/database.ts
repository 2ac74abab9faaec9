/** IndexedDB, as little of it as is needed, and the key that seals what is secret in it. */

import { browserFailure, storeFailure } from './error.js';

export type Table = 'keys' | 'records' | 'logins';
const TABLES: Table[] = ['keys', 'records', 'logins'];
const VERSION = 1;

/** A text under the page's own key. It shows nothing to somebody who copies the profile's files. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

export class Database {
  #opened: Promise<IDBDatabase> | undefined;
  #key: Promise<CryptoKey> | undefined;

  constructor(private readonly name: string) {}

  /**
   * Runs one transaction and resolves when it is durable. `work` must not wait for anything but its
   * own requests: a transaction ends when it has nothing to do.
   */
  async write<T>(table: Table, work: (store: IDBObjectStore, done: (result: T) => void) => void): Promise<T> {
    return this.#run(table, 'readwrite', work);
  }

  async read<T>(table: Table, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return this.#run(table, 'readonly', (store, done) => {
      const request = ask(store);
      request.onsuccess = () => done(request.result);
    });
  }

  async seal(text: string, about: string): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = await crypto.subtle.encrypt(gcm(iv, about), await this.#ownKey(), encode(text));
    return { iv, bytes };
  }

  /** Rejects if it is not what this page has sealed about this. */
  async unseal({ iv, bytes }: Sealed, about: string): Promise<string> {
    const key = await this.#ownKey();
    const text = await crypto.subtle.decrypt(gcm(iv, about), key, bytes).catch((why: unknown) => {
      throw storeFailure('unreadable', why);
    });
    return new TextDecoder().decode(text);
  }

  async #run<T>(
    table: Table,
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore, done: (result: T) => void) => void,
  ): Promise<T> {
    this.#opened ??= this.#open();
    const database = await this.#opened;
    return new Promise((resolve, reject) => {
      const fail = (why: unknown) => reject(storeFailure(mode === 'readonly' ? 'unreadable' : 'not_writable', why));
      let [transaction, result]: [IDBTransaction?, T?] = [];
      try {
        transaction = database.transaction(table, mode, { durability: 'strict' });
        transaction.oncomplete = () => resolve(result as T);
        transaction.onabort = () => fail(transaction?.error);
        work(transaction.objectStore(table), (value) => (result = value));
      } catch (why) {
        fail(why);
        transaction?.abort();
      }
    });
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, VERSION);
      request.onupgradeneeded = () => TABLES.forEach((table) => request.result.createObjectStore(table));
      request.onblocked = () => reject(unavailable('another tab has an older version of it open'));
      request.onerror = () => {
        this.#opened = undefined;
        reject(unavailable(request.error?.message));
      };
      request.onsuccess = () => {
        const database = request.result;
        const forget = () => (this.#opened = this.#key = undefined);
        // Also when somebody clears what this page has kept, and the key with it.
        database.onclose = forget;
        // A newer version of this page wants to change it.
        database.onversionchange = () => {
          database.close();
          forget();
        };
        resolve(database);
      };
    });
  }

  /** Made once for this origin; no script can read it, only use it. */
  #ownKey(): Promise<CryptoKey> {
    return (this.#key ??= this.#findKey().catch((why: unknown) => {
      this.#key = undefined;
      throw why;
    }));
  }

  async #findKey(): Promise<CryptoKey> {
    const there = await this.read<CryptoKey | undefined>('keys', (store) => store.get('own'));
    if (there) return there;
    const algorithm = { name: 'AES-GCM', length: 256 };
    const made = await crypto.subtle.generateKey(algorithm, false, ['encrypt', 'decrypt']);
    // Another tab may have been as quick: the first one counts.
    return this.write<CryptoKey>('keys', (store, done) => {
      const request = store.get('own');
      request.onsuccess = () => {
        if (request.result === undefined) store.put(made, 'own');
        done((request.result as CryptoKey | undefined) ?? made);
      };
    });
  }
}

function gcm(iv: Uint8Array<ArrayBuffer>, about: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: encode(about) };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function unavailable(why = 'IndexedDB cannot be used here'): Error {
  return browserFailure('unsupported', `this browser keeps nothing for this page: ${why}`);
}
