// The built demo on a loopback port, as any static host would serve it, with the headers of the command.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '..', 'dist');
const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css',
  js: 'text/javascript',
  json: 'application/json',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
};

/** As the page has it in its `meta`, and no frames. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "worker-src 'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors 'none'";

/** `policy` replaces the header; `page` changes the text of the page: both to plant faults. */
export async function serveDemo({ policy = POLICY, page } = {}) {
  const asked = [];
  const server = createServer(async ({ url }, response) => {
    const name = new URL(url, 'http://host').pathname.slice(1) || 'index.html';
    asked.push(url);
    const file = join(dist, name);
    if (!/^[\w./-]+$/.test(name) || name.includes('..') || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': TYPES[name.split('.').at(-1)] ?? 'application/octet-stream',
      'content-security-policy': policy,
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    if (page && name === 'index.html') {
      const { readFile } = await import('node:fs/promises');
      return response.end(page(await readFile(file, 'utf8')));
    }
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, asked, close: () => server.close() };
}
