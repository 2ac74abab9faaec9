/** What the page and its service worker say to each other. */

export const DIALECTS = ['standard', 'anthropic', 'codex', 'github', 'google'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** One request as the server wrote it down (`docs/test-server.md`). It holds no secret. */
export interface LogEntry {
  at_ms: number;
  method: string;
  path: string;
  endpoint: string;
  grant_type: string | null;
  presented: Record<string, string>;
  findings: { finding: string; name?: string }[];
  faults: string[];
  outcome: string;
  status: number | null;
  error: string | null;
}

/** What a page asks of the server beside HTTP. */
export type Wish =
  | { type: 'look'; dialect: Dialect }
  /** These faults, and no others. */
  | { type: 'faults'; dialect: Dialect; rules: string[] }
  | { type: 'step_clock'; dialect: Dialect; ms: number }
  | { type: 'revoke_all'; dialect: Dialect }
  /** Every server, and all that was written down of it. */
  | { type: 'forget' }
  /** Become this page's, though it was loaded past you. */
  | { type: 'claim' };

/** How a server stands. */
export interface Standing {
  dialect: Dialect;
  /** The requests from this index on. */
  from: number;
  entries: LogEntry[];
  /** The names of what can still go wrong. */
  faults: string[];
  ahead_ms: number;
  /** What happened between the server and its client. */
  note?: string;
}

/** Where every page hears of every request. */
export const CHANNEL = 'grantflow-demo server';

/** This page stops waiting for an answer after so long… */
export const PATIENCE_MS = 4000;
/** … and a late one comes after that. */
export const LATE_MS = 6000;

/** How long an access token of the demo's server lives. */
export const ACCESS_TOKEN_LIFE_MS = 600_000;

export function issuer(scope: string, dialect: Dialect): string {
  return `${scope}as/${dialect}`;
}

/** The pages that a login may come back to: a window's, and the demo itself. */
export function redirectUris(scope: string): { popup: string; redirect: string } {
  return { popup: `${scope}callback.html`, redirect: scope };
}
