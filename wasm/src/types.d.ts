/** The moment of a call, read from both of the host's clocks. They are never mixed. */
export interface Now {
  /** Milliseconds since 1970: `Date.now()`. It dates credentials. */
  wall: number;
  /** Milliseconds since any fixed point: `performance.now()`. It paces and ends every wait. */
  mono: number;
}

/** Who asks whom. */
export interface Client {
  /** By the names of RFC 8414 §2. */
  provider: Provider;
  /** How long to wait for a person, in ms: 10 minutes, or the life of a device code, unless set. */
  patience?: number;
}

/** A provider file as an object: `docs/provider-file.md` has every field. There are no presets here. */
export interface Provider {
  id: string;
  name?: string;
  issuer?: string;
  authorization_response_iss_parameter_supported?: boolean;
  authorization_endpoint?: string;
  token_endpoint: string;
  device_authorization_endpoint?: string;
  revocation_endpoint?: string;
  client_id?: string;
  /** For a client that has one; in a browser it is no secret (RFC 8252 §8.5). */
  client_secret?: string;
  token_endpoint_auth_method?: 'none' | 'client_secret_post' | 'client_secret_basic';
  /** Space-separated (RFC 6749 §3.3). */
  scope?: string;
  /** What stands for `{name}` in header templates. */
  variables?: Record<string, string>;
  [field: string]: unknown;
}

/** The ways back from the sign-in page; each gets a `state` of its own. */
export interface Redirects {
  /** A page of the caller's own: https, or http on this machine (RFC 6749 §3.1.2). */
  redirect_uri?: string;
  /** The provider's page that shows the code for pasting. */
  page?: boolean;
}

/** What came back from the sign-in page: by a redirect, or pasted by a person. */
export type Redirect = { type: 'callback'; text: string } | { type: 'pasted'; text: string };

/** What to do next. */
export type Step =
  | { type: 'send'; request: Request }
  /** Poll again after `ms`, or sooner; where it is null only an input can move things. */
  | { type: 'wait'; ms: number | null }
  | { type: 'done'; credential: Credential }
  | { type: 'failed'; error: Failure };

/** To be performed once, exactly as it stands, following no redirect. */
export interface Request {
  id: number;
  purpose: Purpose;
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Empty for GET. */
  body: string;
  /** How long it may take in all, in ms. */
  budget: number;
}

export type Purpose =
  | 'redeem_code'
  | 'request_device_code'
  | 'poll_device'
  | 'exchange_token'
  | 'refresh'
  | 'revoke';

/** What became of a request. */
export type Result =
  | { type: 'response'; status: number; retry_after?: string | null; body: Uint8Array }
  /** Not a byte of it left. */
  | { type: 'not_sent' }
  /** It may have arrived. */
  | { type: 'lost' };

/** What to show the person, until another takes its place. */
export type Prompt =
  | { type: 'open_url'; sign_ins: SignIn[]; deadline: number }
  | {
      type: 'enter_code';
      user_code: string;
      verification_uri: string;
      verification_uri_complete?: string;
      /** Monotonic ms. */
      deadline: number;
    };

/** One address to open (RFC 6749 §4.1.1), and what will come of it. */
export interface SignIn {
  url: string;
  redirect_uri: string;
  /** `redirect`: the browser brings the answer. `page`: a page shows it, and the person pastes it. */
  way: 'redirect' | 'page';
}

/** Tokens (RFC 6749 §5.1) with what is needed to use and renew them. Times are ms since 1970. */
export interface Credential {
  provider: string;
  origin: string;
  client_id: string;
  access_token: string;
  refresh_token?: string;
  subject_token?: string;
  id_token?: string;
  obtained_at: number;
  expires_at?: number;
  renew_at?: number;
  /** Space-separated. */
  scope: string;
  account_id?: string;
  email?: string;
  plan?: string;
  organization?: string;
  api_base?: string;
  extra: Record<string, unknown>;
}

