// Builds the web demo into dist/: a folder that any static server can serve. What is missing for it
// (packages, the npm package grantflow) is installed and built first. `--page` leaves the wasm as it is.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const here = import.meta.dirname;
const grantflow = join(here, '..', 'wasm');
const dist = join(here, 'dist');
const generated = join(here, 'src', 'server');

const isPageOnly = process.argv.includes('--page');

for (const folder of [here, grantflow]) {
  if (!existsSync(join(folder, 'node_modules'))) run('npm', ['ci', '--no-fund', '--no-audit'], folder);
}
if (!existsSync(join(grantflow, 'dist', 'index.js'))) run('node', ['build.mjs'], grantflow);
const { buildModule, optimise } = await import('../wasm/module.mjs');
const { build } = await import('esbuild');

if (!isPageOnly || !existsSync(generated)) buildModule('grantflow-demo-server', generated);
run(join(here, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.json']);
rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, 'grantflow'), { recursive: true });
const small = join(generated, 'server.wasm');
if (!isPageOnly || !existsSync(small)) optimise(join(generated, 'grantflow_demo_server_bg.wasm'), small);
cpSync(small, join(dist, 'server.wasm'));
await bundle();
for (const file of ['index.html', 'callback.html', 'style.css', 'icon.svg', 'machine.json']) {
  cpSync(join(here, file), join(dist, file));
}
for (const file of ['index.js', 'callback.js', 'providers.js', 'grantflow.wasm']) {
  cpSync(join(grantflow, 'dist', file), join(dist, 'grantflow', file));
}
reportSize();

/** The page imports the package as it ships; the service worker is a classic script, which all browsers take. */
async function bundle() {
  const asShipped = {
    name: 'grantflow as shipped',
    setup: ({ onResolve }) => {
      const files = { grantflow: './grantflow/index.js', 'grantflow/callback': './grantflow/callback.js', 'grantflow/providers': './grantflow/providers.js' };
      onResolve({ filter: /^grantflow/ }, ({ path }) => ({ path: files[path], external: true }));
    },
  };
  const common = { absWorkingDir: here, bundle: true, minify: true, target: 'es2022', outdir: dist, logLevel: 'warning' };
  await build({ ...common, entryPoints: ['src/main.ts', 'src/callback.ts'], format: 'esm', plugins: [asShipped] });
  await build({ ...common, entryPoints: ['src/worker.ts'], format: 'iife' });
}

function reportSize() {
  for (const file of readdirSync(dist, { recursive: true }).filter((file) => /\.\w+$/.test(file)).sort()) {
    const bytes = readFileSync(join(dist, file));
    console.log(`${file}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

function run(command, args, folder = here) {
  execFileSync(command, args, { cwd: folder, stdio: 'inherit' });
}
