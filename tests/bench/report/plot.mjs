// Bars and lines as SVG: no script, readable on light and on dark pages.

const WIDTH = 720;
const COLOURS = ["#0a7f5a", "#4c78a8", "#b279a2", "#e0843a", "#8a8f98", "#c7a500", "#c2504d"];

const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.quiet { fill: #57606a } .title { font-weight: 600; font-size: 15px }
.grid { stroke: #d0d7de } .whisker { stroke: #24292f }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #3d444d } .whisker { stroke: #e6edf3 }
}
</style>`;

/**
 * One bar for each of a group; `low` and `high` are drawn as a whisker.
 * `groups`: `[{ label, bars: [{ name, value, low, high, text }] }]`.
 */
export function bars(title, groups) {
  const [left, right, thick] = [140, 220, 18];
  const names = [...new Set(groups.flatMap((group) => group.bars.map((bar) => bar.name)))];
  const most = Math.max(...groups.flatMap((group) => group.bars.map((bar) => bar.high ?? bar.value)));
  const x = (value) => left + (value / most) * (WIDTH - left - right);
  const parts = [];
  let y = 44;
  for (const { label, bars } of groups) {
    parts.push(`<text x="0" y="${y + 13}" class="title">${label}</text>`);
    y += 22;
    for (const { name, value, low, high, text } of bars) {
      const colour = COLOURS[names.indexOf(name) % COLOURS.length];
      const end = x(value).toFixed(1);
      const [middle, width] = [y + thick / 2 - 1, (x(value) - left).toFixed(1)];
      parts.push(
        `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
        `<rect x="${left}" y="${y}" width="${width}" height="${thick - 3}" rx="2" fill="${colour}"/>`,
      );
      if (low !== undefined) {
        parts.push(
          `<path d="M${x(low).toFixed(1)} ${middle}H${x(high).toFixed(1)}" class="whisker"/>`,
        );
      }
      const after = Math.max(Number(end), x(high ?? value)) + 8;
      parts.push(`<text x="${after.toFixed(1)}" y="${y + 13}" class="quiet">${text}</text>`);
      y += thick;
    }
    y += 12;
  }
  return picture(title, y, parts);
}

/**
 * Lines over a logarithmic axis of sizes; `series`: `[{ name, points: [[x, y]] }]`.
 */
export function lines(title, series, { x: xTitle, y: yTitle, shown = String }) {
  const [left, right, top, height] = [70, 230, 50, 280];
  const all = series.flatMap(({ points }) => points);
  const [xs, ys] = [0, 1].map((axis) => all.map((point) => Math.log10(point[axis])));
  const span = (values) => [Math.floor(Math.min(...values)), Math.ceil(Math.max(...values))];
  const [[, xMost], [yLeast, yMost]] = [span(xs), span(ys)];
  const [xFrom, xTo] = [Math.min(...xs), Math.max(...xs) || xMost || 1];
  const x = (value) => left + ((Math.log10(value) - xFrom) / (xTo - xFrom)) * (WIDTH - left - right);
  const y = (value) =>
    top + height - ((Math.log10(value) - yLeast) / (yMost - yLeast || 1)) * height;
  const parts = [`<text x="0" y="${top - 8}" class="quiet">${yTitle}</text>`];
  for (let power = yLeast; power <= yMost; power += 1) {
    const at = y(10 ** power).toFixed(1);
    parts.push(
      `<path d="M${left} ${at}H${WIDTH - right}" class="grid"/>`,
      `<text x="${left - 8}" y="${Number(at) + 4}" text-anchor="end" class="quiet">${shown(10 ** power)}</text>`,
    );
  }
  for (const value of [...new Set(all.map(([at]) => at))]) {
    const label = value.toLocaleString("en-US");
    parts.push(
      `<text x="${x(value).toFixed(1)}" y="${top + height + 20}" text-anchor="middle" class="quiet">${label}</text>`,
    );
  }
  parts.push(`<text x="${left}" y="${top + height + 40}" class="quiet">${xTitle}</text>`);
  const ends = spaced(series.map(({ points }) => y(points.at(-1)[1])));
  series.forEach(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L");
    parts.push(
      `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(
        ([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      `<text x="${WIDTH - right + 12}" y="${(ends[index] + 4).toFixed(1)}" style="fill:${colour}">${name}</text>`,
    );
  });
  return picture(title, top + height + 56, parts);
}

/** Moves labels apart that would lie on each other. */
function spaced(places) {
  const order = places.map((place, index) => [place, index]).sort((a, b) => a[0] - b[0]);
  const moved = [];
  let free = -Infinity;
  for (const [place, index] of order) {
    moved[index] = Math.max(place, free);
    free = moved[index] + 16;
  }
  return moved;
}

function picture(title, height, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img" aria-label="${title}">`,
    STYLE,
    `<text x="0" y="18" class="title">${title}</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
