/** The tabs of this demo: who there is, and one renewal for all of them. */

import type { Connection, RenewalStep } from 'grantflow';
import { announce, byId, html } from './dom.js';
import type { Dialect } from './protocol.js';

const NAME = 'grantflow-demo tab';
const LOOK_MS = 2000;

type Word =
  | { type: 'here' }
  /** Everybody at once wants a token that is good for longer than this one. */
  | { type: 'renew'; dialect: Dialect; min_ttl: number }
  | { type: 'came_of_it'; tab: number; how: string };

export class Tabs {
  readonly #channel = new BroadcastChannel(NAME);
  readonly #came: string[] = [];
  /** Whether this tab has said what came of it. */
  #told = false;
  /** Counted from one; this one's. */
  own = 0;

  constructor(private readonly connectionTo: (dialect: Dialect) => Connection) {
    this.#channel.onmessage = ({ data }: MessageEvent<Word>) => void this.#heard(data);
    byId('second-tab').addEventListener('click', () => window.open(location.pathname, '_blank'));
    setInterval(() => void this.#look(), LOOK_MS);
  }

  /** A tab has the lowest number that is free, as long as it lives. */
  async start(): Promise<void> {
    for (let number = 1; this.own === 0; number += 1) {
      this.own = await new Promise<number>((resolve) => {
        void navigator.locks.request(`${NAME} ${number}`, { ifAvailable: true }, (lock) => {
          resolve(lock ? number : 0);
          return lock ? new Promise<never>(() => {}) : undefined;
        });
      });
    }
    this.#channel.postMessage({ type: 'here' } satisfies Word);
    await this.#look();
  }

  /** Makes every tab ask for a longer life in the same moment: more than is left. */
  renewEverywhere(dialect: Dialect, left: number): void {
    const word: Word = { type: 'renew', dialect, min_ttl: left + 100 };
    this.#channel.postMessage(word);
    void this.#heard(word);
  }

  /** A renewal of this tab is over. */
  ended(step: RenewalStep): void {
    const isRenewal = step.type === 'done' && /renewed|adopted|recovered|still_good/.test(step.outcome.type);
    if (!isRenewal && step.type !== 'failed') return;
    this.#tell(step.type === 'failed' ? step.error.type : step.outcome.type);
  }

  #tell(how: string): void {
    this.#told = true;
    const word: Word = { type: 'came_of_it', tab: this.own, how };
    this.#channel.postMessage(word);
    void this.#heard(word);
  }

  async #heard(word: Word): Promise<void> {
    switch (word.type) {
      case 'here':
        return this.#look();
      case 'renew':
        this.#came.length = 0;
        this.#told = false;
        // Why one fails is told by its last step.
        await this.connectionTo(word.dialect).access(word).catch(() => {});
        if (!this.#told) this.#tell('fresh');
        return;
      case 'came_of_it':
        this.#came.push(`tab ${word.tab} ${WAYS[word.how] ?? word.how}`);
        byId('shared').textContent = `${this.#came.slice(-4).join(', ')}.`;
        announce(`Renewal: ${this.#came.at(-1)}`);
    }
  }

  async #look(): Promise<void> {
    const { held = [] } = await navigator.locks.query();
    const numbers = held.flatMap(({ name }) => (name?.startsWith(`${NAME} `) ? [Number(name.slice(NAME.length + 1))] : []));
    const marks = numbers.sort((a, b) => a - b).map((number) => {
      const isOwn = number === this.own;
      return html('li', { class: isOwn ? 'own' : '' }, isOwn ? `Tab ${number}, this one` : `Tab ${number}`);
    });
    byId('tabs').replaceChildren(...marks);
    document.title = this.own > 1 ? `Tab ${this.own} · grantflow demo` : 'grantflow demo';
  }
}

const WAYS: Record<string, string> = {
  renewed: 'renewed it',
  adopted: 'took over what another had renewed',
  recovered: 'found what another had left behind',
  fresh: 'found a fresh one there',
  still_good: 'goes on with the old one',
};
