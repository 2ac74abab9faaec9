// A person with a browser, scripted: opens a page, keeps its cookies, follows redirects, signs in,
// and approves or denies. It knows HTML forms and links, not the server's internals.

import { once } from "node:events";
import { get } from "node:http";

const MOST_PAGES = 20;

/// Goes where `url` leads until a page asks for nothing more, or a redirect leaves the site.
/// Resolves to `{ status, location }`: where the walk ended, and what that place answered.
/// With `follow: false` the redirect that leaves the site is reported and not opened.
export async function visit(url, { decision, user_code, follow = true }) {
  const site = new URL(url).origin;
  const cookies = new CookieJar();
  let decided = false;
  let request = { url, method: "GET" };

  for (let page = 0; page < MOST_PAGES; page += 1) {
    const response = await open(request, cookies);
    const redirect = response.headers.get("location");
    if (redirect) {
      const location = new URL(redirect, request.url).href;
      if (new URL(location).origin !== site) return leave(location, follow);
      request = { url: location, method: "GET" };
      continue;
    }
    const html = await response.text();
    const form = decided ? undefined : firstForm(html);
    if (!form) return { status: response.status, location: request.url };
    ({ request, decided } = answer(html, form, request.url, { decision, user_code }));
  }
  throw new Error(`the pages did not come to an end: the last one was ${request.url}`);
}

async function open({ url, method, fields }, cookies) {
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: { accept: "text/html", cookie: cookies.headerFor(url) },
    body: fields && new URLSearchParams(fields),
  });
  cookies.keep(url, response);
  return response;
}

/// To the client's listener as a browser goes there: `fetch` would say that a script came.
async function leave(location, follow) {
  if (!follow) return { location };
  const headers = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  const [response] = await once(get(location, { headers, agent: false }), "response");
  response.resume();
  return { status: response.statusCode, location };
}

/// What this person does with a page that has a form: refuse if that is their decision and the page
/// offers it, else fill the form in and send it.
function answer(html, form, base, { decision, user_code }) {
  const abort = html.includes('name="abort"');
  const cancel = /<a href="([^"]+)">\[ Cancel \]/.exec(html);
  const typed = { login: "ada", password: "any", user_code };
  const fields = {};
  for (const { name, value } of form.inputs) fields[name] = value || typed[name] || "";

  if (decision === "deny" && cancel) {
    return { decided: true, request: { url: resolve(unescape(cancel[1]), base), method: "GET" } };
  }
  if (decision === "deny" && abort) fields.abort = "yes";
  return {
    decided: "abort" in fields,
    request: { url: resolve(form.action, base), method: "POST", fields },
  };
}

function firstForm(html) {
  const form = /<form\b([^>]*)>(.*?)<\/form>/s.exec(html);
  if (!form) return undefined;
  const inputs = [...form[2].matchAll(/<input\b([^>]*)>/gs)].map(([, attributes]) => ({
    name: attribute(attributes, "name"),
    value: attribute(attributes, "value"),
  }));
  return { action: attribute(form[1], "action"), inputs };
}

function attribute(attributes, name) {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes);
  return found ? unescape(found[1]) : "";
}

function unescape(text) {
  const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]);
}

function resolve(reference, base) {
  return new URL(reference, base).href;
}

/// Cookies of one site, by name and path (RFC 6265 §5.3 and §5.4, as far as one site needs them).
class CookieJar {
  #cookies = new Map();

  keep(url, response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/;\s*/);
      const [name, value] = splitOnce(pair);
      const given = Object.fromEntries(attributes.map(splitOnce));
      const path = given.path ?? new URL(url).pathname;
      const gone = value === "" || Date.parse(given.expires) < Date.now();
      if (gone) this.#cookies.delete(`${path} ${name}`);
      else this.#cookies.set(`${path} ${name}`, { name, value, path });
    }
  }

  headerFor(url) {
    const { pathname } = new URL(url);
    return [...this.#cookies.values()]
      .filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, "/")))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }
}

function splitOnce(pair) {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}
