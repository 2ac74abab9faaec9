/** Performs what a renewal asks for: over a store, its locks, and the network. It decides nothing. */

import { now, Waiting } from './clock.js';
import { GrantflowError } from './error.js';
import type { Held } from './locks.js';
import type { Store } from './store.js';
import { perform, type Transport } from './transport.js';
import type { Answer, Credential, Outcome, Renewal, RenewalStep, StoreTrouble, Task } from './wasm.js';

export interface Place {
  store: Store;
  key: string;
  transport: Transport;
  /** What this tab calls itself in ledgers. */
  who: string;
  onStep?: (step: RenewalStep, state: string) => void;
}

/** Ends well, or throws. `deliver` hears of new tokens while they are still being saved. */
export async function performRenewal(
  renewal: Renewal,
  place: Place,
  deliver: (credential: Credential) => void,
): Promise<Outcome> {
  const performer = new Performer(renewal, place);
  // Whoever finds a mark of ours asks whether this lock is taken.
  const alive = await place.store.locks.acquire(aliveName(place.who), 0);
  try {
    return await performer.run(deliver);
  } finally {
    performer.unlock();
    alive?.release();
  }
}

class Performer {
  readonly #never = new AbortController().signal;
  readonly #held: Held[] = [];

  constructor(
    private readonly renewal: Renewal,
    private readonly place: Place,
  ) {}

  async run(deliver: (credential: Credential) => void): Promise<Outcome> {
    const { renewal, place } = this;
    for (;;) {
      const state = renewal.state;
      const step = renewal.poll(now()); // poll
      place.onStep?.(step, state);
      switch (step.type) {
        case 'do': {
          const answer = await this.#answer(step.task); // do what the step says
          // A store of the caller's that answers beside the question has failed.
          const rejected = renewal.handleAnswer(now(), step.id, answer); // tell
          if (rejected) renewal.handleAnswer(now(), step.id, FAILED);
          break;
        }
        case 'send': {
          const result = await perform(place.transport, step.request);
          renewal.handleResponse(now(), step.request.id, result);
          break;
        }
        case 'deliver':
          deliver(step.credential);
          break;
        case 'wait':
          await new Waiting().sleep(step.ms, this.#never);
          break;
        case 'done':
          return step.outcome;
        case 'failed':
          throw new GrantflowError(step.error);
      } // repeat
    }
  }

  unlock(): void {
    this.#held.splice(0).forEach((held) => held.release());
  }

  async #answer(task: Task): Promise<Answer> {
    try {
      return await this.#perform(task);
    } catch {
      return { type: 'failed', trouble: TROUBLES[task.type] ?? 'not_writable' };
    }
  }

  async #perform(task: Task): Promise<Answer> {
    const { store, key } = this.place;
    switch (task.type) {
      case 'lock': {
        const lost = () => this.renewal.handleLockLost();
        const held = await store.locks.acquire(`grantflow ${key}`, task.ms, lost);
        if (held) this.#held.push(held);
        return { type: held ? 'done' : 'held' };
      }
      case 'load':
        return { type: 'loaded', ...(await store.load(key)) };
      case 'alive':
        return { type: 'alive', alive: await store.locks.isTaken(aliveName(task.who)) };
      case 'probe':
        await store.probe();
        return { type: 'done' };
      case 'confirm':
        return { type: this.#held.every((held) => held.isHeld()) ? 'done' : 'held' };
      case 'note':
        return { type: (await store.note(key, task.in_place_of, task.ledger)) ? 'done' : 'changed' };
      case 'stash':
        return { type: (await store.stash(key, task.in_place_of, task.stash)) ? 'done' : 'changed' };
      case 'save': {
        const { isDone, ...there } = await store.save(key, task.expected, task.credential);
        return isDone ? { type: 'done' } : { type: 'changed', ...there };
      }
      case 'remove':
        return { type: (await store.remove(key)) ? 'done' : 'changed' };
      case 'unlock':
        this.unlock();
        return { type: 'done' };
    }
  }
}

const FAILED: Answer = { type: 'failed', trouble: 'not_writable' };

const TROUBLES: Partial<Record<Task['type'], StoreTrouble>> = {
  lock: 'no_lock',
  confirm: 'no_lock',
  unlock: 'no_lock',
  load: 'unreadable',
  alive: 'unreadable',
};

function aliveName(who: string): string {
  return `grantflow alive ${who}`;
}
