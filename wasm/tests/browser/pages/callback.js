import { callback } from '/grantflow/callback.js';

globalThis.taken = 'unknown';
globalThis.taken = await callback();
