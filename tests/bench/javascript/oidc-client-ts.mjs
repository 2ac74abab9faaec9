import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from "oidc-client-ts";

import { CLIENT_ID, ISSUER, metadata, REDIRECT_URI, SCOPE } from "./server.mjs";

export async function first() {
  const stateStore = new WebStorageStateStore({ store: new InMemoryWebStorage() });
  const client = new OidcClient({
    authority: ISSUER,
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    metadata,
    stateStore,
  });
  return (await client.createSigninRequest({})).url;
}

/** It has no device login; the rest are methods of the same class. */
export const rest = [];
