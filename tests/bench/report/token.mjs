// Part 2: a token that is fresh.

import { digits, goal, median, nanoseconds, ratios, spread, table, times } from "./figures.mjs";
import { lines } from "./plot.mjs";

export const title = "One look at a token that is fresh, by the number of threads";
export const needs = ["token", "token_allocations"];

const US = "access()";

export function render({ rows }, memory) {
  const names = rows[0].series.map(({ of }) => of);
  const by = (row, name) => row.series.find(({ of }) => of === name).ns;
  const cell = (row) => ({ of, ns }) =>
    nanoseconds(median(ns)) + (of === US ? "" : ` ×${digits(ratios(ns, by(row, US)).middle)}`);
  const [one] = rows;
  const most = rows.at(-1);
  const looked = spread(by(one, US));
  const to = (name) => ratios(by(one, name), by(one, US));
  const flat = ratios(by(most, US), by(one, US));
  const [blocking, huskarl] = [to("spawn_blocking(read + parse)"), to("huskarl's cache")];
  return {
    tables: [
      table(["threads", ...names], [
        ...rows.map((row) => [row.work, ...row.series.map(cell(row))]),
        ["allocations", ...memory.rows[0].series.map(({ allocations }) => allocations)],
      ]),
      table(["goal, one thread", ""], [
        ["time of a look", goal(`${nanoseconds(looked.middle)} (${nanoseconds(looked.low)}–${nanoseconds(looked.high)})`, "≤ 40 ns", looked.middle <= 40)],
        [`the same among ${most.work} threads`, goal(times(flat), "flat, ≤ 1.5", flat.middle <= 1.5)],
        ["a file through spawn_blocking, to a look", goal(times(blocking), "≥ 1,000", blocking.middle >= 1000)],
        ["huskarl's cache, to a look", goal(times(huskarl), "≥ 4", huskarl.middle >= 4)],
      ]),
    ],
    plots: {
      token: lines(
        title,
        names.map((name) => ({ name, points: rows.map((row) => [Number(row.work), median(by(row, name))]) })),
        { x: "threads", y: "time of one look, of one core", shown: nanoseconds },
      ),
    },
  };
}
