// The package as Node gets it, loaded; and a client to begin with.

import { init } from '../dist/node.js';

export * from '../dist/node.js';

await init();

export const client = Object.freeze({
  provider: {
    id: 'acme',
    client_id: 'my-app',
    issuer: 'https://as.example',
    authorization_endpoint: 'https://as.example/authorize',
    token_endpoint: 'https://as.example/token',
    device_authorization_endpoint: 'https://as.example/device_authorization',
    revocation_endpoint: 'https://as.example/revoke',
    scope: 'openid',
  },
});

const page = { redirect_uri: 'https://as.example/code', shows_state: true };
/** The same, with a page that shows a code to paste. */
export const pasting = Object.freeze({ provider: { ...client.provider, authorization: { page } } });

export function codeOf({ sign_ins: [{ url }] }) {
  return `the-code#${new URL(url).searchParams.get('state')}`;
}

export const DAWN = Object.freeze({ wall: 1_780_000_000_000, mono: 1000 });

export const later = (ms, { wall, mono } = DAWN) => ({ wall: wall + ms, mono: mono + ms });

export function json(body, status = 200, more = {}) {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  return { type: 'response', status, body: bytes, ...more };
}

export const tokens = (name = '1', more = {}) =>
  json({
    access_token: `access-${name}`,
    refresh_token: `refresh-${name}`,
    token_type: 'Bearer',
    expires_in: 3600,
    ...more,
  });

export const codes = (more = {}) =>
  json({
    device_code: 'the-device-code',
    user_code: 'WDJB-MJHT',
    verification_uri: 'https://as.example/device',
    expires_in: 600,
    interval: 5,
    ...more,
  });

/** Where a browser would be sent by somebody who agrees. */
export function approved(flow, code = 'the-code') {
  const { url, redirect_uri } = flow.prompt().sign_ins[0];
  const state = new URL(url).searchParams.get('state');
  return `${redirect_uri}?code=${code}&state=${state}`;
}
