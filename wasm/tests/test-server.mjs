// Starts the repository's test server (docs/test-server.md): built by
// `cargo build -p grantflow-test-server --features http`, or named by GRANTFLOW_TEST_SERVER.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const program = process.env.GRANTFLOW_TEST_SERVER ?? join(target, 'debug/grantflow-test-server');

/** Ends with the test, or where `log` asks for the server's own notes on all that it was asked. */
export async function testServer(t, ...options) {
  const { child, lines, firstLines } = await startedProgram(t, program, options);
  const requests = [];
  lines.on('line', (line) => requests.push(JSON.parse(line)));
  /** Waits for such a request. */
  const seen = async (isSuch) => {
    while (!requests.some(isSuch)) await once(lines, 'line');
  };
  const log = async () => {
    child.kill();
    await once(lines, 'close');
    return requests;
  };
  const { address } = JSON.parse(firstLines[0]);
  return { address, provider: standardProvider(address), seen, log };
}

/** A program that says on its first lines where it listens, or what came of it. */
export async function startedProgram(t, command, args, env = {}, lineCount = 1) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(async () => {
    const runs = child.exitCode === null && child.signalCode === null;
    const ended = runs && once(child, 'exit');
    child.kill();
    await ended;
  });
  const output = [];
  child.stdout.on('data', (bytes) => output.push(bytes));
  child.stderr.on('data', (bytes) => output.push(bytes));
  const lines = createInterface({ input: child.stdout });
  const firstLines = [];
  await new Promise((resolve, reject) => {
    lines.on('line', function take(line) {
      if (firstLines.push(line) < lineCount) return;
      lines.off('line', take);
      resolve();
    });
    lines.once('close', () => reject(new Error(`${command} ended: ${Buffer.concat(output)}`)));
    child.once('error', reject);
  });
  return { child, lines, firstLines, output: () => Buffer.concat(output).toString() };
}

function standardProvider(address) {
  return {
    id: 'test',
    issuer: address,
    authorization_endpoint: `${address}/authorize`,
    token_endpoint: `${address}/token`,
    device_authorization_endpoint: `${address}/device_authorization`,
    revocation_endpoint: `${address}/revoke`,
    client_id: 'test-client',
  };
}
