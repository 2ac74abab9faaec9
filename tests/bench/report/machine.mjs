/** On what, with what and when it was measured. */
export function machine({ machine: { date, cpu, cores, os, rustc, quick, versions, ...more } }) {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const others = Object.entries(more).map(([name, version]) => `${name} ${version}`);
  const told = [cpu, `${cores} cores`, os, rustc, ...others].filter(Boolean).join(", ");
  const worth = quick ? " **Small samples: these figures are worth nothing.**" : "";
  return `Measured ${date} on ${told}; ${peers.join(", ")}.${worth}`;
}
