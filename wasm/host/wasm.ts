/** The machines, as wasm-bindgen writes them, and their types. */

import load, { type InitInput } from './wasm/grantflow_wasm.js';

export {
  apiHeaders,
  digest,
  Flow,
  isExpected,
  isWanting,
  Renewal,
  stateDigest,
} from './wasm/grantflow_wasm.js';
export type * from './wasm/grantflow_wasm.js';

let loaded: Promise<unknown> | undefined;

/**
 * Loads the machines; call and await it once, before anything else. Calling it again does no harm.
 *
 * Without an argument the module is fetched from beside this file, which servers have to send as
 * `application/wasm`. It can also be given: an address, a response, its bytes, or a compiled module.
 */
export async function init(module?: InitInput | Promise<InitInput>): Promise<void> {
  loaded ??= load({ module_or_path: module ?? new URL('grantflow.wasm', import.meta.url) });
  try {
    await loaded;
  } catch (why) {
    loaded = undefined;
    throw why;
  }
}
