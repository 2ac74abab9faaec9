// Builds the npm package into dist/: the machines as wasm, the host as one small module, types.
// `node build.mjs --check-size` fails where the package has grown.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildModule, optimise, writePresets } from './module.mjs';

const here = import.meta.dirname;
const generated = join(here, 'host', 'wasm');
const dist = join(here, 'dist');

/** All that a browser loads, gzipped: what it is to become, and what it must not exceed until then. */
const GOAL = 45 * 1024;
const MOST = 81 * 1024;

buildModule('grantflow-wasm', generated);
writePresets(join(generated, 'presets.json'));
bundleHost();
reportSize();

function bundleHost() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  optimise(join(generated, 'grantflow_wasm_bg.wasm'), join(dist, 'grantflow.wasm'));
  const common = ['--bundle', '--minify', '--format=esm', '--target=es2022', '--log-level=warning', `--outdir=${dist}`];
  bin('esbuild', ['host/index.ts', 'host/callback.ts', 'host/providers.ts', ...common]);
  bin('esbuild', ['host/node.ts', ...common, '--platform=node', '--external:./index.js']);
  bin('tsc', ['-p', 'tsconfig.json']);
  mkdirSync(join(dist, 'wasm'));
  cpSync(join(generated, 'grantflow_wasm.d.ts'), join(dist, 'wasm', 'grantflow_wasm.d.ts'));
}

function reportSize() {
  const files = readdirSync(dist).filter((file) => /\.(js|wasm)$/.test(file));
  const sizes = files.map((file) => {
    const bytes = readFileSync(join(dist, file));
    return { file, bytes: statSync(join(dist, file)).size, gzip: gzipSync(bytes, { level: 9 }).length };
  });
  const sum = sizes.reduce((sum, { gzip }) => sum + gzip, 0);
  for (const { file, bytes, gzip } of sizes) console.log(`${file}: ${bytes} bytes, ${gzip} gzipped`);
  console.log(`note: the npm package has ${sum} bytes gzipped; at most ${MOST}, the goal is ${GOAL}`);
  if (sum > MOST && process.argv.includes('--check-size')) process.exit(1);
}

function bin(name, args) {
  execFileSync(join(here, 'node_modules', '.bin', name), args, { cwd: here, stdio: 'inherit' });
}
