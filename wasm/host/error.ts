/** Everything that this package throws, but for what a caller's own signal has as its reason. */

import { isOffline } from './transport.js';
import type { Failure, Rejected, Remedy, StoreTrouble } from './wasm.js';

/** What can go wrong in a browser alone. */
export type BrowserFailure = {
  /** For people. */
  message: string;
  /** What to do next. */
  remedy: Remedy;
} & {
  /** Which. */
  type:
    /** The browser did not open the window: call from a click, or show a link. */
    | 'popup_blocked'
    /** The page is not served over https or from this machine, or the browser lacks something. */
    | 'unsupported'
    /** The person went away to sign in, and came back by the way back. */
    | 'came_back'
    /** `fetch` was asked to send a token to an origin that is not on the list. */
    | 'origin_not_allowed';
};

/** How it ended. `failure.type` tells which, `failure.remedy` what to do next. */
export class GrantflowError extends Error {
  /** Tells it from other errors, also from another copy of this package. */
  override readonly name = 'GrantflowError';
  /** How it ended, and what to do next. */
  readonly failure: Failure | BrowserFailure;

  constructor(failure: Failure | BrowserFailure) {
    super(isUnanswered(failure) ? failure.message + whyUnreachable() : failure.message);
    this.failure = failure;
  }
}

/** A redirect or a paste was refused, and the login waits as before. */
export class RejectedError extends Error {
  /** Tells it from other errors, also from another copy of this package. */
  override readonly name = 'RejectedError';
  /** Why. */
  readonly rejected: Rejected;

  constructor(rejected: Rejected) {
    super(rejected.message);
    this.rejected = rejected;
  }
}

export function browserFailure(
  type: BrowserFailure['type'],
  message: string,
  remedy: Remedy = 'fix_configuration',
): GrantflowError {
  return new GrantflowError({ type, message, remedy });
}

/** What a store of the browser could not do: a `DOMException` says little more than its name. */
export function storeFailure(trouble: StoreTrouble, why: unknown): GrantflowError {
  const { name } = (why ?? {}) as { name?: string };
  const message = `this browser ${trouble === 'unreadable' ? 'reads' : 'keeps'} nothing for this page: ${name}`;
  return new GrantflowError({ type: 'store', trouble, message, remedy: 'fix_configuration' });
}

/** What a machine throws is a plain object; callers get an error. */
export function thrown<T>(make: () => T): T {
  try {
    return make();
  } catch (why) {
    throw isFailure(why) ? new GrantflowError(why) : why;
  }
}

function isFailure(why: unknown): why is Failure {
  return typeof why === 'object' && why !== null && 'remedy' in why && !(why instanceof Error);
}

/** Nothing came back at all; a bad answer has nothing to do with the browser. */
function isUnanswered(failure: Failure | BrowserFailure): boolean {
  return failure.type === 'unreachable' && ['not_sent', 'lost'].includes(failure.trouble);
}

/** A browser gives one error for all of these, so that pages learn nothing of other servers. */
function whyUnreachable(): string {
  const offline = isOffline() ? ' (it says that it is offline)' : '';
  return (
    `. A browser does not tell more${offline}: there may be no network, an extension may block the ` +
    `request, or the server may not allow pages of other origins (CORS); then a relay helps`
  );
}
