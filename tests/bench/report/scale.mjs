// Part 4: device logins in flight.

import { bytes, digits, goal, median, nanoseconds, ratios, table, times } from "./figures.mjs";
import { lines } from "./plot.mjs";

export const title = "What one poll costs, by the number of logins in flight";
export const needs = ["scale", "scale_memory"];

const OURS = "one heap";

export function render(time, memory) {
  const names = time.rows[0].series.map(({ of }) => of);
  const count = ({ work }) => Number(work).toLocaleString("en-US");
  const found = (rows, work, name) =>
    rows.find((row) => row.work === work).series.find(({ of }) => of === name);
  const cost = (row, { of, ns }) => {
    const ours = found(time.rows, row.work, OURS).ns;
    return nanoseconds(median(ns)) + (of === OURS ? "" : ` ${times(ratios(ns, ours))}`);
  };
  const late = ({ late_p50_us: p50, late_p99_us: p99, late_most_us: most }) =>
    [p50, p99, most].map((us) => nanoseconds(us * 1000)).join(" · ");
  const [least, most] = [time.rows[0].work, time.rows.at(-1).work];
  const growth = median(found(time.rows, most, OURS).ns) / median(found(time.rows, least, OURS).ns);
  const each = found(memory.rows, memory.rows.at(-1).work, OURS).bytes_each;
  return {
    tables: [
      table(["time of one poll", ...names], time.rows.map((row) => [count(row), ...row.series.map((one) => cost(row, one))])),
      table(["how late: p50 · p99 · most", ...names], time.rows.map((row) => [count(row), ...row.series.map(late)])),
      table(["memory of one login", ...names], memory.rows.map((row) => [count(row), ...row.series.map((one) => bytes(one.bytes_each))])),
      table(["goal", ""], [
        ["memory of one waiting login", goal(bytes(each), "≤ 1,024 B", each <= 1024)],
        ["a poll among 100,000 to one among 100", goal(`×${digits(growth)}`, "flat, ≤ 1.5", growth <= 1.5)],
      ]),
    ],
    plots: {
      scale: lines(
        title,
        names.map((name) => ({
          name,
          points: time.rows.map(({ work }) => [Number(work), median(found(time.rows, work, name).ns)]),
        })),
        { x: "logins in flight", y: "time of one poll", shown: nanoseconds },
      ),
    },
  };
}
