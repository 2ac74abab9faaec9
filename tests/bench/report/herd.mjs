// Part 3: one token that has lapsed, and everyone who wants it; and how soon the new one is safe.

import { digits, goal, median, nanoseconds, quantile, ratios, table, times } from "./figures.mjs";
import { bars } from "./plot.mjs";

export const title = "One token that has lapsed: until the last one has the new one";
export const needs = ["herd", "safety"];

export function render({ rows }, safety) {
  const [alone, callers, processes] = rows.map(({ series }) => series);
  const [trip] = alone;
  const line = (name) => ({ of, ns }) => [
    name(of), nanoseconds(median(ns)), times(ratios(ns, trip.ns)),
  ];
  const thousands = (of) => `${Number(of).toLocaleString("en-US")} callers`;
  const members = (of) => `${of.replace(" × ", " processes, ")} callers in each`;
  const most = callers.at(-1);
  const ahead = ratios(most.ns, trip.ns);
  return {
    tables: [
      table(["", "until the last one has the new token", "to one round trip"], [
        ["one round trip", nanoseconds(median(trip.ns)), ""],
        ...callers.map(line(thousands)),
        ...processes.map(line(members)),
      ]),
      table(["goal", ""], [
        [`${thousands(most.of)}, to one round trip`, goal(times(ahead), "≤ 1.2", ahead.middle <= 1.2)],
        ["requests for each herd", goal(digits(trip.renewals / trip.turns), "1", trip.renewals === trip.turns)],
      ]),
      table([`from the server's answer to the disk, ${safety.rows[0].series[0].ns.length} renewals`, "p50", "p99", "longest"], safety.rows.map(safe)),
    ],
    plots: { herd: bars(title, [
      { label: "tasks", bars: [trip, ...callers].map(drawn(trip)) },
      { label: "processes × tasks", bars: processes.map(drawn(trip)) },
    ]) },
  };
}

function safe({ work, series: [{ ns }] }) {
  const at = (share) => `${(quantile(ns, share) / 1e6).toFixed(2)} ms`;
  return [work, at(0.5), at(0.99), at(1)];
}

function drawn(trip) {
  return ({ of, ns }) => {
    const text = of === trip.of ? nanoseconds(median(ns)) : `×${digits(ratios(ns, trip.ns).middle)}`;
    return { name: of, value: median(ns), low: quantile(ns, 0.25), high: quantile(ns, 0.75), text };
  };
}
