// What the package keeps to itself, for the tests that have to look there.

import { build } from 'esbuild';
import { join } from 'node:path';

/** A file of the host, by itself. */
export async function inside(name) {
  const entry = join(import.meta.dirname, '../host', `${name}.ts`);
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}
