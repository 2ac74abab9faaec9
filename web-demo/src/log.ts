/** What the machine did and what the servers saw, line by line, without a secret. */

import type { RenewalStep, Step } from 'grantflow';
import { byId, html } from './dom.js';
import type { LogEntry } from './protocol.js';

const MOST_LINES = 200;

type Kind = 'step' | 'request' | 'note' | 'bad';

export class Log {
  readonly #list = byId('log');

  constructor() {
    byId('clear-log').addEventListener('click', () => this.clear());
  }

  clear(): void {
    this.#list.replaceChildren();
  }

  note(text: string): void {
    this.#add('note', '·', text);
  }

  refused(text: string): void {
    this.#add('bad', '✕', text);
  }

  step(step: Step | RenewalStep, state: string): void {
    this.#add('step', '▸', html('b', {}, state), ' ', told(step));
  }

  request(entry: LogEntry): void {
    const { method, path, grant_type, presented, status, error, outcome, findings, faults } = entry;
    const secrets = Object.entries(presented).map(([name, digest]) => chip('secret', `${name} ${masked(digest)}`));
    const answer = status === null ? outcome.replace('_', ' ') : `${status}${error ? ` ${error}` : ''}`;
    const isWell = status !== null && status < 400 && error === null;
    const line = [
      html('span', { class: 'path' }, `${method} ${path}`),
      ...(grant_type ? [chip('grant', grant_type)] : []),
      ...secrets,
      chip(isWell ? 'well' : 'ill', `→ ${answer}`),
      ...faults.map((name) => chip('fault', `fault: ${name}`)),
      ...findings.map(({ finding, name }) => chip('fault', `found: ${finding}${name ? ` ${name}` : ''}`)),
    ];
    this.#add('request', '⇄', ...line.flatMap((part) => [part, ' ']));
  }

  #add(kind: Kind, sign: string, ...text: (Node | string)[]): void {
    const time = new Date().toLocaleTimeString([], { hour12: false });
    const isAtEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    const mark = html('span', { class: 'sign', 'aria-hidden': 'true' }, sign);
    this.#list.append(html('li', { class: kind }, html('time', {}, time), mark, html('span', {}, ...text)));
    while (this.#list.childElementCount > MOST_LINES) this.#list.firstElementChild?.remove();
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

/** Enough of a digest to tell two secrets apart. */
export function masked(digest: string): string {
  return `#${digest.slice(0, 6)}`;
}

function told(step: Step | RenewalStep): string {
  switch (step.type) {
    case 'send':
      return `send ${step.request.purpose}`;
    case 'wait':
      return step.ms === null ? 'wait for an answer' : `wait ${Math.round(step.ms / 100) / 10} s`;
    case 'do':
      return step.task.type === 'lock' ? `lock, for at most ${step.task.ms / 1000} s` : step.task.type;
    case 'deliver':
      return 'deliver a new token to everyone who waits';
    case 'done':
      return 'outcome' in step ? `done: ${step.outcome.type.replace('_', ' ')}` : 'done: a credential';
    case 'failed':
      return `failed: ${step.error.type}`;
  }
}

function chip(kind: string, text: string): HTMLElement {
  return html('span', { class: `chip ${kind}` }, text);
}
