/** The one loop of a login: poll; save; do what the step says; tell the flow what happened; repeat. */

import { now, Waiting } from './clock.js';
import { GrantflowError } from './error.js';
import { perform, type Transport } from './transport.js';
import type { Credential, Flow, Prompt, Rejected, Step } from './wasm.js';

/** What a login shows, and how a person answers it. */
export type Shown = Prompt & {
  /** Takes what the person pasted. What is refused changes nothing. */
  paste(text: string): Rejected | undefined;
};

/** How an application follows a login, and gives it up. */
export interface Watch {
  /** Show this until another takes its place; `undefined`: there is nothing to show any more. */
  onPrompt?(prompt: Shown | undefined): void;
  /** Each step and the state that it came from, for logs and diagrams. Steps carry secrets. */
  onStep?(step: Step, state: string): void;
  /** Something came back that is not this login's, and changed nothing: a wrong `state`, a wrong `iss`. */
  onRejected?(rejected: Rejected): void;
  /** Gives the login up; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

export class Driver {
  readonly #waiting = new Waiting();
  #shown: string | undefined;
  #isOver = false;

  constructor(
    readonly flow: Flow,
    private readonly transport: Transport,
    private readonly watch: Watch,
    private readonly keep: (snapshot: string | undefined) => Promise<void>,
  ) {}

  /** A redirect, as it came. */
  redirected(by: 'callback' | 'pasted', text: string): Rejected | undefined {
    if (this.#isOver) return OVER;
    const rejected = this.flow.handleRedirect(now(), by, text);
    if (rejected) this.watch.onRejected?.(rejected);
    else this.#waiting.wake();
    return rejected;
  }

  async drive(): Promise<Credential> {
    const { flow, watch } = this;
    const signal = watch.signal ?? new AbortController().signal;
    try {
      for (;;) {
        signal.throwIfAborted();
        const state = flow.state;
        const step = flow.poll(now()); // poll
        await this.keep(flow.save()); // save
        watch.onStep?.(step, state);
        this.#show();
        switch (step.type) {
          case 'send': {
            const result = await perform(this.transport, step.request, signal); // do what the step says
            flow.handleResponse(now(), step.request.id, result); // tell what happened
            break;
          }
          case 'wait':
            await this.#waiting.sleep(step.ms, signal);
            break;
          case 'done':
            return step.credential;
          case 'failed':
            throw new GrantflowError(step.error);
        } // repeat
      }
    } finally {
      this.#isOver = true;
      flow.free();
      if (this.#shown !== undefined) watch.onPrompt?.(undefined);
    }
  }

  #show(): void {
    const prompt = this.flow.prompt();
    const shown = prompt && JSON.stringify(prompt);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.watch.onPrompt?.(prompt && { ...prompt, paste: (text) => this.redirected('pasted', text) });
  }
}

/** There is no machine any more that could say so. */
const OVER: Rejected = { type: 'not_expected', message: 'this login is over' };
