/** What a login leaves: how long it lasts, and what can be done with it. */

import { digest, GrantflowError, type Access, type Connection } from 'grantflow';
import { announce, byId, clock, html } from './dom.js';
import { masked, type Log } from './log.js';
import { ACCESS_TOKEN_LIFE_MS } from './protocol.js';

export class CredentialCard {
  #access: Access | undefined;
  #connection: Connection | undefined;
  #api: string | undefined;

  constructor(private readonly log: Log) {
    setInterval(() => this.#draw(), 500);
    this.#onClick('renew', async (connection) => {
      await connection.renew();
      return 'Renewed.';
    });
    this.#onClick('call', async (connection) => {
      const response = await connection.fetch(this.#api ?? '');
      return `The API answers ${response.status}: ${await response.text()}`;
    });
    this.#onClick('sign-out', async (connection) => {
      const outcome = await connection.logout();
      const revoked = outcome.type === 'signed_out' ? outcome.revoked : 'failed';
      return `Signed out; ${{ yes: 'the server has revoked the tokens', not_offered: 'the server offers no revocation', failed: 'the server did not confirm it' }[revoked]}.`;
    });
  }

  /** Whose credential is shown from now on. */
  async show(connection: Connection, api?: string): Promise<void> {
    const isOther = this.#connection !== connection;
    [this.#connection, this.#api] = [connection, api];
    if (isOther) this.#say('');
    await this.refresh();
  }

  get left(): number {
    return Math.max(0, (this.#access?.expires_at ?? 0) - Date.now());
  }

  async refresh(): Promise<void> {
    const connection = this.#connection;
    const access = await connection?.signedIn();
    if (connection !== this.#connection) return;
    this.#access = access;
    const rows = access
      ? [['access_token', `••• ${masked(digest(access.access_token))}`], ['account', access.email ?? access.account_id ?? 'not told by this server'], ['plan', access.plan ?? '–']]
      : [['access_token', '–'], ['account', 'nobody is signed in'], ['plan', '–']];
    byId('credential').replaceChildren(...rows.map(([name = '', value = '']) => html('div', {}, html('dt', {}, name), html('dd', {}, value))));
    for (const id of ['renew', 'sign-out', 'renew-all']) byId<HTMLButtonElement>(id).disabled = !access;
    byId<HTMLButtonElement>('call').disabled = !access || !this.#api;
    this.#draw();
  }

  #draw(): void {
    const meter = byId('life-left');
    const share = Math.min(1, this.left / ACCESS_TOKEN_LIFE_MS);
    meter.style.inlineSize = `${100 * share}%`;
    meter.classList.toggle('due', share <= 0.5);
    const text = !this.#access ? 'no token' : this.left > 0 ? `good for ${clock(this.left)}` : 'lapsed: the next use renews it first';
    byId('life-text').textContent = text;
  }

  #onClick(id: string, work: (connection: Connection) => Promise<string>): void {
    byId(id).addEventListener('click', () => void this.#perform(work));
  }

  async #perform(work: (connection: Connection) => Promise<string>): Promise<void> {
    if (!this.#connection) return;
    this.#say('…');
    try {
      this.#say(await work(this.#connection));
    } catch (why) {
      if (!(why instanceof Error)) throw why;
      const remedy = why instanceof GrantflowError ? ` (${why.failure.remedy.replaceAll('_', ' ')})` : '';
      this.#say(`It failed: ${why.message}${remedy}`);
      this.log.refused(why.message);
    }
    await this.refresh();
  }

  #say(text: string): void {
    byId('credential-said').textContent = text;
    if (text.length > 1) announce(text);
  }
}
