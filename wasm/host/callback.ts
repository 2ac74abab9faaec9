/**
 * The page that a login in a window comes back to. It needs no wasm:
 *
 * ```html
 * <script type="module">import { callback } from './grantflow/callback.js'; callback();</script>
 * ```
 */

/** The page that began the login may be busy, but it runs. */
const PATIENCE_MS = 3000;

/**
 * Hands this page's address to the page of this origin that waits for it, and closes the window.
 * `false` if nobody waits: the login was given up, or is another browser's.
 */
export async function callback(href = location.href): Promise<boolean> {
  const state = new URL(href).searchParams.get('state');
  // The code does not stay in the history.
  history.replaceState(null, '', location.pathname);
  if (state === null) return false;
  const channel = new BroadcastChannel(`grantflow login ${await shortDigest(state)}`);
  const isTaken = await new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }) => data === 'taken' && resolve(true);
    setTimeout(() => resolve(false), PATIENCE_MS);
    channel.postMessage({ href });
  });
  channel.close();
  if (isTaken) window.close();
  return isTaken;
}

/** As the machines name a login: the first half of a SHA-256, in hexadecimal. */
async function shortDigest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const half = [...new Uint8Array(bytes, 0, 16)];
  return half.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
