// Medians, spreads and how they are written.

/** The value below which this share of them lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** Of each round one ratio: what slowed the machine down slowed both of them down. */
export function ratios(values, base) {
  return spread(values.map((value, round) => value / base[round]));
}

export function spread(values) {
  return { low: quantile(values, 0.25), middle: median(values), high: quantile(values, 0.75) };
}

/** `×1.45 (1.43–1.48)`: the median and the middle half. */
export function times({ low, middle, high }) {
  return `×${digits(middle)} (${digits(low)}–${digits(high)})`;
}

/** Three digits, and whole numbers above a hundred. */
export function digits(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function nanoseconds(ns) {
  if (ns < 1e3) return `${ns < 10 ? ns.toFixed(1) : Math.round(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`;
}

export function bytes(count) {
  if (count < 10_000) return `${Math.round(count).toLocaleString("en-US")} B`;
  return count < 1e7 ? `${digits(count / 1024)} KiB` : `${digits(count / 1024 / 1024)} MiB`;
}

/** A goal, and whether it was reached: a table says so where it was not. */
export function goal(value, text, isReached) {
  return `${value}, goal ${text}: ${isReached ? "reached" : "**missed**"}`;
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), `|---|${"---:|".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");
}
