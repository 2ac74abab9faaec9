/** The page's side of the service worker. */

import { CHANNEL, type Standing, type Wish } from './protocol.js';

const WORKER = 'worker.js';

/** Starts the service worker, and resolves when it answers for this page. */
export async function startServer(): Promise<void> {
  const { serviceWorker } = navigator;
  await serviceWorker.register(trusted(WORKER) as string);
  const { active } = await serviceWorker.ready;
  if (serviceWorker.controller) return;
  const claimed = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  // A page that was reloaded by force is nobody's until it is claimed.
  active?.postMessage({ type: 'claim' } satisfies Wish);
  await claimed;
}

/** Under Trusted Types the address of a script has to come from a policy: this one knows one address. */
function trusted(address: typeof WORKER): unknown {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return address;
  const policy = trustedTypes.createPolicy('grantflow-demo', { createScriptURL: (url) => (url === WORKER ? url : '') });
  return policy.createScriptURL(address);
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

/** Asks the servers for something that is no request of OAuth. */
export async function ask(wish: Wish): Promise<Standing | undefined> {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise<Standing | undefined>((resolve, reject) => {
    port1.onmessage = ({ data }: MessageEvent<{ standing?: Standing; why?: string }>) =>
      data.why === undefined ? resolve(data.standing) : reject(new Error(data.why));
  });
  active?.postMessage(wish, [port2]);
  return answered;
}

/** Hears of every request, whichever page made it. */
export function listen(heard: (standing: Standing) => void): void {
  new BroadcastChannel(CHANNEL).onmessage = ({ data }: MessageEvent<Standing>) => heard(data);
}
