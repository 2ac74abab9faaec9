/** Which server, and which way to sign in. */

import { byId, html } from './dom.js';
import { DIALECTS, type Dialect } from './protocol.js';
import { FLOWS, VENDORS, type Flow } from './providers.js';

const KEY = 'grantflow-demo choice';

export class Choice {
  dialect: Dialect = 'standard';
  flow: Flow = 'device';

  constructor(private readonly chosen: () => void) {
    this.#recall();
    const options = DIALECTS.map((dialect) => html('option', { value: dialect, selected: dialect === this.dialect }, VENDORS[dialect].name));
    const select = byId<HTMLSelectElement>('dialect');
    select.replaceChildren(...options);
    select.addEventListener('change', () => this.#choose(select.value as Dialect, this.flow));
    this.#draw();
  }

  /** While a login is under way. */
  set isFixed(isFixed: boolean) {
    byId<HTMLFieldSetElement>('choice').disabled = isFixed;
  }

  #choose(dialect: Dialect, flow: Flow): void {
    this.dialect = dialect;
    const [first = flow] = VENDORS[dialect].flows;
    this.flow = VENDORS[dialect].flows.includes(flow) ? flow : first;
    const text = `${this.dialect} ${this.flow}`;
    // A reload is the same tab; a new tab begins where the last one chose.
    sessionStorage.setItem(KEY, text);
    localStorage.setItem(KEY, text);
    this.#draw();
    this.chosen();
  }

  #recall(): void {
    const [dialect, flow] = (sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? '').split(' ');
    const vendor = DIALECTS.find((known) => known === dialect);
    const way = vendor && VENDORS[vendor].flows.find((known) => known === flow);
    if (vendor && way) [this.dialect, this.flow] = [vendor, way];
  }

  #draw(): void {
    byId('manners').textContent = `${VENDORS[this.dialect].manners}.`;
    byId('about-flow').textContent = FLOWS[this.flow].about;
    const isOffered = (flow: Flow) => VENDORS[this.dialect].flows.includes(flow);
    const ways = (Object.keys(FLOWS) as Flow[]).map((flow) => {
      const input = html('input', { type: 'radio', name: 'flow', id: `flow-${flow}`, value: flow, checked: flow === this.flow, disabled: !isOffered(flow) });
      input.addEventListener('change', () => this.#choose(this.dialect, flow));
      return html('span', { class: isOffered(flow) ? '' : 'not-offered' }, input, html('label', { for: `flow-${flow}` }, FLOWS[flow].name));
    });
    // Drawing anew must not take the focus away.
    const focused = document.activeElement?.id;
    byId('flows').replaceChildren(...ways);
    if (focused?.startsWith('flow-')) byId(focused).focus();
  }
}