/** An input was refused, and nothing happened. */
export interface Rejected {
  type: 'stale' | 'not_expected' | 'state_mismatch' | 'issuer_mismatch' | 'malformed';
  message: string;
}

export type Remedy =
  | 'sign_in_again'
  | 'retry_later'
  | 'fix_configuration'
  | 'ask_administrator'
  | 'use_another_flow'
  | 'use_owner_tool';

/** How it ended, and what to do next. It quotes no body and no token. */
export type Failure = { message: string; remedy: Remedy } & (
  | {
      type:
        | 'denied'
        | 'invalid_grant'
        | 'device_login_unavailable'
        | 'bad_response'
        | 'outcome_unknown'
        | 'no_account_id'
        | 'signed_out'
        | 'account_mismatch'
        | 'foreign_credential'
        | 'not_renewable'
        | 'borrowed'
        | 'busy'
        | 'superseded'
        | 'cancelled';
    }
  | { type: 'expired'; slow_downs: number }
  | { type: 'refused'; purpose?: Purpose; code?: string; status?: number }
  | { type: 'unreachable'; trouble: 'not_sent' | 'lost' | 'status' | 'unreadable' }
  | { type: 'store'; trouble: StoreTrouble }
  /** A renewal was interrupted: the refresh token may be spent. */
  | { type: 'interrupted'; at: number; by: string; is_last: boolean }
  /** The client, a snapshot or a credential makes no sense, or there is no entropy: nothing began. */
  | { type: 'misconfigured' | 'snapshot' | 'no_entropy' }
);

/** What a renewal is to do, and for whom. Durations are ms. */
export interface Ask {
  /** Good for so long, and renewed so long before it lapses; or only while the access token has this digest. */
  due: { min_ttl: number; margin?: number } | { still: string };
  /** The account that the record has to belong to. */
  account_id?: string;
  /** Who asks, in words that tell one tab or process from every other and carry no secret. */
  who: string;
  patience?: number;
  budget?: number;
  /** Renew although it cannot be saved. */
  in_memory?: boolean;
}

/** What a renewal wants next. */
export type RenewalStep =
  | { type: 'do'; id: number; task: Task }
  | { type: 'send'; request: Request }
  /** Callers may use this from now on. It is not durable yet, so go on. */
  | { type: 'deliver'; credential: Credential }
  | { type: 'wait'; ms: number | null }
  | { type: 'done'; outcome: Outcome }
  | { type: 'failed'; error: Failure };

/** One thing to do where the record is kept. */
export type Task =
  | { type: 'lock'; lock: 'ours' | 'owner'; ms: number }
  | { type: 'load' }
  | { type: 'alive'; who: string }
  | { type: 'probe' }
  /** Where something else stands than what has this digest, or than nothing, it is `changed`. */
  | { type: 'note'; in_place_of: string | null; ledger: string }
  | { type: 'confirm' }
  | { type: 'stash'; in_place_of: string | null; stash: string | null }
  | { type: 'save'; expected: string | null; credential: Credential }
  | { type: 'remove' }
  | { type: 'unlock' };

export type StoreTrouble = 'unreadable' | 'not_writable' | 'no_lock' | 'newer';

/** What became of a task. */
export type Answer =
  | { type: 'done' }
  | { type: 'held' }
  | { type: 'loaded'; record?: Credential; is_borrowed?: boolean; ledger?: string; stash?: string }
  | { type: 'alive'; alive: boolean }
  | { type: 'changed'; record?: Credential }
  | { type: 'failed'; trouble: StoreTrouble };

/** How a renewal, a sign-in or a sign-out went well. */
export type Outcome =
  | { type: 'adopted' | 'recovered'; credential: Credential }
  | { type: 'renewed'; credential: Credential; kept: 'saved' | 'stashed' | 'in_memory' }
  | { type: 'still_good'; credential: Credential; error: Failure }
  /** In the record, or waiting beside it. */
  | { type: 'signed_in'; kept: 'saved' | 'stashed' | 'in_memory' }
  | { type: 'signed_out'; was_there: boolean; revoked: 'yes' | 'not_offered' | 'failed' };
