/**
 * What was asked of the servers, in order. A browser ends a service worker whenever it likes; the next
 * one repeats the journal and stands where the last one stood, because the servers are pure machines.
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

const NAME = 'grantflow-demo-server';
const TABLE = 'lines';
/** A demo that nobody looked at for a day is over. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

export class Journal {
  #opened: Promise<IDBDatabase> | undefined;

  async lines(): Promise<Line[]> {
    const lines = await this.#run<Line[]>('readonly', (table) => table.getAll());
    const last = lines.at(-1);
    if (!last || Date.now() - last.at_ms < LONGEST_MS) return lines;
    await this.clear();
    return [];
  }

  async write(line: Line): Promise<void> {
    await this.#run('readwrite', (table) => table.add(line));
  }

  async clear(): Promise<void> {
    await this.#run('readwrite', (table) => table.clear());
  }

  async #run<T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await (this.#opened ??= open());
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode);
      const request = ask(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('the journal was not written'));
    });
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no IndexedDB'));
  });
}
