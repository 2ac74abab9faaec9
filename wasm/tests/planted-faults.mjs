// Plants faults, one after the other, in a copy of what stands around the package, and runs the suite
// that has to see each. Fails where a suite stays green: `npm run faults`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const wasm = join(import.meta.dirname, '..');
const root = join(wasm, '..');

/** What is wrong; the file; what stands there, and what is put in its place; the suite and the test that see it. */
const FAULTS = [
  ['the relay follows redirects', 'relay/relay.js', "redirect: 'manual'", "redirect: 'follow'", 'relay', 'a redirect is an answer'],
  ['the relay asks any path of a known host', 'relay/relay.js', '!endpoints.includes(wanted.url)', '!endpoints.some((one) => new URL(one).host === new URL(wanted.url).host)', 'relay', 'the address'],
  ['the relay serves every page', 'relay/relay.js', '!origins.includes(origin)', 'false', 'relay', 'a page of another origin'],
  ['the relay takes origins by their beginning', 'relay/relay.js', '!origins.includes(origin)', '!origins.some((one) => origin?.startsWith(one))', 'relay', 'begins like an allowed one'],
  ['the relay serves forms', 'relay/relay.js', "request.headers.get('x-grantflow-relay') !== '1'", 'false', 'relay', 'a form could have sent'],
  ['the relay passes cookies on', 'relay/relay.js', 'names.includes(name.toLowerCase()) && ', '', 'relay', 'the header "cookie"'],
  ['the relay passes lines on within headers', 'relay/relay.js', ' && isPlain(value)', '', 'relay', 'the header value'],
  ['the relay reads without end', 'relay/relay.js', 'if (length > most)', 'if (false)', 'relay', 'too long|a long body'],
  ['the relay says that lost requests were never sent', 'relay/relay.js', 'wasNeverSent(why) ? NOT_SENT : {}', 'NOT_SENT', 'relay', 'a connection that breaks'],
  ['the relay passes cookies back', 'relay/relay.js', "'x-grantflow-status': String(answer.status),", "...Object.fromEntries(answer.headers), 'x-grantflow-status': String(answer.status),", 'relay', 'only what was asked for'],
  ['the relay logs', 'relay/relay.js', 'return pass(wanted, patience);', 'console.log(wanted.url); return pass(wanted, patience);', 'relay', 'nothing is logged'],
  ['the relay forgets an endpoint', 'relay/endpoints.js', "    'https://auth.openai.com/oauth/revoke',\n", '', 'relay', 'what the presets ask'],
  ['the relay answers preflights of every page', 'relay/relay.js', "if (!origins.includes(origin))", "if (request.method !== 'OPTIONS' && !origins.includes(origin))", 'relay', 'a preflight'],
  ['pages may not read what the relay tells', 'relay/relay.js', "answer.headers.set('access-control-expose-headers', EXPOSED);", '', 'browser/relay-page', 'a page logs in'],
  ['preflights allow no header', 'relay/relay.js', "'content-type, x-grantflow-relay'", "'content-type'", 'browser/relay-page', 'a page logs in'],
  ['requests throw in worker-style runtimes', 'dist/index.js', '"manual"', '"error"', 'runtimes', 'workerd: a login'],
  ['the worker forgets what was interrupted', 'extension/worker.js', '(await connected.resume(watch)) ?? ', '', 'browser/extension', 'goes on by itself'],
  ['the worker gives tokens away', 'extension/worker.js', 'access && { email: access.email,', 'access && { ...access,', 'browser/extension', 'no token leaves'],
  ['the extension may reach every host', 'extension/build.mjs', 'origins.map((origin) => `${origin}/*`)', "['<all_urls>']", 'browser/extension', 'nothing else'],
  ['the window keeps a hold on its page', 'dist/index.js', /\w+\.opener=null;/, '', 'browser/logins', 'COOP of the server unsafe-none and of the application unsafe-none'],
  ['a blocked window is told as something else', 'dist/index.js', '"popup_blocked"', '"unsupported"', 'browser/logins', 'does not open fails'],
  ['the address keeps the code', 'dist/index.js', 'history.replaceState(', '(()=>{})(', 'browser/logins', 'with a clean address'],
  ['the way back is not noticed', 'dist/index.js', '"pageshow",({persisted', '"pageshown",({persisted', 'browser/interruptions', 'the way back without'],
  ['a store that fails is told as whatever it threw', 'dist/index.js', /=>(\w+)\(\w+\(\w+==="readonly"\?"unreadable":"not_writable",(\w+)\)\)/, '=>$1($2)', 'browser/interruptions', 'a store that fails'],
  ['nobody wakes a page that is looked at', 'dist/index.js', '"visibilitychange"', '"never"', 'browser/interruptions', 'timers have stopped'],
  ['two tabs claim one login', 'dist/index.js', /if\(!(\w+)\)return;(\w+)!==void 0&&history/, 'if(!$1)$1={release(){}};$2!==void 0&&history', 'browser/interruptions', 'a tab and its duplicate'],
  ['an example calls what is not there', '../docs/browser.md', 'acme.signedIn()', 'acme.whoIsThere()', 'docs', 'every example of docs'],
  ['the table of errors lacks one', '../docs/browser.md', /\| `busy` \|.*\n/, '', 'docs', 'the table of errors'],
  ['the table of errors has a wrong remedy', '../docs/browser.md', 'in time | `retry_later` |', 'in time | `sign_in_again` |', 'docs', 'the table of errors'],
];

const [, , only] = process.argv;
const faults = FAULTS.filter(([, , , , suite]) => !only || suite === only);
const suites = new Set(faults.map(([, , , , suite]) => suite));
// A copy that fails by itself would see every fault.
const isSound = [...suites].every((suite) => isGreen(suite, '.', () => {}));
if (!isSound) console.log('a suite fails without any fault');
process.exit(isSound && faults.map(isSeen).every(Boolean) ? 0 : 1);

function isSeen([what, path, from, to, suite, name]) {
  const seen = !isGreen(suite, name, (copy) => plant(join(copy, 'wasm', path), from, to));
  console.log(`${seen ? 'seen  ' : 'UNSEEN'} ${suite}: ${what}`);
  return seen;
}

function plant(file, from, to) {
  const text = readFileSync(file, 'utf8');
  const planted = text.replace(from, to);
  if (planted === text) throw new Error(`${file} has no ${from}`);
  writeFileSync(file, planted);
}

function isGreen(suite, name, change) {
  const copy = mkdtempSync(join(tmpdir(), 'grantflow-fault-'));
  try {
    copyAll(copy);
    change(copy);
    const args = ['--test', `--test-name-pattern=${name}`, `tests/${suite}.test.mjs`];
    return spawnSync(process.execPath, args, { cwd: join(copy, 'wasm') }).status === 0;
  } finally {
    rmSync(copy, { recursive: true, force: true, maxRetries: 20 });
  }
}

function copyAll(copy) {
  const parts = ['relay', 'extension', 'tests', 'host', 'src', 'dist', 'package.json', 'tsconfig.json', 'README.md'];
  for (const part of parts) cpSync(join(wasm, part), join(copy, 'wasm', part), { recursive: true });
  for (const part of ['docs', 'README.md']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(wasm, 'node_modules'), join(copy, 'wasm/node_modules'));
  for (const part of ['core', 'target', 'tests']) symlinkSync(join(root, part), join(copy, part));
}
