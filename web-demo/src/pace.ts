/** How long the machine waits: a ring for this wait, bars for those before, all to one scale. */

import { byId, clock, html } from './dom.js';

const AROUND = 2 * Math.PI * 26;
const MOST_BARS = 6;
/** A bar is never longer than the space there is: this many seconds, or the longest wait. */
const SCALE_MS = 30_000;

export class Pace {
  #ends = 0;
  #lasts = 0;
  #isPoll = false;
  #deadline: number | undefined;
  #waits: { ms: number; why: string }[] = [];
  #why = '';

  constructor() {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    setInterval(() => this.#draw(), isCalm ? 1000 : 100);
    this.reset();
  }

  reset(): void {
    this.#ends = 0;
    this.#waits = [];
    this.#why = '';
    this.#deadline = undefined;
    this.#drawBars();
    this.#draw();
  }

  /** When the person has to be done, on the monotonic clock. */
  until(deadline: number | undefined): void {
    this.#deadline = deadline;
  }

  /** What made the next wait as long as it is. */
  because(why: string): void {
    this.#why = why;
  }

  wait(ms: number | null, isPoll: boolean): void {
    const isSame = this.#isPoll && isPoll && this.#ends > performance.now() && !this.#why;
    this.#ends = ms === null ? 0 : performance.now() + ms;
    this.#isPoll = isPoll;
    // A wait that was woken goes on; it is not another one.
    if (isSame) return;
    this.#lasts = ms ?? 0;
    if (isPoll && ms !== null) {
      this.#waits = [...this.#waits, { ms, why: this.#why }].slice(-MOST_BARS);
      this.#drawBars();
    }
    this.#why = '';
  }

  /** A request is out, or all is over. */
  stop(): void {
    this.#ends = 0;
    this.#isPoll = false;
  }

  #draw(): void {
    const left = Math.max(0, this.#ends - performance.now());
    const share = this.#lasts > 0 ? left / this.#lasts : 0;
    byId('ring').setAttribute('stroke-dashoffset', String(AROUND * (1 - share)));
    byId('wait-left').textContent = this.#ends ? (this.#isPoll ? (left / 1000).toFixed(1) : clock(left)) : '–';
    byId('wait-name').textContent = !this.#ends ? 'no wait' : this.#isPoll ? 'seconds to the next poll' : 'for a person to sign in';
    const person = this.#deadline === undefined ? '' : `${clock(this.#deadline - performance.now())} left for the person`;
    byId('deadline').textContent = person;
  }

  #drawBars(): void {
    const scale = Math.max(SCALE_MS, ...this.#waits.map(({ ms }) => ms));
    const rows = this.#waits.map(({ ms, why }) => {
      const seconds = `${Math.round(ms / 100) / 10} s`;
      const bar = html('span', { class: why ? 'bar stretched' : 'bar' });
      bar.style.inlineSize = `${(100 * ms) / scale}%`;
      return html('li', {}, html('span', { class: 'bar-track' }, bar), html('span', { class: 'bar-text' }, why ? `${seconds}, ${why}` : seconds));
    });
    byId('waits').replaceChildren(...rows);
  }
}
