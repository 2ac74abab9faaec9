// What the documents say of the package is so: their examples compile, their tables are complete.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import ts from 'typescript';

import { covers } from './covers.mjs';

const here = import.meta.dirname;
const read = (path) => readFileSync(join(here, '../..', path), 'utf8');
const browser = read('docs/browser.md');
const types = read('wasm/host/types.ts');
const core = read('core/src/error.rs');

/** What the examples take for granted: a page, and what earlier examples have made. */
const PAGE = `
  import type { Access, Connection, Provider } from 'grantflow';
  declare global {
    const acme: Connection, provider: Provider;
    const button: HTMLButtonElement, cancel: HTMLButtonElement, form: HTMLFormElement;
    const input: HTMLInputElement, link: HTMLAnchorElement, code: HTMLElement, greeting: HTMLElement;
    function show(access?: Access): void;
    function countdown(ms: number): void;
  }
`;
const WASM = `declare module '*.wasm' { const module: WebAssembly.Module; export default module; }`;

for (const path of ['docs/browser.md', 'wasm/README.md']) {
  test(`every example of ${path} compiles`, () => {
    const examples = [...read(path).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code);
    assert.ok(examples.length > 0);
    assert.deepEqual(complaints(examples), []);
  });
}

test('an example that calls what is not there does not compile', () => {
  assert.match(complaints(['await acme.signIn();']).join(), /signIn/);
});

test('the table of errors has each of them, with its remedies', () => {
  const expected = { ...coreRemedies(), ...REFUSALS, ...browserRemedies() };
  const rows = table(/^\| error \|/m).map(([error, , remedies]) => [error, remedies.split(', ').sort()]);
  assert.deepEqual(Object.fromEntries(rows), expected);
  assert.deepEqual(Object.keys(expected).sort(), [...failures(), ...Object.keys(browserRemedies())].sort());
});

test('the table of remedies has each of them', () => {
  const [union] = types.match(/export type Remedy =[^;]*/);
  assert.deepEqual(table(/^\| remedy \|/m).map(([remedy]) => remedy), words(union));
});

test('the table of providers has each preset, and says when and how it is known', () => {
  covers('W-01', 'W-03', 'W-04', 'W-05', 'W-06');
  const named = table(/^\| provider \| from/m).flatMap(([name]) => name.split(', '));
  const presets = [...read('README.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, preset]) => preset);
  assert.deepEqual(presets.filter((preset) => !named.includes(preset)), []);
  assert.match(browser, /As of \*\*\d{4}-\d\d-\d\d\*\*\. \*\*Not probed by us\*\*/);
});

test('the runtimes are those that are installed, and their tests exist', () => {
  const { devDependencies } = JSON.parse(read('wasm/package.json'));
  const rows = table(/^\| runtime \|/m);
  const versions = Object.fromEntries(rows.map(([runtime]) => runtime.split(' ')));
  assert.equal(versions.Deno, devDependencies.deno);
  assert.equal(versions.workerd, devDependencies.workerd);
  for (const [runtime, , tests] of rows) {
    for (const path of tests.split(', ')) assert.ok(existsSync(join(here, '../..', path)), runtime);
  }
});

/** Complaints of the compiler about each, as a module of its own beside this file. */
function complaints(examples) {
  const given = { 'page.d.ts': PAGE, 'wasm.d.ts': WASM };
  examples.forEach((code, at) => (given[`example-${at + 1}.ts`] = `${code}\nexport {};`));
  const files = new Map(Object.entries(given).map(([name, text]) => [join(here, name), text]));
  const options = {
    ...ts.parseJsonConfigFileContent(tsconfig(), ts.sys, join(here, '..')).options,
    emitDeclarationOnly: false,
    declaration: false,
    noEmit: true,
    noUnusedLocals: false,
    rootDir: join(here, '..'),
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, how) =>
    files.has(path) ? ts.createSourceFile(path, files.get(path), how) : getSourceFile(path, how);
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) =>
    `${file?.fileName.slice(here.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}

function tsconfig() {
  return ts.readConfigFile(join(here, '../tsconfig.json'), ts.sys.readFile).config;
}

/** The rows below a header, without the marks of code. */
function table(header) {
  const [, , ...lines] = browser.slice(browser.search(header)).split('\n\n')[0].trim().split('\n');
  return lines.map((line) => line.replaceAll('`', '').split('|').slice(1, -1).map((cell) => cell.trim()));
}

/** The `type` of every failure of a machine. */
function failures() {
  const [union] = types.match(/export type Failure =.*?^\);/ms);
  return [...union.matchAll(/\btype:([^;}]*)[;}]/g)].flatMap(([, names]) => words(names));
}

/** By the core's own `match`: each arm has its variants before the arrow and its remedy after it. */
function coreRemedies() {
  const [, arms] = core.match(/pub fn remedy\(.*?match self \{(.*?)^        \}/ms);
  const found = {};
  for (const [, variants, remedy] of arms.matchAll(/(.*?)=> Remedy::(\w+)/gs)) {
    for (const [, variant] of variants.matchAll(/Self::(\w+)/g)) (found[snake(variant)] ??= new Set()).add(snake(remedy));
  }
  return Object.fromEntries(Object.entries(found).map(([name, remedies]) => [name, [...remedies].sort()]));
}

/** What the adapter refuses before a machine begins. */
const REFUSALS = Object.fromEntries(
  [...read('wasm/src/out.rs').matchAll(/refusal\("(\w+)", [\w.()]+, Remedy::(\w+)\)/g)].map(
    ([, name, remedy]) => [name, [snake(remedy)]],
  ),
);

function browserRemedies() {
  const [union] = read('wasm/host/error.ts').match(/type:\n.*?;/s);
  const others = { popup_blocked: ['use_another_flow'], came_back: ['sign_in_again'] };
  return Object.fromEntries(words(union).map((name) => [name, others[name] ?? ['fix_configuration']]));
}

function words(union) {
  return [...union.matchAll(/'(\w+)'/g)].map(([, word]) => word);
}

function snake(name) {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
