// From a Rust crate to a wasm module and its JavaScript: what the package and the web demo share.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

/**
 * As small as it gets: rounds of SHA-256 in a loop instead of one after the other, and the passes of the
 * linker a second time, over what the first has joined and laid bare.
 */
const RUSTFLAGS = '--cfg sha2_backend="soft" --cfg sha2_backend_soft="compact" -Cpasses=lto<Oz>';
/** What every browser of the last years has. */
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];

/** What is called from one place stands there: more bytes, but such as gzip makes fewer of. */
const DENSE = ['--one-caller-inline-max-function-size=20'];
/** The first KiB is the far end of the stack, and no address is counted from there. */
const LOW = ['--low-memory-unused'];

/** Which tools made it: nothing that a browser reads. */
const STRIPPED = ['--strip-producers', '--strip-target-features'];

/** Builds a crate of a workspace and writes what wasm-bindgen makes of it into a folder. */
export function buildModule(crate, folder, workspace = root) {
  const toolchain = output(join(root, 'tests/setup/wasm-toolchain.sh')).trim();
  const cargo = toolchain ? [toolchain] : [];
  const which = ['--manifest-path', join(workspace, 'Cargo.toml'), '--target-dir', target, '-p', crate];
  run('cargo', [...cargo, 'build', '--quiet', ...which, '--profile', 'wasm', '--target', 'wasm32-unknown-unknown'], {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS,
  });
  const module = join(target, 'wasm32-unknown-unknown/wasm', `${crate.replaceAll('-', '_')}.wasm`);
  bindgen('module', module, folder);
}

/** Writes down what the core knows of providers; the module leaves it out. */
export function writePresets(file) {
  bindgen('presets', file);
}

/** Writes the module anew, smaller. */
export function optimise(module, into) {
  const features = FEATURES.map((feature) => `--enable-${feature}`);
  run(join(here, 'node_modules', '.bin', 'wasm-opt'), ['-Oz', '-Oz', ...DENSE, ...LOW, ...STRIPPED, ...features, module, '-o', into]);
}

function bindgen(...args) {
  run('cargo', ['run', '--quiet', '-p', 'grantflow-bindgen', '--', ...args]);
}

function run(command, args, env = {}) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
}

function output(command) {
  return execFileSync(command, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
