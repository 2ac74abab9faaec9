/** The host's clocks, and waits that end early when something has changed. */

import type { Now } from './wasm.js';

/** A longer timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What may have stopped a timer, or made an answer possible that was not. */
const WAKING = ['pageshow', 'online', 'visibilitychange', 'resume'];

export const now = (): Now => ({ wall: Date.now(), mono: performance.now() });

/** A wait that can be cut short. The machine is asked again in any case, so waking too often is no harm. */
export class Waiting {
  #wake: (() => void) | undefined;
  #isWoken = false;

  /** Ends the wait that is under way, or the next one: it was decided on before this happened. */
  wake(): void {
    if (this.#wake) this.#wake();
    else this.#isWoken = true;
  }

  /** Waits `ms`, or without end if that is null. Rejects with the signal's reason if it is aborted. */
  async sleep(ms: number | null, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const isWoken = this.#isWoken;
    this.#isWoken = false;
    if (isWoken) return;
    const ended = new AbortController();
    const until = { signal: ended.signal };
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => reject(signal.reason), until);
        for (const target of [globalThis, globalThis.document]) {
          WAKING.forEach((event) => target?.addEventListener?.(event, () => resolve(), until));
        }
        if (ms !== null) timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS));
      });
    } finally {
      ended.abort();
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }
}
