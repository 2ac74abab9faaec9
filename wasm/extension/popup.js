/** Shows what the worker tells, once a second; asking also wakes the worker. It never has a token. */

const $ = (id) => document.getElementById(id);

async function ask(what) {
  const { value, failure } = await chrome.runtime.sendMessage({ ask: what });
  if (failure !== undefined) $('failure').textContent = failure;
  return value;
}

async function show() {
  const status = await ask('status');
  if (!status) return;
  const { prompt, signedIn, failure = '' } = status;
  $('code').hidden = !prompt;
  $('signed-in').hidden = Boolean(prompt) || !signedIn;
  $('signed-out').hidden = Boolean(prompt || signedIn);
  $('failure').textContent = failure;
  if (prompt) {
    $('link').textContent = prompt.verification_uri;
    // The machine takes no address from a provider that is not one of a page.
    $('link').href = prompt.link;
    $('user-code').textContent = prompt.user_code;
    $('code-left').textContent = minutes(prompt.left);
  }
  if (signedIn) {
    $('email').textContent = signedIn.email ? ` as ${signedIn.email}` : '';
    $('token-left').textContent = signedIn.left === undefined ? 'as long as it lasts' : minutes(signedIn.left);
  }
}

function minutes(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const BUTTONS = { 'sign-in': 'sign_in', cancel: 'sign_out', renew: 'renew', 'sign-out': 'sign_out' };
for (const [id, what] of Object.entries(BUTTONS)) $(id).onclick = () => ask(what).then(show);

await show();
setInterval(show, 1000);
