import * as arctic from "arctic";

import { CLIENT_ID, metadata, REDIRECT_URI, SCOPE } from "./server.mjs";

export async function first() {
  const client = new arctic.OAuth2Client(CLIENT_ID, null, REDIRECT_URI);
  const url = await client.createAuthorizationURLWithPKCE(
    metadata.authorization_endpoint,
    arctic.generateState(),
    arctic.CodeChallengeMethod.S256,
    arctic.generateCodeVerifier(),
    SCOPE.split(" "),
  );
  return url.href;
}

/** It has no device login; the rest are methods of the same class. */
export const rest = [];
