/** What a person has to do, as long as there is something. */

import type { Shown } from 'grantflow';
import { encode } from 'uqr';
import { announce, byId, html, svg } from './dom.js';

type EnterCode = Extract<Shown, { type: 'enter_code' }>;
type OpenUrl = Extract<Shown, { type: 'open_url' }>;

/** Shows a prompt. `popupUri` tells a window's way back from this page's own. */
export function showPrompt(prompt: Shown | undefined, popupUri: string, pasted: () => void): void {
  const card = byId('prompt');
  if (!prompt) return say('Nothing to do for a person.');
  if (prompt.type === 'enter_code') {
    card.replaceChildren(...enterCode(prompt));
    announce(`Enter the code ${prompt.user_code.split('').join(' ')} on the server's page.`);
    return;
  }
  const [signIn] = prompt.sign_ins;
  if (!signIn) return;
  const isPage = signIn.way === 'page';
  const isWindow = isPage || signIn.redirect_uri === popupUri;
  card.replaceChildren(...(isPage ? pasteCode(prompt, signIn.url, pasted) : signInElsewhere(signIn.url, isWindow)));
  announce('Sign in on the server’s page.');
}

export function say(text: string): void {
  byId('prompt').replaceChildren(html('p', { class: 'quiet' }, text));
}

/** How it went wrong, and what helps. */
export function showFailure(message: string, remedy: string): void {
  const next = REMEDIES[remedy] ?? 'Try again.';
  byId('prompt').replaceChildren(html('p', { class: 'failure' }, html('b', {}, 'It ended: '), message), html('p', {}, next));
  announce(`The login ended: ${message}`);
}

const REMEDIES: Record<string, string> = {
  sign_in_again: 'What helps: sign in again.',
  retry_later: 'What helps: the same, a little later.',
  fix_configuration: 'What helps: another configuration of this client.',
  ask_administrator: 'What helps: somebody who can give this account access.',
  use_another_flow: 'What helps: another way to sign in.',
  use_owner_tool: 'What helps: the tool whose login this is.',
};

function enterCode({ user_code, verification_uri, verification_uri_complete }: EnterCode): Node[] {
  const address = verification_uri_complete ?? verification_uri;
  const copy = html('button', { type: 'button', class: 'plain' }, 'Copy');
  copy.addEventListener('click', () => {
    void navigator.clipboard.writeText(user_code).then(() => announce('The code is copied.'));
  });
  const carried = verification_uri_complete ? 'The address brings the code along: compare it.' : 'Enter the code there.';
  return [
    html('p', {}, 'Open the server’s page and decide there, as the person. ', carried),
    html(
      'div',
      { class: 'code-and-qr' },
      html('output', { class: 'user-code', 'aria-label': 'user code' }, user_code),
      qr(address),
    ),
    html('div', { class: 'row' }, outward(address, 'Open the server’s page'), copy),
    html('p', { class: 'quiet' }, 'A real code is scanned with a phone. This server lives in this browser alone, where no phone finds it.'),
  ];
}

function signInElsewhere(url: string, isWindow: boolean): Node[] {
  const link = isWindow
    ? outward(url, 'Open the sign-in page')
    : html('a', { class: 'button', href: url }, 'Go to the sign-in page');
  const what = isWindow
    ? 'Decide in the window that was opened; if none was, open it here. Whether it is still open cannot be known, so this page waits for its answer.'
    : 'This login waits for the answer of the sign-in page.';
  return [html('p', {}, what), html('div', { class: 'row' }, link)];
}

function pasteCode({ paste }: OpenUrl, url: string, pasted: () => void): Node[] {
  const input = html('input', { id: 'pasted', name: 'pasted', autocomplete: 'off', spellcheck: 'false', required: true });
  const refused = html('p', { class: 'failure', role: 'alert' });
  const form = html('form', { class: 'row' }, input, html('button', { type: 'submit' }, 'Hand in'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const rejected = paste(input.value);
    refused.textContent = rejected ? `Refused, and nothing changed: ${rejected.message}.` : '';
    if (!rejected) pasted();
  });
  return [
    html('p', {}, 'Sign in on the server’s page, and carry here what it shows at the end.'),
    html('div', { class: 'row' }, outward(url, 'Open the server’s page')),
    html('label', { for: 'pasted' }, 'What the page shows (code#state)'),
    form,
    refused,
  ];
}

/** To a page that is told nothing of this one. */
function outward(href: string, text: string): HTMLElement {
  const hint = html('span', { class: 'unseen' }, ' (in another tab)');
  return html('a', { class: 'button', href, target: '_blank', rel: 'noopener' }, text, hint);
}

function qr(text: string): SVGElement {
  const { data, size } = encode(text, { border: 2 });
  const cells = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return svg(
    'svg',
    { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'QR code of the address', 'shape-rendering': 'crispEdges' },
    svg('rect', { class: 'paper', width: size, height: size }),
    svg('path', { class: 'ink', d: cells.join('') }),
  );
}
