using Workerd = import "/workerd/workerd.capnp";

# One socket each; the test says where they listen.
const config :Workerd.Config = (
  services = [
    (name = "login", worker = .login),
    (name = "relay", worker = .relay),
    # The test server is on this machine.
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [
    (name = "login", service = "login", http = ()),
    (name = "relay", service = "relay", http = ()),
  ],
);

const login :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "workerd.mjs", esModule = embed "workerd.mjs"),
    (name = "login.mjs", esModule = embed "login.mjs"),
    (name = "grantflow", esModule = embed "../../dist/index.js"),
    (name = "grantflow/grantflow.wasm", wasm = embed "../../dist/grantflow.wasm"),
  ],
);

const relay :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "relay.js", esModule = embed "../../relay/relay.js"),
    (name = "endpoints.js", esModule = embed "../../relay/endpoints.js"),
  ],
  bindings = [
    (name = "GRANTFLOW_RELAY_ORIGINS", fromEnvironment = "GRANTFLOW_RELAY_ORIGINS"),
    (name = "GRANTFLOW_RELAY_ENDPOINTS", fromEnvironment = "GRANTFLOW_RELAY_ENDPOINTS"),
  ],
);
