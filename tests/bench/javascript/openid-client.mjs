import * as client from "openid-client";

import { CLIENT_ID, metadata, REDIRECT_URI, SCOPE } from "./server.mjs";

export async function first() {
  const configuration = new client.Configuration(metadata, CLIENT_ID);
  const code_verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
    code_challenge_method: "S256",
    state: client.randomState(),
  });
  return url.href;
}

export const rest = [
  client.authorizationCodeGrant,
  client.initiateDeviceAuthorization,
  client.pollDeviceAuthorizationGrant,
  client.refreshTokenGrant,
];
