// Secrets as marks, as `tests/src/canaries.rs` has them in Rust: what was secret in a scenario, what came
// out of it, and whether one is in the other, in any of the forms that programs give to texts.

/** Members of requests and replies whose values let somebody in. */
const NAMES = ['access_token', 'code', 'code_verifier', 'device_code', 'id_token', 'refresh_token', 'state', 'token'];
/** Below this a text may stand somewhere by chance. */
const SHORTEST = 12;

/** The secrets in forms and JSON, as `[name, secret]`. */
export function secretsIn(texts) {
  const found = new Map();
  for (const text of texts.filter(Boolean)) {
    const values = text.startsWith('{') ? Object.entries(JSON.parse(text)) : new URLSearchParams(text.replace(/^[^?]*\?/, ''));
    for (const [name, value] of values) {
      const isSecret = NAMES.includes(name) && typeof value === 'string' && value.length >= SHORTEST;
      if (isSecret && !/^[a-z_]+$/.test(value)) found.set(value, name);
    }
  }
  return [...found].map(([secret, name]) => [name, secret]);
}

/** What is in which channel, in which form: `name, channel, form`. */
export function leaks(secrets, channels) {
  const found = [];
  for (const [channel, text] of Object.entries(channels)) {
    const haystack = readings(typeof text === 'string' ? text : JSON.stringify(text));
    for (const [name, secret] of secrets) {
      const form = formOf(secret, haystack);
      if (form) found.push(`${name}, ${channel}, ${form}`);
    }
  }
  return found;
}

function readings(text) {
  const raw = text.toLowerCase();
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))).toLowerCase();
  return { raw, decoded, withoutBlanks: raw.replace(/\s/g, '') };
}

function formOf(secret, { raw, decoded, withoutBlanks }) {
  const bytes = Buffer.from(secret);
  const lower = secret.toLowerCase();
  if (raw.includes(lower)) return 'raw';
  if (decoded.includes(lower)) return 'percent';
  if (withoutBlanks.includes(bytes.toString('hex'))) return 'hex';
  if (withoutBlanks.includes([...bytes].join(','))) return 'bytes';
  return base64Forms(bytes).some((form) => withoutBlanks.includes(form)) && 'base64';
}

/** The letters that depend on nothing else, wherever in something longer it begins. */
function base64Forms(bytes) {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6)];
    return ['base64', 'base64url'].map((form) => padded.toString(form).slice(from, to).toLowerCase());
  });
}
