// The authorization servers, each on an origin of its own: the test server, which is strict and finds
// what its clients do wrong, and npm `oidc-provider`, which nobody here wrote.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { until } from './waiting.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const TEST_SERVER = process.env.GRANTFLOW_TEST_SERVER ?? join(TARGET, 'debug/grantflow-test-server');

/** The test server, with what `docs/test-server.md` has for options. */
export async function testServer(t, { dialect = 'standard', ...options } = {}) {
  assert.ok(existsSync(TEST_SERVER), `build it first: cargo build -p grantflow-test-server --features http`);
  const chosen = Object.entries({ dialect, ...options });
  const args = chosen.flatMap(([name, value]) => [value].flat().map((one) => `--${name}=${one}`));
  const lines = await start(t, TEST_SERVER, [...args, '--cors']);
  const { address } = JSON.parse(await lines.first);
  const log = [];
  lines.rest((line) => log.push(JSON.parse(line)));
  const of = (grant_type) => log.filter((entry) => entry.grant_type === grant_type);
  return {
    address,
    log,
    provider: providerAt(address),
    /** Requests of this kind, once there are so many. */
    seen: (grant_type, count = 1) => until(() => of(grant_type).length >= count && of(grant_type), grant_type),
    count: (grant_type) => of(grant_type).length,
    /** What the client did wrong. Forms of the server's own pages repeat the query of their address. */
    findings: () => log.filter((entry) => !isForm(entry)).flatMap(({ findings }) => findings),
  };
}

/**
 * A token endpoint in front of the server's, on an origin of its own, that can keep a request for ever:
 * what is kept has not arrived.
 */
export async function gate(t, { address, provider }) {
  const gate = { kept: 0, isKeeping: false };
  const front = createServer(async (request, response) => {
    if (gate.isKeeping) return void (gate.kept += 1);
    const { headers, method, url } = request;
    const body = method === 'POST' ? await text(request) : undefined;
    const answer = await fetch(address + url, { method, headers: { 'content-type': headers['content-type'] ?? '' }, body });
    response.writeHead(answer.status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
    response.end(await answer.text());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => {
    front.close();
    front.closeAllConnections();
  });
  const token_endpoint = `http://127.0.0.1:${front.address().port}/token`;
  return Object.assign(gate, { provider: { ...provider, token_endpoint } });
}

export async function oidcProvider(t) {
  const program = join(ROOT, 'tests/peers/oidc-provider.mjs');
  const lines = await start(t, process.execPath, [program]);
  const { issuer, clients } = JSON.parse(await lines.first);
  lines.rest(() => {});
  const control = async (name, choices = {}) => {
    const body = JSON.stringify(choices);
    const response = await fetch(`${issuer}/control/${name}`, { method: 'POST', body });
    return response.json();
  };
  return {
    address: issuer,
    control,
    requests: async (grant) => {
      const { requests } = await control('requests');
      return requests.filter(({ grant_type }) => grant_type === grant);
    },
    provider: {
      id: 'oidc-provider',
      client_id: clients.public.client_id,
      issuer,
      authorization_response_iss_parameter_supported: true,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      device_authorization_endpoint: `${issuer}/device/auth`,
      revocation_endpoint: `${issuer}/token/revocation`,
      scope: 'openid offline_access api',
    },
  };
}

const isForm = ({ method, endpoint }) => method === 'POST' && PAGES.includes(endpoint);
const PAGES = ['authorization', 'verification'];

function providerAt(address) {
  return {
    id: 'standard',
    client_id: 'test-client',
    issuer: address,
    authorization_response_iss_parameter_supported: true,
    authorization_endpoint: `${address}/authorize`,
    token_endpoint: `${address}/token`,
    device_authorization_endpoint: `${address}/device_authorization`,
    revocation_endpoint: `${address}/revoke`,
    scope: 'openid offline_access',
  };
}

/** A program that tells in its first line where it listens. It ends with the test. */
async function start(t, program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => child.kill());
  const lines = createInterface(child.stdout);
  const ended = once(child, 'exit').then(([code]) => assert.fail(`${program} ended with ${code}`));
  ended.catch(() => {});
  const first = Promise.race([once(lines, 'line').then(([line]) => line), ended]);
  return { first, rest: (each) => lines.on('line', each) };
}
