import * as oauth from "oauth4webapi";

import { CLIENT_ID, metadata, REDIRECT_URI, SCOPE } from "./server.mjs";

/** The first authorization URL. */
export async function first() {
  const url = new URL(metadata.authorization_endpoint);
  const code_verifier = oauth.generateRandomCodeVerifier();
  url.searchParams.set("client_id", CLIENT_ID);
  url.searchParams.set("redirect_uri", REDIRECT_URI);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("scope", SCOPE);
  url.searchParams.set("code_challenge", await oauth.calculatePKCECodeChallenge(code_verifier));
  url.searchParams.set("code_challenge_method", "S256");
  url.searchParams.set("state", oauth.generateRandomState());
  return url.href;
}

/** What the rest of a browser login, a device login and a renewal take. */
export const rest = [
  oauth.validateAuthResponse,
  oauth.authorizationCodeGrantRequest,
  oauth.processAuthorizationCodeResponse,
  oauth.deviceAuthorizationRequest,
  oauth.processDeviceAuthorizationResponse,
  oauth.deviceCodeGrantRequest,
  oauth.processDeviceCodeResponse,
  oauth.refreshTokenGrantRequest,
  oauth.processRefreshTokenResponse,
];
