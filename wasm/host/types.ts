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

/**
 * A provider file as an object: `docs/provider-file.md` has every field. Without a `preset`, `id` and
 * `token_endpoint` are required.
 */
export interface Provider {
  /** A provider to start from, as `grantflow/providers` has some: what stands beside it differs. */
  preset?: Provider;
  /** Its name for programs, under which the credential is kept. */
  id?: string;
  /** Its name for people. */
  name?: string;
  /** What an `iss` in redirects has to equal (RFC 9207). */
  issuer?: string;
  /** Redirects always carry `iss` (RFC 9207 §3). */
  authorization_response_iss_parameter_supported?: boolean;
  /** Where people sign in (RFC 6749 §3.1). */
  authorization_endpoint?: string;
  /** Where codes and refresh tokens become tokens (RFC 6749 §3.2). */
  token_endpoint?: string;
  /** Where device logins begin (RFC 8628 §3.1). */
  device_authorization_endpoint?: string;
  /** Where a sign-out has its tokens revoked (RFC 7009 §2). */
  revocation_endpoint?: string;
  /** Who asks (RFC 6749 §2.2). */
  client_id?: string;
  /** For a client that has one; in a browser it is no secret (RFC 8252 §8.5). */
  client_secret?: string;
  /** How the client shows who it is (RFC 6749 §2.3.1). */
  token_endpoint_auth_method?: 'none' | 'client_secret_post' | 'client_secret_basic';
  /** Space-separated (RFC 6749 §3.3). */
  scope?: string;
  /** What stands for `{name}` in header templates. */
  variables?: Record<string, string>;
  /** Every other field of a provider file. */
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
  | {
      type: 'send';
      /** Its answer goes to `handleResponse`. */
      request: Request;
    }
  /** Poll again after `ms`, or sooner; where it is null only an input can move things. */
  | {
      type: 'wait';
      /** For so long at most. */
      ms: number | null;
    }
  | {
      type: 'done';
      /** The tokens. */
      credential: Credential;
    }
  | {
      type: 'failed';
      /** Why, and what to do next. */
      error: Failure;
    };

/** To be performed once, exactly as it stands, following no redirect. */
export interface Request {
  /** To be repeated with its answer. */
  id: number;
  /** What it is for. */
  purpose: Purpose;
  /** `GET` for the exchange of one token for another alone. */
  method: 'GET' | 'POST';
  /** One of the provider's endpoints. */
  url: string;
  /** All that it has to carry; names in lower case. */
  headers: Record<string, string>;
  /** Empty for GET. */
  body: string;
  /** How long it may take in all, in ms. */
  budget: number;
}

/** What a request is for. */
export type Purpose =
  | 'redeem_code'
  | 'request_device_code'
  | 'poll_device'
  | 'exchange_token'
  | 'refresh'
  | 'revoke';

/** What became of a request. */
export type Result =
  | {
      type: 'response';
      /** Of HTTP. */
      status: number;
      /** The header of that name. */
      retry_after?: string | null;
      /** As it came. */
      body: Uint8Array;
    }
  /** Not a byte of it left. */
  | { type: 'not_sent' }
  /** It may have arrived. */
  | { type: 'lost' };

/** What to show the person, until another takes its place. */
export type Prompt =
  | {
      type: 'open_url';
      /** One of these, the most convenient first. */
      sign_ins: SignIn[];
      /** When the login ends, on the clock of `Now.mono`. */
      deadline: number;
    }
  | {
      type: 'enter_code';
      /** What to enter, as it is to be shown. */
      user_code: string;
      /** Where. */
      verification_uri: string;
      /** The same with the code in it, for links and QR codes (RFC 8628 §3.3.1). */
      verification_uri_complete?: string;
      /** When the code ends, on the clock of `Now.mono`. */
      deadline: number;
    };

/** One address to open (RFC 6749 §4.1.1), and what will come of it. */
export interface SignIn {
  /** What to open. */
  url: string;
  /** Where it comes back to. */
  redirect_uri: string;
  /** `redirect`: the browser brings the answer. `page`: a page shows it, and the person pastes it. */
  way: 'redirect' | 'page';
}

/** Tokens (RFC 6749 §5.1) with what is needed to use and renew them. Times are ms since 1970. */
export interface Credential {
  /** The provider's id. */
  provider: string;
  /** The endpoints that it came from: it goes to no others. */
  origin: string;
  /** Whose it is. */
  client_id: string;
  /** What APIs want to see. */
  access_token: string;
  /** What renews it; where the provider rotates, it is good for once. */
  refresh_token?: string;
  /** The token that this one was exchanged for, where a provider works so. */
  subject_token?: string;
  /** Unverified: it says who the provider says it is. */
  id_token?: string;
  /** When it came. */
  obtained_at: number;
  /** When it ends, if that is known. */
  expires_at?: number;
  /** When the provider wants it renewed, if it says so. */
  renew_at?: number;
  /** Space-separated. */
  scope: string;
  /** The account at the provider. */
  account_id?: string;
  /** The account's address. */
  email?: string;
  /** What the account has paid for. */
  plan?: string;
  /** The account's organization. */
  organization?: string;
  /** Where the API is for this account. */
  api_base?: string;
  /** Members of the reply that have no field of their own. */
  extra: Record<string, unknown>;
}

/** An input was refused, and nothing happened. */
export interface Rejected {
  /** Why. */
  type: 'stale' | 'not_expected' | 'state_mismatch' | 'issuer_mismatch' | 'malformed';
  /** The same for people. */
  message: string;
}

/** What to do next; `docs/browser.md` says what each means for a page. */
export type Remedy =
  | 'sign_in_again'
  | 'retry_later'
  | 'fix_configuration'
  | 'ask_administrator'
  | 'use_another_flow'
  | 'use_owner_tool';

/** How it ended, and what to do next. It quotes no body and no token. */
export type Failure = {
  /** For people. */
  message: string;
  /** What to do next. */
  remedy: Remedy;
} & (
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
        | 'contested'
        | 'cancelled';
    }
  | {
      type: 'expired';
      /** How often the server wanted slower polls. */
      slow_downs: number;
    }
  | {
      type: 'refused';
      /** What the refused request was for. */
      purpose?: Purpose;
      /** The error code of the answer (RFC 6749 §5.2). */
      code?: string;
      /** Of HTTP. */
      status?: number;
    }
  | {
      type: 'unreachable';
      /** What became of the last try. */
      trouble: 'not_sent' | 'lost' | 'status' | 'unreadable';
    }
  | {
      type: 'store';
      /** What the store cannot do. */
      trouble: StoreTrouble;
    }
  /** A renewal was interrupted: the refresh token may be spent. */
  | {
      type: 'interrupted';
      /** Ms since 1970. */
      at: number;
      /** The tab or process that was renewing. */
      by: string;
      /** The token was presented a second time since, and that did not help. */
      is_last: boolean;
    }
  /** The client, a snapshot or a credential makes no sense, or there is no entropy: nothing began. */
  | { type: 'misconfigured' | 'snapshot' | 'no_entropy' }
);

