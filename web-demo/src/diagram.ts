/** Draws a door of the machine as a line with its stops, and shows where a login stands. */

import { svg } from './dom.js';
import { endName, HEIGHT, isState, parts, planOf, SIDING_X, SIGNED_IN, WIDTH, type Arrow, type Door, type Plan, type Stop } from './machine.js';

export class Diagram {
  #plan: Plan | undefined;

  constructor(private readonly frame: SVGSVGElement) {
    frame.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  }

  get door(): Door | undefined {
    return this.#plan?.door;
  }

  show(door: Door): void {
    if (this.#plan?.door === door) return this.clear();
    const plan = (this.#plan = planOf(door));
    const title = svg('title', { id: 'machine-title' }, `The state machine: ${door.door}`);
    this.frame.replaceChildren(title, arrowHead(), ...arrows(plan), ...plan.line.map((stop) => station(plan, stop)), ...ends(plan));
  }

  /** Where the login is now. */
  at(name: string): void {
    this.frame.querySelectorAll('.stop.here').forEach((stop) => stop.classList.remove('here'));
    this.#find('stop', 'data-name', name)?.classList.add('here', 'visited');
  }

  /** The way it came. */
  took(from: string, to: string): void {
    this.frame.querySelectorAll('.arrow.last').forEach((arrow) => arrow.classList.remove('last'));
    const arrow = this.#find('arrow', 'data-arrow', `${from} ${to}`);
    arrow?.classList.add('last', 'visited');
    if (to !== SIGNED_IN && this.door && !isState(this.door, to)) {
      this.frame.querySelector('.siding')?.classList.add('last', 'visited');
    }
  }

  clear(): void {
    const lit = this.frame.querySelectorAll('.here, .last, .visited');
    lit.forEach((element) => element.classList.remove('here', 'last', 'visited'));
  }

  #find(kind: string, attribute: string, value: string): Element | undefined {
    const all = this.frame.querySelectorAll(`.${kind}`);
    return [...all].find((element) => element.getAttribute(attribute) === value);
  }
}

function arrowHead(): SVGElement {
  const size = { viewBox: '0 0 10 10', refX: 7, refY: 5, markerWidth: 5, markerHeight: 5, orient: 'auto' };
  return svg('defs', {}, svg('marker', { id: 'head', ...size }, svg('path', { class: 'head', d: 'M1 1 L9 5 L1 9 z' })));
}

function arrows(plan: Plan): SVGElement[] {
  const { line, signedIn, ends } = plan;
  const stops = [...line, signedIn];
  const at = (name: string) => stops.findIndex((stop) => stop.name === name);
  const drawn = plan.door.arrows.map((arrow) => {
    const [from, to] = [at(arrow.from), at(arrow.to)];
    const [a, b] = [stops[from], stops[to]];
    if (!a) return undefined;
    if (!b) return path(arrow, 'branch', `M${a.x + 8} ${a.y + 7} q12 10 28 10 H${SIDING_X - 12} q12 0 12 12`);
    if (to === from + 1) return path(arrow, 'track', `M${a.x} ${a.y} V${b.y}`);
    return path(arrow, to > from ? 'skip' : 'back', bow(a, b));
  });
  const last = ends.at(-1);
  const first = line.find(({ name }) => plan.door.arrows.some(({ from, to }) => from === name && at(to) < 0));
  const siding = first && last && svg('path', { class: 'siding', d: `M${SIDING_X} ${first.y + 29} V${last.y}` });
  // Short pieces over long ones, so that what was last lit is seen.
  return [siding, ...drawn].filter((element) => element !== undefined);
}

/** To the left of the line: the further it goes, the further out. */
function bow(a: Stop, b: Stop): string {
  const out = a.x - 22 - Math.abs(b.y - a.y) / 5;
  return `M${a.x - 8} ${a.y - 4} C${out} ${a.y - 14} ${out} ${b.y + 14} ${b.x - 9} ${b.y + 5}`;
}

function path({ from, to, inputs }: Arrow, kind: string, d: string): SVGElement {
  const title = svg('title', {}, `${label(from)} to ${label(to)}: ${inputs.join(', ')}`);
  const head = kind === 'back' || kind === 'skip' ? 'url(#head)' : undefined;
  return svg('path', { class: `arrow ${kind}`, 'data-arrow': `${from} ${to}`, d, 'marker-end': head }, title);
}

function station(plan: Plan, stop: Stop): SVGElement {
  const { state, phase } = parts(stop.name);
  const before = plan.line[plan.line.indexOf(stop) - 1];
  const isFirst = !before || parts(before.name).state !== state;
  const lines = isFirst
    ? [svg('text', { class: 'state', x: stop.x + 20, y: stop.y + (phase ? -1 : 5) }, state)]
    : [];
  const note = svg('text', { class: 'phase', x: stop.x + 20, y: stop.y + (isFirst ? 14 : 4) }, phase);
  return mark(stop, 9, ...lines, note);
}

function ends({ signedIn, ends }: Plan): SVGElement[] {
  const name = svg('text', { class: 'state', x: signedIn.x + 22, y: signedIn.y + 5 }, endName(SIGNED_IN));
  const terminus = mark(signedIn, 11, name);
  terminus.classList.add('terminus');
  const others = ends.map((stop) => {
    const name = svg('text', { class: 'end-name', x: stop.x + 14, y: stop.y + 4 }, endName(stop.name));
    const end = mark(stop, 6, name);
    end.classList.add('end');
    return end;
  });
  return [terminus, ...others];
}

function mark({ name, x, y }: Stop, r: number, ...children: Node[]): SVGElement {
  const halo = svg('circle', { class: 'halo', cx: x, cy: y, r: r + 7 });
  return svg('g', { class: 'stop', 'data-name': name }, halo, svg('circle', { class: 'dot', cx: x, cy: y, r }), ...children);
}

function label(name: string): string {
  const { state, phase } = parts(name);
  return phase ? `${state}, ${phase}` : endName(state);
}
