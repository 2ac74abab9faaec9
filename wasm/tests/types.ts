// Only its types are checked: every union can be taken apart to its end, and what is wrong is an error.

import {
  connect, Flow, memoryStore,
  type Answer, type Client, type Failure, type Now, type Outcome, type Prompt, type RenewalStep, type Step, type Task,
} from '../dist/index.js';

export function ofStep(step: Step): string {
  switch (step.type) {
    case 'send': return step.request.url;
    case 'wait': return String(step.ms?.toFixed());
    case 'done': return step.credential.access_token;
    case 'failed': return step.error.remedy;
    default: return never(step);
  }
}

export function ofPrompt(prompt: Prompt): string {
  switch (prompt.type) {
    case 'open_url': return prompt.sign_ins.map(({ url, way }) => url + way).join();
    case 'enter_code': return prompt.user_code + (prompt.verification_uri_complete ?? prompt.verification_uri);
    default: return never(prompt);
  }
}

export function ofFailure(failure: Failure): string | number | boolean | undefined {
  switch (failure.type) {
    case 'denied': case 'invalid_grant': case 'device_login_unavailable': case 'bad_response': case 'outcome_unknown':
    case 'no_account_id': case 'signed_out': case 'account_mismatch': case 'foreign_credential': case 'not_renewable':
    case 'borrowed': case 'busy': case 'superseded': case 'contested': case 'cancelled': case 'misconfigured': case 'snapshot':
    case 'no_entropy': return failure.message;
    case 'expired': return failure.slow_downs;
    case 'refused': return failure.code ?? failure.purpose ?? failure.status;
    case 'unreachable': return failure.trouble;
    case 'store': return failure.trouble;
    case 'interrupted': return failure.is_last || failure.by + failure.at;
    default: return never(failure);
  }
}

export function ofRenewal(step: RenewalStep): string | null {
  switch (step.type) {
    case 'do': return ofTask(step.task);
    case 'send': return step.request.body;
    case 'deliver': return step.credential.access_token;
    case 'wait': return String(step.ms);
    case 'done': return ofOutcome(step.outcome);
    case 'failed': return step.error.type;
    default: return never(step);
  }
}

export function ofTask(task: Task): string | null {
  switch (task.type) {
    case 'lock': return task.lock + task.ms;
    case 'alive': return task.who;
    case 'note': return task.in_place_of ?? task.ledger;
    case 'stash': return task.stash;
    case 'save': return task.expected ?? task.credential.origin;
    case 'load': case 'probe': case 'confirm': case 'remove': case 'unlock': return null;
    default: return never(task);
  }
}

export function ofOutcome(outcome: Outcome): string {
  switch (outcome.type) {
    case 'adopted': case 'recovered': return outcome.credential.access_token;
    case 'renewed': return outcome.kept;
    case 'still_good': return outcome.error.message;
    case 'signed_in': return outcome.kept;
    case 'signed_out': return outcome.revoked + outcome.was_there;
    default: return never(outcome);
  }
}

const now: Now = { wall: Date.now(), mono: performance.now() };
export const client: Client = { provider: { preset: { id: 'acme', token_endpoint: 'https://login.acme.example/token' } }, patience: 1000 };
export const answer: Answer = { type: 'loaded', ledger: '' };
export const connection = connect({ ...client, store: memoryStore(), origins: ['https://api.example'] });

// @ts-expect-error A machine comes from a door, not from `new`.
new Flow();
// @ts-expect-error A redirect came or was pasted; there is no third way.
Flow.device(client, '', now).handleRedirect(now, 'typed', '');
// @ts-expect-error A popup leads back to somewhere.
void connection.login({ by: 'popup' });
// @ts-expect-error There is no implicit door.
void connection.login({ by: 'implicit', redirect_uri: 'https://app.example/callback' });
// @ts-expect-error What a caller gets cannot be used to renew.
void connection.access().then(({ refresh_token }) => refresh_token);
// @ts-expect-error A step that waits has no request.
export const wrong = (step: Step & { type: 'wait' }) => step.request;
// @ts-expect-error Both clocks are needed.
export const half: Now = { wall: 1 };

function never(it: never): never {
  throw new Error(String(it));
}
