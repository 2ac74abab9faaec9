/** The demo: one page, five servers, every way to sign in. */

import { connect, direct, GrantflowError, indexedDbStore, init, RejectedError, type Connection, type Transport, type Watch } from 'grantflow';
import { Choice } from './choice.js';
import { setClockRight, startClock } from './clock.js';
import { CredentialCard } from './credential.js';
import { Diagram } from './diagram.js';
import { announce, byId } from './dom.js';
import { Faults } from './faults.js';
import { Follower, nameOf } from './follower.js';
import { ask, listen, startServer } from './link.js';
import { Log } from './log.js';
import type { Drawing } from './machine.js';
import { Pace } from './pace.js';
import { say, showFailure, showPrompt } from './prompt.js';
import { DIALECTS, issuer, PATIENCE_MS, redirectUris, type Dialect } from './protocol.js';
import { doorOf, providerOf, VENDORS } from './providers.js';
import { Tabs } from './tabs.js';
import { startTheme } from './theme.js';

const scope = new URL('./', location.href).href;
const redirects = redirectUris(scope);

class Demo {
  readonly #log = new Log();
  readonly #pace = new Pace();
  readonly #credential = new CredentialCard(this.#log);
  readonly #choice = new Choice(() => void this.#chosen());
  readonly #faults = new Faults((text) => this.#note(text));
  readonly #tabs = new Tabs((dialect) => this.#connection(dialect));
  readonly #connections = new Map<Dialect, Connection>();
  readonly #diagram = new Diagram(byId<SVGSVGElement>('machine'));
  readonly #follower = new Follower(this.#diagram);
  readonly #store = indexedDbStore('grantflow-demo');
  #underWay: AbortController | undefined;

  constructor(private readonly drawing: Drawing) {}

