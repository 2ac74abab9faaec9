// npm `oidc-provider`, an authorization server that nobody here wrote, made ready for tests.
//
// Listens on a free port of 127.0.0.1, prints one JSON line `{"issuer":…,"clients":…}`, and ends
// when its standard input closes. What it decides is its own; around it stand a few lines that add
// what it leaves out (`interval`, `slow_down` when asked for), watch the pace of polls, and let a
// test play the person and move the clock:
//
//   POST /control/person        {"url", "decision": "approve"|"deny", "user_code"?, "follow"?}
//                               walks the server's own pages; answers {"status"?, "location"}
//   POST /control/slow_down     {"times"}       the next polls that were pending get `slow_down`
//   POST /control/expire_device {"user_code"}   this code's life is over
//   POST /control/advance       {"seconds"}     the server's clock goes forward, for everything
//   POST /control/requests      {}              {"requests": [{"method", "path", "status",
//                                               "grant_type"?, "error"?, "early"?}]}; `early` says
//                                               whether a poll came before its interval was over

import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import Provider from "oidc-provider";
import MemoryAdapter from "oidc-provider/lib/adapters/memory_adapter.js";
import { visit } from "./person.mjs";

const INTERVAL = 1000;
const SLOWER = 5000;
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

// The secret holds every kind of character that RFC 6749 §2.3.1 wants form-encoded before Basic.
const clients = {
  public: { client_id: "native" },
  basic: { client_id: "native:basic", client_secret: "100% + a colon: & more=/?" },
  post: { client_id: "native-post", client_secret: "posted & form-encoded" },
};

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.info = console.warn; // Its notices go to stderr: stdout is for the one line.
const provider = new Provider(issuer, configuration());
const { now: clock, advance } = movableClock();
const polls = new Map(); // device_code → { interval, since }: the pace it has been told
const requests = [];
let slowDowns = 0;

provider.use(pace);
server.on("request", (request, response) => {
  if (request.url.startsWith("/control/")) return control(request, response);
  return provider.callback()(request, response);
});
process.stdin.resume().on("end", () => process.exit(0));
console.log(JSON.stringify({ issuer, clients }));

function configuration() {
  const loopback = ["127.0.0.1", "[::1]", "localhost"];
  const redirect_uris = loopback.map((host) => `http://${host}/callback`);
  const registered = (client, token_endpoint_auth_method) => ({
    ...client,
    token_endpoint_auth_method,
    application_type: "native", // Loopback redirects on any port (RFC 8252 §7.3).
    redirect_uris,
    grant_types: ["authorization_code", "refresh_token", DEVICE_CODE],
  });
  return {
    adapter: adapterFor,
    clients: [
      registered(clients.public, "none"),
      registered(clients.basic, "client_secret_basic"),
      registered(clients.post, "client_secret_post"),
    ],
    // Pages of other origins may call it, as they may call a server made for them.
    clientBasedCORS: () => true,
    cookies: { keys: [crypto.randomUUID()] },
    features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
    pkce: { required: () => true },
    scopes: ["openid", "offline_access", "api"],
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    // The default lifetimes, said out loud so that it does not warn about each.
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 1209600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 1209600,
      Session: 1209600,
    },
  };
}

// The stock adapter drops an expired device code, and the server then answers `invalid_grant`.
// Kept, it is seen to be expired and answers `expired_token` (RFC 8628 §3.5).
function adapterFor(model) {
  const adapter = new MemoryAdapter(model);
  if (model !== "DeviceCode") return adapter;
  const keep = adapter.upsert.bind(adapter);
  adapter.upsert = (id, payload) => keep(id, payload);
  return adapter;
}

// Around every request of the server: adds what it leaves out and writes down what came.
async function pace(ctx, next) {
  const received = clock();
  await next();
  const { error } = ctx.body ?? {};
  const { grant_type, device_code } = ctx.oidc?.params ?? {};
  const entry = { method: ctx.method, path: ctx.path, grant_type, error };

  if (ctx.body?.device_code) {
    ctx.body.interval = INTERVAL / 1000;
    polls.set(ctx.body.device_code, { interval: INTERVAL, since: clock() });
  }
  const poll = grant_type === DEVICE_CODE && polls.get(device_code);
  if (poll) {
    entry.early = received < poll.since + poll.interval;
    if (error === "authorization_pending" && slowDowns > 0) {
      slowDowns -= 1;
      ctx.body.error = entry.error = "slow_down";
      poll.interval += SLOWER;
    }
    poll.since = clock();
  }
  requests.push({ ...entry, status: ctx.status });
}

async function control(request, response) {
  const controls = {
    person: ({ url, ...choices }) => visit(url, choices),
    slow_down: ({ times }) => void (slowDowns = times),
    expire_device: ({ user_code }) => expireDevice(user_code),
    advance: ({ seconds }) => void advance(seconds * 1000),
    requests: () => ({ requests }),
  };
  try {
    const perform = controls[request.url.slice("/control/".length)];
    const answer = await perform(await json(request));
    response.end(JSON.stringify(answer ?? {}));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify({ error: String(error) }));
  }
}

async function expireDevice(user_code) {
  const stored = await adapterFor("DeviceCode").findByUserCode(user_code.replace(/\W/g, ""));
  if (!stored) throw new Error(`no such user_code: ${user_code}`);
  stored.exp = 0;
}

// One clock for the pace above and for everything the server dates.
function movableClock() {
  let ahead = 0;
  const wall = Date.now;
  Date.now = () => wall() + ahead;
  return { now: () => performance.now() + ahead, advance: (ms) => (ahead += ms) };
}
