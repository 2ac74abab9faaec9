/** The state machine as it was explored when the demo was built, and where its parts are drawn. */

export interface Arrow {
  from: string;
  to: string;
  inputs: string[];
}

export interface Door {
  door: string;
  begins: string;
  arrows: Arrow[];
}

export interface Drawing {
  doors: Door[];
}

/** A state on the line, or an end beside it. */
export interface Stop {
  name: string;
  x: number;
  y: number;
}

export interface Plan {
  door: Door;
  /** The states on the way to tokens, in the order in which a login meets them. */
  line: Stop[];
  signedIn: Stop;
  /** Every other way in which it can end. */
  ends: Stop[];
}

export const SIGNED_IN = 'Ok';
export const WIDTH = 372;
export const HEIGHT = 520;
const LINE_X = 72;
export const SIDING_X = 240;
const TOP = 34;
const END_GAP = 25;

/** Lays a door out as a line from its first state to the tokens, with the other ends on a siding. */
export function planOf(door: Door): Plan {
  const order = statesInOrder(door);
  const ends = [...new Set(door.arrows.map(({ to }) => to))].filter((to) => !isState(door, to) && to !== SIGNED_IN);
  const endsTop = HEIGHT - 26 - (ends.length - 1) * END_GAP;
  const lineEnd = HEIGHT - 62;
  const gap = (lineEnd - TOP) / order.length;
  return {
    door,
    line: order.map((name, index) => ({ name, x: LINE_X, y: TOP + index * gap })),
    signedIn: { name: SIGNED_IN, x: LINE_X, y: lineEnd },
    ends: ends.sort().map((name, index) => ({ name, x: SIDING_X, y: endsTop + index * END_GAP })),
  };
}

export function isState(door: Door, name: string): boolean {
  return name === door.begins || door.arrows.some(({ from }) => from === name);
}

/** By the number of inputs that it takes to get there. */
function statesInOrder(door: Door): string[] {
  const order = [door.begins];
  for (const here of order) {
    const next = door.arrows.filter(({ from, to }) => from === here && isState(door, to));
    next.forEach(({ to }) => order.includes(to) || order.push(to));
  }
  return order;
}

/** `Polling/Sent` is the state Polling, whose request is out. */
export function parts(row: string): { state: string; phase: string } {
  const [state = row, phase] = row.split('/');
  return { state, phase: phase === 'Due' ? 'request due' : phase === 'Sent' ? 'request out' : '' };
}

/** What the machine knows of an end, in words for people. */
export function endName(name: string): string {
  if (name === SIGNED_IN) return 'Signed in';
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** An error type of the package, as the machine's own name of that end. */
export function endOf(failure: string): string {
  return failure.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}
