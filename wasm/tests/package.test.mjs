// What is published: the wanted files, types that can be taken apart to their end, and one address for
// each entry.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { covers } from './covers.mjs';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..');
const { exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('the package has the wanted files and no more', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] }));
  const names = files.map(({ path }) => path);
  const types = ['callback', 'clock', 'connect', 'database', 'drive', 'error', 'index', 'indexed-store', 'keeper', 'locks', 'logins',
    'node', 'providers', 'renew', 'store', 'transport', 'types', 'wasm', 'wasm/grantflow_wasm'];
  const wanted = ['package.json', ...['callback.js', 'grantflow.wasm', 'index.js', 'node.js', 'providers.js'].map((name) => `dist/${name}`),
    ...types.map((name) => `dist/${name}.d.ts`)];
  const papers = /^(README|LICENSE|CHANGELOG)/;
  assert.deepEqual(names.filter((name) => !papers.test(name)).sort(), wanted.sort());
});

test('every entry of the package leads to a file', () => {
  const addresses = Object.values(entries).flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)));
  for (const address of addresses) assert.ok(readFileSync(join(ROOT, address)).length > 0, address);
});

test('the types can be taken apart to their end, and what is wrong is an error', () => {
  const [tsc, config] = ['node_modules/.bin/tsc', 'tests/tsconfig.json'];
  execFileSync(tsc, ['-p', config], { cwd: ROOT, encoding: 'utf8' });
});

test('the types ask nothing newer of an application than ES2022', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'grantflow-consumer-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/grantflow'), 'dir');
  const entries = ['', '/callback', '/providers'].map((entry) => `import 'grantflow${entry}';`);
  writeFileSync(join(folder, 'app.ts'), `${entries.join('\n')}\nimport { connect } from 'grantflow';\nexport const acme = connect({ provider: {} });\n`);
  const options = ['--strict', '--noEmit', '--target', 'ES2022', '--lib', 'ES2022,DOM', '--skipLibCheck', 'false', '--moduleResolution', 'bundler', '--module', 'ES2022'];
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...options, 'app.ts'], { cwd: folder, encoding: 'utf8' });
  assert.equal(stdout, '');
});

test('nothing that a browser loads makes code of text, or markup', () => {
  covers('W-30');
  for (const name of ['index.js', 'callback.js']) {
    const text = readFileSync(join(ROOT, 'dist', name), 'utf8');
    for (const forbidden of [/\beval\b/, /new Function/, /innerHTML/, /document\.write/, /insertAdjacentHTML/]) {
      assert.doesNotMatch(text, forbidden);
    }
  }
});
