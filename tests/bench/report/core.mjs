// Part 1: whole logins and a renewal.

import { bytes, digits, goal, median, nanoseconds, ratios, table, times } from "./figures.mjs";
import { bars } from "./plot.mjs";

export const title = "Whole logins and a renewal, in time of the processor";
export const needs = ["core", "core_allocations"];

const [US, FLOOR] = ["grantflow", "by hand"];

export function render(time, memory) {
  const names = time.rows[0].series.map((series) => series.of);
  return {
    tables: [
      table(["", ...names], time.rows.map(timed)),
      table(["", "the fastest peer's time to ours", "our time to the floor's"], time.rows.map(goals)),
      table(["allocations (bytes)", ...names], memory.rows.map(allocated)),
    ],
    plots: { core: bars(title, time.rows.map(drawn)) },
  };
}

function timed({ work, series }) {
  const ours = by(series, US);
  const cell = ({ of, ns }) =>
    nanoseconds(median(ns)) + (of === US ? "" : ` ${times(ratios(ns, ours))}`);
  return [work, ...series.map(cell)];
}

function goals({ work, series }) {
  const ours = by(series, US);
  const peers = series.filter(({ of }) => of !== US && of !== FLOOR);
  const [fastest] = peers.sort((a, b) => median(a.ns) - median(b.ns));
  const [ahead, above] = [ratios(fastest.ns, ours), ratios(ours, by(series, FLOOR))];
  return [
    work,
    goal(`${fastest.of} ${times(ahead)}`, "≥ 2", ahead.middle >= 2),
    goal(times(above), "≤ 1.5", above.middle <= 1.5),
  ];
}

function allocated({ work, series }) {
  return [work, ...series.map((one) => `${one.allocations} (${bytes(one.bytes)})`)];
}

function drawn({ work, series }) {
  const ours = by(series, US);
  const bar = ({ of, ns }) => {
    const { low, middle, high } = ratios(ns, ours);
    const base = median(ours);
    const text = `${nanoseconds(median(ns))}${of === US ? "" : `, ×${digits(middle)}`}`;
    return { name: of, value: middle * base, low: low * base, high: high * base, text };
  };
  return { label: work, bars: series.map(bar) };
}

function by(series, name) {
  return series.find(({ of }) => of === name).ns;
}
