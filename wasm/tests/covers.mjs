// Which requirements a test run has covered: tests say so while they run, as those in Rust do with
// `covers` in `tests/src/covers.rs`, into the same folder.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CATALOGUE = join(import.meta.dirname, '../../docs/requirements.md');

/** Notes that the running test covers these, by their IDs in `docs/requirements.md`. */
export function covers(...ids) {
  const catalogue = readFileSync(CATALOGUE, 'utf8');
  for (const id of ids) assert.ok(catalogue.includes(`\n| ${id} | `), `${id} does not stand in the catalogue`);
  const folder = process.env.GRANTFLOW_COVERED;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `node-${process.pid}`), `${ids.join('\n')}\n`);
}
