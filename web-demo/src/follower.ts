/** Follows a login through the machine: from the steps that it takes and the answers that it gets. */

import type { Result, Step } from 'grantflow';
import type { Diagram } from './diagram.js';
import { announce, byId } from './dom.js';
import { endName, endOf, parts, SIGNED_IN } from './machine.js';

/** What each kind of success is called in the machine's tables. */
const SUCCESSES = ['device codes', 'code and verifier', 'second token', 'tokens'];

export class Follower {
  #here: string | undefined;
  /** What came in since the last step. */
  #input: string | undefined;

  constructor(private readonly diagram: Diagram) {}

  begin(): void {
    this.#here = undefined;
    this.#input = undefined;
    this.diagram.clear();
    this.#name('A login begins');
  }

  /** An answer, or a redirect: the reason of the next transition. */
  heard(input: string): void {
    this.#input = input;
  }

  stepped(step: Step, state: string): void {
    const input = this.#input;
    this.#input = undefined;
    const isOver = state === 'Finished';
    const due = `${state}/Due`;
    const asks = this.diagram.door?.arrows.some(({ from }) => from === due);
    if (!isOver) this.#go(asks ? due : state, input);
    if (step.type === 'send') this.#go(`${state}/Sent`, 'poll');
    if (step.type === 'done') this.#go(SIGNED_IN, isOver ? input : 'poll');
    if (step.type === 'failed') this.#go(endOf(step.error.type), isOver ? input : 'poll');
  }

  #go(to: string, input: string | undefined): void {
    const from = this.#here;
    if (to === from) return;
    this.#here = to;
    this.diagram.at(to);
    if (from === undefined) return;
    this.diagram.took(from, to);
    const arrow = this.diagram.door?.arrows.find((arrow) => arrow.from === from && arrow.to === to);
    const name = nameIn(arrow?.inputs ?? [], input);
    this.#name(`${spoken(from)} → ${spoken(to)}: ${name}`);
    if (parts(from).state !== parts(to).state) announce(`${spoken(to)}: ${name}`);
  }

  #name(text: string): void {
    byId('transition').textContent = text;
  }
}

/** As the machine's tables have it. */
function nameIn(inputs: string[], input: string | undefined): string {
  const success = input === 'success' ? SUCCESSES.find((name) => inputs.includes(name)) : undefined;
  return success ?? input ?? inputs[0] ?? 'a step';
}

function spoken(row: string): string {
  const { state, phase } = parts(row);
  return phase ? `${state} (${phase})` : endName(state);
}

/** What an answer is, for the reader; the machine reads it for itself. */
export function nameOf(result: Result): string {
  if (result.type === 'not_sent') return 'not sent';
  if (result.type === 'lost') return 'lost';
  try {
    const { error } = JSON.parse(new TextDecoder().decode(result.body)) as { error?: unknown };
    const code = typeof error === 'object' ? (error as { code?: unknown } | null)?.code : error;
    if (typeof code === 'string') return code.replace(/^deviceauth_/, '');
    return result.status < 400 ? 'success' : `status ${result.status}`;
  } catch {
    return result.status === 429 ? '429 without an OAuth error' : `status ${result.status}, and no JSON`;
  }
}
