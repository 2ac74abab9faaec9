/** What can be made to go wrong. */

import { hoursAhead, stepClock } from './clock.js';
import { byId, html } from './dom.js';
import { ask } from './link.js';
import type { Dialect, Standing } from './protocol.js';

interface Fault {
  /** As the server's log has it. */
  name: string;
  rule: string;
  title: string;
  about: string;
  fits(dialect: Dialect): boolean;
}

const FAULTS: Fault[] = [
  { name: 'slow-down', rule: 'slow-down:always', title: 'slow_down storm', about: 'Every poll is told to slow down; the interval grows by five seconds each time.', fits: (dialect) => dialect !== 'anthropic' },
  { name: '200-with-error', rule: '200-with-error:always', title: 'Errors with status 200', about: 'As GitHub does it: an error is one whatever its status.', fits: (dialect) => dialect !== 'github' },
  { name: 'reset-after', rule: 'reset-after', title: 'Lose the next reply', about: 'The request takes effect, and the connection dies before the answer.', fits: () => true },
  { name: 'late', rule: 'late', title: 'Hold up the next reply', about: 'It comes when the machine has given up on it, and changes nothing.', fits: () => true },
  { name: 'wrong-state', rule: 'wrong-state', title: 'Wrong state', about: 'The next redirect brings a stranger’s state: no request, no end.', fits: (dialect) => dialect !== 'github' },
  { name: 'wrong-iss', rule: 'wrong-iss', title: 'Wrong iss', about: 'The next redirect says that another server sent it (RFC 9207).', fits: (dialect) => dialect === 'standard' },
];

const HOUR_MS = 3_600_000;

export class Faults {
  #dialect: Dialect = 'standard';
  #armed: string[] = [];

  constructor(private readonly clockStepped: (text: string) => void) {
    const rows = FAULTS.map((fault) => this.#row(fault));
    byId('faults').replaceChildren(...rows);
    byId('step-server').addEventListener('click', () => void this.#stepServer());
    byId('step-here').addEventListener('click', () => this.#stepHere());
  }

  async choose(dialect: Dialect): Promise<void> {
    this.#dialect = dialect;
    for (const { name, fits } of FAULTS) {
      this.#switch(name).disabled = !fits(dialect);
    }
    const standing = await ask({ type: 'look', dialect });
    if (standing) this.show(standing);
  }

  show({ dialect, faults, ahead_ms }: Standing): void {
    if (dialect !== this.#dialect) return;
    this.#armed = faults;
    for (const { name } of FAULTS) this.#switch(name).checked = faults.includes(name);
    const [here, there] = [hoursAhead(), ahead_ms / HOUR_MS];
    byId('clocks').textContent = `This computer’s clock is ${spoken(here)}, the server’s ${spoken(there)}.`;
  }

  #row({ name, title, about }: Fault): HTMLElement {
    const input = html('input', { type: 'checkbox', role: 'switch', id: `fault-${name}`, 'aria-describedby': `about-${name}` });
    input.addEventListener('change', () => void this.#set(name, input.checked));
    return html('li', {}, input, html('label', { for: `fault-${name}` }, title), html('p', { id: `about-${name}`, class: 'quiet' }, about));
  }

  async #set(name: string, isOn: boolean): Promise<void> {
    const wanted = FAULTS.filter((fault) => (fault.name === name ? isOn : this.#armed.includes(fault.name)));
    await ask({ type: 'faults', dialect: this.#dialect, rules: wanted.map(({ rule }) => rule) });
  }

  async #stepServer(): Promise<void> {
    await ask({ type: 'step_clock', dialect: this.#dialect, ms: HOUR_MS });
    this.clockStepped('The server’s clock was put ahead by an hour.');
  }

  #stepHere(): void {
    stepClock(HOUR_MS);
    this.clockStepped('This computer’s clock was put ahead by an hour. Waits run on the other clock, and stay as they are.');
    void this.choose(this.#dialect);
  }

  #switch(name: string): HTMLInputElement {
    return byId<HTMLInputElement>(`fault-${name}`);
  }
}

function spoken(hours: number): string {
  return hours === 0 ? 'right' : `${hours} h ahead`;
}
