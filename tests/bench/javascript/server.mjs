// The server that every contender asks.

export const ISSUER = "https://login.example.com";
export const CLIENT_ID = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
export const REDIRECT_URI = "http://127.0.0.1:50123/callback";
export const SCOPE = "user:profile user:inference offline_access";

export const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/oauth/authorize`,
  token_endpoint: `${ISSUER}/oauth/token`,
  device_authorization_endpoint: `${ISSUER}/oauth/device`,
};
