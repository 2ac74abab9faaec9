/**
 * What was asked of the servers, in order. A browser ends a service worker whenever it likes; the next
 * one repeats the journal and stands where the last one stood, because the servers are pure machines.
 * Requests bring codes and tokens, and a server's tokens follow from its seed: all of it is sealed.
 */

import type { Dialect } from './protocol.js';

export type Call =
  | { type: 'begin'; seed: number }
  | { type: 'request'; method: string; path: string; headers: string; body: Uint8Array<ArrayBuffer> }
  | { type: 'inject'; rule: string }
  | { type: 'clear_faults' }
  | { type: 'step_clock'; ms: number }
  | { type: 'revoke_all' };

export interface Line {
  dialect: Dialect;
  at_ms: number;
  call: Call;
}

/** A line as it is kept, under a key that no script can read. */
interface Sealed extends Omit<Line, 'call'> {
  iv: Uint8Array<ArrayBuffer>;
  call: ArrayBuffer;
}

const NAME = 'grantflow-demo-server';
/** Before the second one nothing was sealed. */
const VERSION = 2;
const TABLES = ['lines', 'keys'] as const;
type Table = (typeof TABLES)[number];
/** A demo that nobody looked at for a day is over. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

export class Journal {
  #opened: Promise<IDBDatabase> | undefined;
  #key: CryptoKey | undefined;

  async lines(): Promise<Line[]> {
    const lines = await this.#run<Sealed[]>('lines', 'readonly', (table) => table.getAll());
    const last = lines.at(-1);
    if (!last || Date.now() - last.at_ms < LONGEST_MS) return Promise.all(lines.map((line) => this.#unsealed(line)));
    await this.clear();
    return [];
  }

  async write({ dialect, at_ms, call }: Line): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = JSON.stringify(call, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#ownKey(), new TextEncoder().encode(text));
    const line: Sealed = { dialect, at_ms, iv, call: sealed };
    await this.#run('lines', 'readwrite', (table) => table.add(line));
  }

  async clear(): Promise<void> {
    await this.#run('lines', 'readwrite', (table) => table.clear());
  }

  async #unsealed({ dialect, at_ms, iv, call: sealed }: Sealed): Promise<Line> {
    const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await this.#ownKey(), sealed);
    const call = JSON.parse(new TextDecoder().decode(text)) as Call;
    return { dialect, at_ms, call: call.type === 'request' ? { ...call, body: new Uint8Array(call.body) } : call };
  }

  async #ownKey(): Promise<CryptoKey> {
    this.#key ??= await this.#run<CryptoKey | undefined>('keys', 'readonly', (table) => table.get('own'));
    if (this.#key) return this.#key;
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    await this.#run('keys', 'readwrite', (table) => table.add(made, 'own'));
    return (this.#key = made);
  }

  async #run<T>(name: Table, mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await (this.#opened ??= open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = ask(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('the journal was not written'));
    });
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const { result: database } = request;
      for (const old of [...database.objectStoreNames]) database.deleteObjectStore(old);
      TABLES.forEach((table) => database.createObjectStore(table, { autoIncrement: true }));
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no IndexedDB'));
  });
}
