// Builds the npm package into dist/: the machines as wasm, the host as one small module, types.
// `node build.mjs --check-size` fails where the package is larger than it may be.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const here = import.meta.dirname;
const root = join(here, '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const generated = join(here, 'host', 'wasm');
const dist = join(here, 'dist');

/** All that a browser loads, gzipped: the most that is allowed, and what we aim at. */
const MOST = 45 * 1024;
const AIM = 35 * 1024;

/** As small as it gets: rounds of SHA-256 in a loop instead of one after the other. */
const RUSTFLAGS = '--cfg sha2_backend="soft" --cfg sha2_backend_soft="compact"';
/** What every browser of the last years has. */
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];

buildMachines();
bundleHost();
reportSize();

function buildMachines() {
  const toolchain = output(join(root, 'tests/setup/wasm-toolchain.sh')).trim();
  const cargo = toolchain ? [toolchain] : [];
  run('cargo', [...cargo, 'build', '--quiet', '-p', 'grantflow-wasm', '--profile', 'wasm', '--target', 'wasm32-unknown-unknown'], {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS,
  });
  const module = join(target, 'wasm32-unknown-unknown/wasm/grantflow_wasm.wasm');
  run('cargo', ['run', '--quiet', '-p', 'grantflow-bindgen', '--', 'module', module, generated]);
  run('cargo', ['run', '--quiet', '-p', 'grantflow-bindgen', '--', 'presets', join(generated, 'presets.json')]);
}

function bundleHost() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  bin('wasm-opt', ['-Oz', ...features, join(generated, 'grantflow_wasm_bg.wasm'), '-o', join(dist, 'grantflow.wasm')]);
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
  console.log(`note: the npm package has ${sum} bytes gzipped; at most ${MOST}, the aim is ${AIM}`);
  if (sum > MOST && process.argv.includes('--check-size')) process.exit(1);
}

function bin(name, args) {
  run(join(here, 'node_modules', '.bin', name), args);
}

function run(command, args, env = {}) {
  execFileSync(command, args, { cwd: here, stdio: 'inherit', env: { ...process.env, ...env } });
}

function output(command) {
  return execFileSync(command, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