  async start(): Promise<void> {
    listen((standing) => {
      if (standing.dialect !== this.#choice.dialect) return;
      standing.entries.forEach((entry) => this.#log.request(entry));
      if (standing.note) this.#log.note(standing.note);
      this.#faults.show(standing);
    });
    byId('sign-in').addEventListener('click', () => void this.#signIn());
    byId('cancel').addEventListener('click', () => this.#underWay?.abort(new Error('given up here')));
    byId('renew-all').addEventListener('click', () => this.#tabs.renewEverywhere(this.#choice.dialect, this.#credential.left));
    byId('revoke').addEventListener('click', () => void this.#revoke());
    byId('afresh').addEventListener('click', () => void this.#afresh());
    await this.#tabs.start();
    await this.#chosen();
    byId('sign-in').removeAttribute('disabled');
    document.documentElement.dataset['ready'] = 'yes';
    await this.#resume();
  }

  #connection(dialect: Dialect): Connection {
    const there = this.#connections.get(dialect);
    if (there) return there;
    const connection = connect({
      provider: providerOf(scope, dialect),
      store: this.#store,
      transport: this.#transport,
      origins: [location.origin],
      onRenewalStep: (step, state) => {
        this.#log.step(step, state);
        this.#tabs.ended(step);
      },
    });
    connection.onChange(() => void this.#credential.refresh());
    this.#connections.set(dialect, connection);
    return connection;
  }

  /** As the package does it, with less patience, so that a late answer can be waited for here. */
  readonly #transport: Transport = async (request, signal) => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const result = await direct(request, patience).catch(() => ({ type: 'lost' }) as const);
    const name = nameOf(result);
    this.#follower.heard(name);
    if (name === 'slow_down') this.#pace.because('slow_down');
    if (result.type === 'lost') this.#pace.because('lost: backs off');
    if (result.type !== 'response') this.#log.note(`No answer to ${request.purpose}: ${result.type.replace('_', ' ')}.`);
    return result;
  };

  async #chosen(): Promise<void> {
    const { dialect, flow } = this.#choice;
    const name = doorOf(dialect, flow);
    const door = this.drawing.doors.find(({ door }) => door === name);
    if (door && !this.#underWay) this.#diagram.show(door);
    byId('door').textContent = name;
    const api = VENDORS[dialect].hasApi ? `${issuer(scope, dialect)}/api` : undefined;
    await Promise.all([this.#credential.show(this.#connection(dialect), api), this.#faults.choose(dialect)]);
  }

  #watch(signal: AbortSignal): Watch {
    return {
      signal,
      onPrompt: (prompt) => {
        this.#pace.until(prompt?.deadline);
        showPrompt(prompt, redirects.popup, () => this.#follower.heard('code#state from the page'));
      },
      onStep: (step, state) => {
        this.#log.step(step, state);
        this.#follower.stepped(step, state);
        if (step.type === 'wait') this.#pace.wait(step.ms, state === 'Polling');
        else this.#pace.stop();
      },
      onRejected: ({ message }) => this.#refused(message),
    };
  }

  #signIn(): Promise<void> {
    const { dialect, flow } = this.#choice;
    return this.#run((watch) => {
      this.#log.note(`${VENDORS[dialect].name}: a login by ${flow} begins.`);
      this.#follower.begin();
      const connection = this.#connection(dialect);
      if (flow === 'popup') return connection.login({ by: flow, redirect_uri: redirects.popup, onBlocked: () => {}, ...watch });
      if (flow === 'redirect') return connection.login({ by: flow, redirect_uri: redirects.redirect, ...watch });
      return connection.login({ by: flow, ...watch });
    });
  }

  /** What a page load has interrupted, or what the sign-in page has sent back. */
  async #resume(): Promise<void> {
    const connection = this.#connection(this.#choice.dialect);
    await this.#run((watch) => {
      let isNew = true;
      const { onStep } = watch;
      return connection.resume({
        ...watch,
        onStep: (step, state) => {
          if (isNew) this.#log.note('A login that was under way goes on.');
          isNew = false;
          this.#leaveStrangeAddress();
          onStep?.(step, state);
        },
      });
    });
    this.#leaveStrangeAddress();
  }

  /** An answer that is still in the address is no login's: its `state` was not given out here. */
  #leaveStrangeAddress(): void {
    if (!new URL(location.href).searchParams.has('state')) return;
    history.replaceState(null, '', scope);
    this.#refused('the answer in the address belongs to no login here');
  }

  async #run(begin: (watch: Watch) => Promise<unknown>): Promise<void> {
    const abort = (this.#underWay = new AbortController());
    this.#isBusy(true);
    this.#pace.reset();
    try {
      const access = await begin(this.#watch(abort.signal));
      say(access ? 'Signed in. The credential stands in its own card.' : 'Nobody is signing in.');
      if (access) announce('Signed in.');
    } catch (why) {
      this.#failed(why);
    } finally {
      this.#underWay = undefined;
      this.#pace.stop();
      this.#isBusy(false);
      await this.#credential.refresh();
    }
  }

  #failed(why: unknown): void {
    if (why instanceof RejectedError) {
      this.#refused(why.message);
      say('The login waits for its own answer as before: go back to the sign-in page, or begin anew.');
    } else if (why instanceof GrantflowError) {
      showFailure(why.message, why.failure.remedy);
      this.#log.refused(why.message);
    } else {
      say(why instanceof Error ? `Ended: ${why.message}.` : 'Ended.');
    }
  }

  #refused(message: string): void {
    const text = `Refused, and nothing changed: ${message}.`;
    this.#log.refused(text);
    byId('refused').textContent = text;
    announce(text);
  }

  #note(text: string): void {
    this.#log.note(text);
    announce(text);
  }

  async #revoke(): Promise<void> {
    await ask({ type: 'revoke_all', dialect: this.#choice.dialect });
    this.#note('The person has revoked every token in the account’s settings.');
  }

  async #afresh(): Promise<void> {
    this.#underWay?.abort(new Error('begun afresh'));
    // Also of what nobody has looked at since the page was loaded.
    for (const dialect of DIALECTS) await this.#connection(dialect).logout().catch(() => {});
    const { pending } = this.#store;
    for (const { id } of (await pending?.all()) ?? []) await pending?.take(id);
    await ask({ type: 'forget' });
    setClockRight();
    this.#log.clear();
    this.#pace.reset();
    this.#diagram.clear();
    await this.#chosen();
    this.#note('Everything is as on the first day.');
  }

  #isBusy(isBusy: boolean): void {
    byId<HTMLButtonElement>('sign-in').disabled = isBusy;
    byId<HTMLButtonElement>('cancel').disabled = !isBusy;
    this.#choice.isFixed = isBusy;
    if (isBusy) byId('refused').textContent = '';
  }
}

startClock();
startTheme();
try {
  const drawing = fetch('machine.json').then((response) => response.json() as Promise<Drawing>);
  await Promise.all([init(), startServer()]);
  await new Demo(await drawing).start();
} catch (why) {
  const needs = 'This page needs a service worker, IndexedDB and Web Locks: https, or http on this machine. ';
  say(needs + (why instanceof Error ? why.message : ''));
}
