/**
 * The endpoints of the presets that programs call: a test compares them with `core/src/providers`.
 * The relay asks no other, unless it is told to, and the extension asks Chrome for no other.
 */
export const ENDPOINTS = {
  anthropic: [
    'https://platform.claude.com/v1/oauth/token',
    'https://platform.claude.com/v1/oauth/revoke',
  ],
  'github-copilot': [
    'https://github.com/login/oauth/access_token',
    'https://github.com/login/device/code',
    'https://api.github.com/copilot_internal/v2/token',
  ],
  google: [
    'https://oauth2.googleapis.com/token',
    'https://oauth2.googleapis.com/device/code',
    'https://oauth2.googleapis.com/revoke',
  ],
  kimi: [
    'https://auth.kimi.com/api/oauth/token',
    'https://auth.kimi.com/api/oauth/device_authorization',
  ],
  'openai-codex': [
    'https://auth.openai.com/oauth/token',
    'https://auth.openai.com/api/accounts/deviceauth/usercode',
    'https://auth.openai.com/api/accounts/deviceauth/token',
    'https://auth.openai.com/oauth/revoke',
  ],
  xai: ['https://auth.x.ai/oauth2/token', 'https://auth.x.ai/oauth2/device/code'],
};

/** What the presets' token requests carry beyond the headers of every one. */
export const HEADERS = ['copilot-integration-id', 'editor-plugin-version', 'editor-version'];
