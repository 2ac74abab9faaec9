/**
 * Logins for agents in the browser: popup, redirect, device code and paste, and renewal that no tab
 * loses. All decisions are those of one machine, in wasm; this is the host that performs them.
 *
 * ```ts
 * import { init, connect } from 'grantflow';
 *
 * await init();
 * const acme = connect({
 *   provider: {
 *     id: 'acme',
 *     client_id: 'my-app',
 *     authorization_endpoint: 'https://login.acme.example/authorize',
 *     token_endpoint: 'https://login.acme.example/token',
 *   },
 *   origins: ['https://api.acme.example'],
 * });
 * button.onclick = () => acme.login({ by: 'popup', redirect_uri: location.origin + '/callback.html' });
 * const reply = await acme.fetch('https://api.acme.example/v1/models');
 * ```
 *
 * @packageDocumentation
 */

export { connect, type Access, type Connection, type ConnectOptions } from './connect.js';
export type { Shown, Watch } from './drive.js';
export { GrantflowError, RejectedError, type BrowserFailure } from './error.js';
export { indexedDbStore } from './indexed-store.js';
export type { Held, Locks } from './locks.js';
export type { LoginOptions } from './logins.js';
export { memoryStore, type Kept, type Pending, type PendingLogins, type Saved, type Store } from './store.js';
export { direct, relay, type Transport } from './transport.js';
export { apiHeaders, digest, Flow, init, isExpected, isWanting, Renewal, stateDigest } from './wasm.js';
export type {
  Answer,
  Ask,
  Client,
  Credential,
  Failure,
  InitInput,
  Now,
  Outcome,
  Prompt,
  Provider,
  Purpose,
  Redirects,
  Rejected,
  Remedy,
  RenewalStep,
  Request,
  Result,
  SignIn,
  Step,
  StoreTrouble,
  Task,
} from './wasm.js';
