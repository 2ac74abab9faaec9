/**
 * The relay for Node 20 and later: `GRANTFLOW_RELAY_ORIGINS=https://app.example node node.js`.
 * Beside the variables of `relay.js` it reads `PORT` (8787 unless set) and `HOST` (127.0.0.1 unless
 * set: put it behind the server that has the certificate). It prints its address once. Deno runs it too:
 * `deno run --allow-net --allow-env node.js`.
 */

import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { createRelay, settings } from './relay.js';

const { PORT = '8787', HOST = '127.0.0.1' } = process.env;
const allowed = settings(process.env);
if (allowed.origins.length === 0) {
  console.error('GRANTFLOW_RELAY_ORIGINS names nobody, so nobody could use this relay');
  process.exit(2);
}
const relay = createRelay(allowed);

const server = createServer((incoming, outgoing) => {
  respond(incoming, outgoing).catch(() => outgoing.destroy());
});
server.requestTimeout = 30_000;
server.listen(Number(PORT), HOST, () => {
  const { address, port } = server.address();
  console.log(`http://${address.includes(':') ? `[${address}]` : address}:${port}`);
});

async function respond(incoming, outgoing) {
  const answer = await relay.fetch(asRequest(incoming));
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body) await pipeline(Readable.fromWeb(answer.body), outgoing);
  else outgoing.end();
  // What is left of a body that was too long: a connection that is cut would take the answer along.
  incoming.resume();
}

/** Neither path nor host can matter to a relay that is not asked for them. */
function asRequest(incoming) {
  const { method, headers } = incoming;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = () => ReadableStream.from(incoming.iterator({ destroyOnReturn: false }));
  return new Request('http://relay.invalid/', {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
    ...(hasBody && { body: body(), duplex: 'half' }),
  });
}
