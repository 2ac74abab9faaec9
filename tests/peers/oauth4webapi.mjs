// What npm `oauth4webapi` makes of recorded replies. One case a line on standard input, one verdict a
// line on standard output, in the words of `tests/tests/differential`.

import { createInterface } from "node:readline";

import * as oauth from "oauth4webapi";

const server = { issuer: "http://127.0.0.1:4000" };
const client = { client_id: "test-client" };
/** What was asked for, and is granted where an answer names no scope (RFC 6749 §5.1). */
const ASKED = "openid";

async function main() {
  for await (const line of createInterface(process.stdin)) {
    const given = JSON.parse(line);
    console.log(JSON.stringify({ name: given.name, verdict: await judge(given) }));
  }
}

async function judge(given) {
  try {
    return await JUDGES[given.of](given);
  } catch (why) {
    if (why instanceof oauth.ResponseBodyError || why instanceof oauth.AuthorizationResponseError) {
      return given.of === "poll" ? (PENDING[why.error] ?? `refused ${word(why.error)}`) : `refused ${word(why.error)}`;
    }
    const isTheirs = why instanceof oauth.OperationProcessingError || why instanceof oauth.WWWAuthenticateChallengeError;
    if (isTheirs || why instanceof oauth.UnsupportedOperationError) return "no sense";
    throw why;
  }
}

const PENDING = { authorization_pending: "pending", slow_down: "slow down" };

const JUDGES = {
  token: async (given) => tokens(await oauth.processAuthorizationCodeResponse(server, client, response(given))),
  refresh: async (given) => tokens(await oauth.processRefreshTokenResponse(server, client, response(given))),
  poll: async (given) => tokens(await oauth.processDeviceCodeResponse(server, client, response(given))),
  device: async (given) => codes(await oauth.processDeviceAuthorizationResponse(server, client, response(given))),
  redirect: async ({ query, state }) => {
    const parameters = oauth.validateAuthResponse(server, client, new URLSearchParams(query), state);
    return `code ${word(parameters.get("code"))}`;
  },
};

function response({ status, content_type, bytes }) {
  const isBare = [204, 304].includes(status);
  const body = isBare ? null : new Uint8Array(Buffer.from(bytes, "base64"));
  return new Response(body, { status, headers: content_type ? { "content-type": content_type } : {} });
}

function tokens({ access_token, refresh_token, expires_in, scope }) {
  return `tokens ${[access_token, refresh_token, expires_in, scope ?? ASKED].map(word).join(" ")}`;
}

function codes({ device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval }) {
  const words = [device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval];
  return `codes ${words.map(word).join(" ")}`;
}

/** One word, and not a long one. */
function word(value) {
  if (value === undefined || value === null || value === "") return "-";
  const letters = [...String(value)];
  if (letters.length > 60) return `${letters.slice(0, 10).join("")}…${letters.length}`;
  return JSON.stringify(String(value)).slice(1, -1).replaceAll(" ", "+");
}

await main();
