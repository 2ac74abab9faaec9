// Part 7: what a program pays for naming a crate.

import { digits, median, ratios, table, times } from "./figures.mjs";
import { bars } from "./plot.mjs";

export const title = "A first release build of a program that names the crate";
export const needs = ["build"];

export function render({ rows }) {
  const head = ["", "", "crates", "first build", "to ours", "again, after a change of the program"];
  const line = ({ work, series }) =>
    series.map((one, index) => [
      index === 0 ? `**${work}**` : "",
      one.of,
      String(one.crates),
      seconds(one.cold_s),
      index === 0 ? "" : times(ratios(one.cold_s, series[0].cold_s)),
      seconds(one.warm_s),
    ]);
  const drawn = ({ work, series }) => ({
    label: work,
    bars: series.map(({ of, cold_s, crates }) => ({
      name: of.replace(/, .*/, ""),
      value: median(cold_s),
      text: `${seconds(cold_s)}, ${crates} crates`,
    })),
  });
  return {
    tables: [table(head, rows.flatMap(line))],
    plots: { build: bars(title, rows.map(drawn)) },
  };
}

function seconds(values) {
  return `${digits(median(values))} s`;
}
