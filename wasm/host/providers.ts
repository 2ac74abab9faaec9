/** What is known of the providers that agents log in to. */

import presets from './wasm/presets.json' with { type: 'json' };
import type { Provider } from './wasm.js';

/**
 * The presets, by their ids: `connect({ provider: { preset: providers['kimi'], scope: '…' }, transport })`.
 * Each tells in `terms` who may use it, as far as anyone outside knows. Hardly one can be reached by a
 * page itself: it takes a relay or an extension.
 */
export const providers: Record<string, Provider> = presets as unknown as Record<string, Provider>;
