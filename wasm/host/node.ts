/** The same for Node, which reads the module from its disk. */

import { readFile } from 'node:fs/promises';

import { init as load, type InitInput } from './index.js';

export * from './index.js';

/** Loads the machines, from beside this file unless they are given. */
export async function init(module?: InitInput | Promise<InitInput>): Promise<void> {
  await load(module ?? readFile(new URL('grantflow.wasm', import.meta.url)));
}
