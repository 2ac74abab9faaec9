// Part 5: the npm package.

import { bytes, digits, median, nanoseconds, ratios, table, times } from "./figures.mjs";
import { bars } from "./plot.mjs";

export const title = "What a page loads for its logins, compressed with brotli";
export const needs = ["wasm"];

export function render({ rows }) {
  const of = (name) => rows.find(({ work }) => work === name)?.series ?? [];
  const [size, node, chromium] = [of("size"), of("Node"), of("Chromium")];
  const wholes = size.filter(({ of }) => !of.includes(": "));
  const parts = of("parts");
  const all = sum(parts);
  const large = parts.filter(({ raw }) => raw >= all / 100);
  const small = parts.filter((part) => !large.includes(part));
  const shown = large.map((one) => [`\`${one.of}\``, one.raw]);
  shown.push([`${small.length} others`, sum(small)]);
  const started = (series, name) => {
    const [ours] = series;
    const one = series.find(({ of }) => of === name);
    if (!one) return "";
    return `${digits(median(one.ms))} ms` + (one === ours ? "" : ` ${times(ratios(one.ms, ours.ms))}`);
  };
  return {
    tables: [
      table(["loaded", "raw", "gzip", "brotli", "brotli to ours"], size.map((one) => [
        one.of, bytes(one.raw), bytes(one.gzip), bytes(one.brotli),
        one.of.startsWith("grantflow") ? "" : `×${digits(one.brotli / size[0].brotli)}`,
      ])),
      table(["from the import to the first authorization URL", "Node", "Chromium"], wholes.map((one) => [
        one.of, started(node, one.of), started(chromium, one.of),
      ]).filter(([, ...cells]) => cells.some(Boolean))),
      table(["one step across the boundary, in Node", "median", "quartiles"], of("steps").map((one) => [
        one.of, nanoseconds(one.middle_ns), `${nanoseconds(one.low_ns)}–${nanoseconds(one.high_ns)}`,
      ])),
      table(["part of the module, before the last tool makes it smaller", "raw", ""], shown.map(([of, raw]) => [
        of, bytes(raw), `${digits((100 * raw) / all)} %`,
      ])),
    ],
    plots: { wasm: bars(title, [{ label: "", bars: wholes.map((one) => ({
      name: one.of.replace(/, .*/, ""), value: one.brotli, text: `${bytes(one.brotli)}, ×${digits(one.brotli / size[0].brotli)}`,
    })) }]) },
  };
}

function sum(parts) {
  return parts.reduce((sum, { raw }) => sum + raw, 0);
}
