// Puts the extension together: `node build.mjs [provider.json] [folder]`, then load the folder
// unpacked. It may reach the provider's endpoints and nothing else, so the manifest follows from the
// provider, which has the fields of docs/provider-file.md, or of a preset with what differs from it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { providers } from '../dist/providers.js';

const here = import.meta.dirname;
const [providerFile = join(here, 'provider.json'), folder = join(here, 'dist')] = process.argv.slice(2);
const { preset, ...differences } = JSON.parse(readFileSync(providerFile, 'utf8'));
const provider = { ...providers[preset], ...differences };
const manifest = JSON.parse(readFileSync(join(here, 'manifest.json'), 'utf8'));

// The endpoints that programs call. The pages of the provider are opened in a tab, which takes no permission.
const { token_endpoint, device_authorization_endpoint, revocation_endpoint, device, then } = provider;
const named = [token_endpoint, device_authorization_endpoint, revocation_endpoint, device?.poll_endpoint, then?.endpoint];
const endpoints = named.filter((endpoint) => endpoint !== undefined);
const origins = [...new Set(endpoints.map((endpoint) => new URL(endpoint).origin))];

manifest.host_permissions = origins.map((origin) => `${origin}/*`);
const pages = manifest.content_security_policy;
pages.extension_pages = pages.extension_pages.replace('connect-src *', ["connect-src 'self'", ...origins].join(' '));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const file of ['worker.js', 'popup.html', 'popup.css', 'popup.js']) cpSync(join(here, file), join(folder, file));
for (const file of ['index.js', 'grantflow.wasm']) cpSync(join(here, '../dist', file), join(folder, 'grantflow', file));
writeFileSync(join(folder, 'provider.json'), JSON.stringify(provider, null, 2));
writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
console.log(folder);
