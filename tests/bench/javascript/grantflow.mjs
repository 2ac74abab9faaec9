import { Flow, init } from "./dist/index.js";

import { CLIENT_ID, metadata, REDIRECT_URI, SCOPE } from "./server.mjs";

export const provider = { id: "example", client_id: CLIENT_ID, scope: SCOPE, ...metadata };

export const now = () => ({ wall: Date.now(), mono: performance.now() });

export function begin() {
  return Flow.authorizationCode({ provider }, "", { redirect_uri: REDIRECT_URI }, now());
}

/** In Node the module is given, because there it comes from the disk. */
export async function first(module) {
  await init(module);
  const flow = begin();
  const { url } = flow.prompt().sign_ins[0];
  flow.free();
  return url;
}
