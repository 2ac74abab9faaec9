/** The five servers, as an application of grantflow describes them. */

import type { Provider } from 'grantflow';
import { providers } from 'grantflow/providers';
import { issuer, type Dialect } from './protocol.js';

export type Flow = 'popup' | 'redirect' | 'device' | 'paste';

export const FLOWS: Record<Flow, { name: string; about: string }> = {
  popup: { name: 'Popup', about: 'The sign-in page opens in a window of its own, which hands over its answer and closes.' },
  redirect: { name: 'Redirect', about: 'This page leaves for the sign-in page, and goes on when it is sent back.' },
  device: { name: 'Device', about: 'A code is shown here and entered elsewhere, while this page asks again and again.' },
  paste: { name: 'Paste', about: 'The sign-in page shows a code, which is carried here by hand.' },
};

export interface Vendor {
  name: string;
  manners: string;
  flows: Flow[];
  hasApi: boolean;
  /** Where its endpoints are, on a server of this page. */
  provider(at: string): Provider;
}

export const VENDORS: Record<Dialect, Vendor> = {
  standard: {
    name: 'By the book',
    manners: 'RFC 6749, 7636, 8628 and 9207, and nothing else',
    flows: ['device', 'popup', 'redirect'],
    hasApi: true,
    provider: (at) => ({
      issuer: at,
      authorization_response_iss_parameter_supported: true,
      client_id: 'test-client',
      scope: 'openid offline_access',
      authorization_endpoint: `${at}/authorize`,
      token_endpoint: `${at}/token`,
      device_authorization_endpoint: `${at}/device_authorization`,
      revocation_endpoint: `${at}/revoke`,
    }),
  },
  anthropic: {
    name: 'Anthropic',
    manners: 'JSON requests, a page that shows code#state; browsers elsewhere need a relay',
    flows: ['popup', 'redirect', 'paste'],
    hasApi: true,
    provider: (at) => ({
      ...presetOf('anthropic'),
      authorization_endpoint: `${at}/oauth/authorize`,
      token_endpoint: `${at}/v1/oauth/token`,
      revocation_endpoint: `${at}/v1/oauth/revoke`,
      authorization: { page: { redirect_uri: `${at}/oauth/code/callback`, shows_state: true } },
    }),
  },
  codex: {
    name: 'Codex',
    manners: 'JWTs with the account in them, a device login that yields a code',
    flows: ['device', 'popup', 'redirect'],
    hasApi: true,
    provider: (at) => ({
      ...presetOf('openai-codex'),
      issuer: at,
      authorization_endpoint: `${at}/oauth/authorize`,
      token_endpoint: `${at}/oauth/token`,
      revocation_endpoint: `${at}/oauth/revoke`,
      device_authorization_endpoint: `${at}/api/accounts/deviceauth/usercode`,
      device: {
        poll_endpoint: `${at}/api/accounts/deviceauth/token`,
        dialect: {
          authorization_code: {
            redirect_uri: `${at}/deviceauth/callback`,
            verification_uri: `${at}/codex/device`,
          },
        },
      },
    }),
  },
  github: {
    name: 'GitHub Copilot',
    manners: 'errors with status 200, and a second token after the first',
    flows: ['device'],
    hasApi: false,
    provider: (at) => ({
      ...presetOf('github-copilot'),
      device_authorization_endpoint: `${at}/login/device/code`,
      token_endpoint: `${at}/login/oauth/access_token`,
      then: { endpoint: `${at}/copilot_internal/v2/token` },
      variables: { editor_version: 'demo/1', plugin_version: 'demo/1', integration_id: 'demo' },
    }),
  },
  google: {
    name: 'Google',
    manners: 'a client secret that is none, 428 while nobody has decided',
    flows: ['device', 'popup', 'redirect'],
    hasApi: true,
    provider: (at) => ({
      ...presetOf('google'),
      issuer: at,
      client_id: 'test-client.apps.googleusercontent.com',
      client_secret: 'test secret+100%',
      authorization_endpoint: `${at}/o/oauth2/v2/auth`,
      token_endpoint: `${at}/token`,
      revocation_endpoint: `${at}/revoke`,
      device_authorization_endpoint: `${at}/device/code`,
    }),
  },
};

function presetOf(id: string): Pick<Provider, 'preset'> {
  const preset = providers[id];
  return preset ? { preset } : {};
}

export function providerOf(scope: string, dialect: Dialect): Provider {
  const { name, provider } = VENDORS[dialect];
  return { ...provider(issuer(scope, dialect)), id: `demo-${dialect}`, name };
}

/** The door of `machine.json` that a login goes through. */
export function doorOf(dialect: Dialect, flow: Flow): string {
  if (flow !== 'device') return 'authorization code';
  if (dialect === 'github') return 'device, then a second token';
  return dialect === 'codex' ? 'device that yields a code' : 'device';
}