/** What a renewal is to do, and for whom. Durations are ms. */
export interface Ask {
  /** Good for so long, and renewed so long before it lapses; or only while the access token has this digest. */
  due:
    | {
        /** Good for so long. */
        min_ttl: number;
        /** Renewed so long before it lapses; the provider's own unless set. */
        margin?: number;
      }
    | {
        /** The digest of an access token that an API has refused. */
        still: string;
      };
  /** The account that the record has to belong to. */
  account_id?: string;
  /** Who asks, in words that tell one tab or process from every other and carry no secret. */
  who: string;
  /** How long to wait for a lock. */
  patience?: number;
  /** How long a request may take. */
  budget?: number;
  /** Renew although it cannot be saved. */
  in_memory?: boolean;
}

/** What a renewal wants next. */
export type RenewalStep =
  | {
      type: 'do';
      /** To be repeated with the answer. */
      id: number;
      /** What to do. */
      task: Task;
    }
  | {
      type: 'send';
      /** Its answer goes to `handleResponse`. */
      request: Request;
    }
  /** Callers may use this from now on. It is not durable yet, so go on. */
  | {
      type: 'deliver';
      /** The tokens. */
      credential: Credential;
    }
  | {
      type: 'wait';
      /** For so long at most. */
      ms: number | null;
    }
  | {
      type: 'done';
      /** How. */
      outcome: Outcome;
    }
  | {
      type: 'failed';
      /** Why, and what to do next. */
      error: Failure;
    };

/** One thing to do where the record is kept. */
export type Task =
  | {
      type: 'lock';
      /** Ours, or that of the tool whose record it is. */
      lock: 'ours' | 'owner';
      /** How long to wait for it. */
      ms: number;
    }
  | { type: 'load' }
  | {
      type: 'alive';
      /** Whoever wrote a mark there. */
      who: string;
    }
  | { type: 'probe' }
  /** Where something else stands than what has this digest, or than nothing, it is `changed`. */
  | {
      type: 'note';
      /** The digest of what has to stand there. */
      in_place_of: string | null;
      /** Has no secret. */
      ledger: string;
    }
  | { type: 'confirm' }
  | {
      type: 'stash';
      /** The digest of what has to stand there. */
      in_place_of: string | null;
      /** Secret; `null` takes it away. */
      stash: string | null;
    }
  | {
      type: 'save';
      /** What has to stand there, as `isExpected` compares it. */
      expected: string | null;
      /** What to put there. */
      credential: Credential;
    }
  | { type: 'remove' }
  | { type: 'unlock' };

/** What a store cannot do. */
export type StoreTrouble = 'unreadable' | 'not_writable' | 'no_lock' | 'newer';

/** What became of a task. */
export type Answer =
  | { type: 'done' }
  | { type: 'held' }
  | {
      type: 'loaded';
      /** What stands there. */
      record?: Credential;
      /** It is another tool's to renew. */
      is_borrowed?: boolean;
      /** What a renewal wrote down. */
      ledger?: string;
      /** New tokens on their way into the record. */
      stash?: string;
    }
  | {
      type: 'alive';
      /** Whether it still runs. */
      alive: boolean;
    }
  | {
      type: 'changed';
      /** What stands there. */
      record?: Credential;
    }
  | {
      type: 'failed';
      /** Which. */
      trouble: StoreTrouble;
    };

/** How a renewal, a sign-in or a sign-out went well. */
export type Outcome =
  | {
      type: 'adopted' | 'recovered';
      /** The tokens. */
      credential: Credential;
    }
  | {
      type: 'renewed';
      /** The tokens. */
      credential: Credential;
      /** Where the tokens are now. */
      kept: 'saved' | 'stashed' | 'in_memory';
    }
  | {
      type: 'still_good';
      /** The old tokens: they last a while yet. */
      credential: Credential;
      /** Why there are no new ones. */
      error: Failure;
    }
  /** In the record, or waiting beside it. */
  | {
      type: 'signed_in';
      /** Where the tokens are now. */
      kept: 'saved' | 'stashed' | 'in_memory';
    }
  | {
      type: 'signed_out';
      /** Whether somebody was signed in. */
      was_there: boolean;
      /** What the server made of it. */
      revoked: 'yes' | 'not_offered' | 'failed';
    };
