// How Node reads addresses, for a comparison: JSON texts come in, one a line, and for each a line goes
// out: scheme, host and port, or null for what is no address.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(read(JSON.parse(line))));
}

function read(text) {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password } = new URL(text);
  return [protocol.slice(0, -1), hostname, port, username + password];
}
