/**
 * This computer's wall clock, which the demo can step. The package reads `Date.now()`, as it does
 * everywhere; so do both tabs, which share the step.
 */

const KEY = 'grantflow-demo clock';
const real = Date.now.bind(Date);
const ahead = () => Number(localStorage.getItem(KEY) ?? 0);

export function startClock(): void {
  Date.now = () => real() + ahead();
}

export function stepClock(ms: number): void {
  localStorage.setItem(KEY, String(ahead() + ms));
}

export function setClockRight(): void {
  localStorage.removeItem(KEY);
}

export function hoursAhead(): number {
  return ahead() / 3_600_000;
}
