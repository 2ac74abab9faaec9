// Part 6: from the approval to the token, and what that costs the server.

import { digits, goal, ratios, median, table, times } from "./figures.mjs";
import { bars } from "./plot.mjs";

export const title = "Seconds from the approval to the token, on average";
export const needs = ["polling"];

const [US, BEST] = ["grantflow", "best possible"];

export function render({ rows }) {
  const head = [
    "", "client", "mean delay", "to the best possible", "p50", "p95", "requests a login",
    "early polls", "logins that failed",
  ];
  return {
    tables: [
      table(head, rows.flatMap(({ work, series }) => series.map((one) => line(work, one, series)))),
      table(["", "early polls of ours", "our mean delay to the best possible"], rows.map(goals)),
    ],
    plots: { polling: bars(title, rows.map(drawn)) },
  };
}

function line(work, one, series) {
  const seconds = (ms) => (ms === null ? "" : `${(ms / 1000).toFixed(2)} s`);
  const best = one.of === BEST ? "" : times(toBest(one, series));
  return [
    one.of === US ? `**${work}**` : "",
    one.of,
    seconds(mean(one)),
    one.failed === one.people ? "" : best,
    seconds(one.p50_ms),
    seconds(one.p95_ms),
    digits(one.polls / one.people),
    one.early.toLocaleString("en-US"),
    `${digits((100 * one.failed) / one.people)} %`,
  ];
}

function goals({ work, series }) {
  const ours = series.find(({ of }) => of === US);
  const ratio = toBest(ours, series);
  return [
    work,
    goal(ours.early.toLocaleString("en-US"), "0", ours.early === 0),
    ours.failed === ours.people
      ? "no login comes to a token: **missed**"
      : goal(times(ratio), "≤ 1.05", ratio.middle <= 1.05),
  ];
}

function drawn({ work, series }) {
  const bar = (one) => ({
    name: one.of,
    value: (mean(one) ?? 0) / 1000,
    text: [
      mean(one) === null ? "no token" : `${(mean(one) / 1000).toFixed(1)} s`,
      ...(one.early ? [`${digits(one.early / one.people)} early a login`] : []),
      ...(one.failed ? [`${digits((100 * one.failed) / one.people)} % failed`] : []),
    ].join(", "),
  });
  return { label: work, bars: series.map(bar) };
}

const mean = (one) => (one.failed === one.people ? null : median(one.mean_ms_of_groups));

function toBest(one, series) {
  const best = series.find(({ of }) => of === BEST);
  return ratios(one.mean_ms_of_groups, best.mean_ms_of_groups);
}
