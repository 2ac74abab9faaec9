// The application's own server: static pages with chosen headers, on an origin of its own.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';

const PAGES = join(import.meta.dirname, 'pages');
const PACKAGE = join(import.meta.dirname, '../../dist');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/**
 * `told` has the paths that pages asked for, and the bodies of what they posted. `callback`: the page at the `redirect_uri`, which is `callback.html` for logins in a window and
 * `app.html` for logins by redirect. `folder`: instead of the pages of these tests.
 */
export async function site(t, { headers = {}, callback = 'callback.html', folder = PAGES } = {}) {
  const told = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    told.push(request.method === 'POST' ? await text(request) : pathname);
    try {
      const [from, name] = place(pathname, callback, folder);
      const body = await readFile(join(from, normalize(name)));
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain', ...headers });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address();
  const origin = `http://127.0.0.1:${port}`;
  return { origin, port, app: `${origin}/`, redirect_uri: `${origin}/callback`, told };
}

function place(pathname, callback, folder) {
  if (pathname.startsWith('/grantflow/')) return [PACKAGE, pathname.slice('/grantflow/'.length)];
  if (pathname === '/') return [folder, folder === PAGES ? 'app.html' : 'index.html'];
  if (pathname === '/callback') return [PAGES, callback];
  if (pathname === '/callback.js') return [PAGES, 'callback.js'];
  return [folder, pathname.slice(1)];
}
