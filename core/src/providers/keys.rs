//! Providers that have API keys and no login here: in which variable people keep them.

use super::texts;
use crate::Endpoint;
use crate::provider::Api;

/// By the ids and names that pi 1.5.2 goes by. Each takes its keys as bearer tokens.
const KEY_VARIABLES: [(&str, &str); 13] = [
    ("cerebras", "CEREBRAS_API_KEY"),
    ("deepseek", "DEEPSEEK_API_KEY"),
    ("fireworks", "FIREWORKS_API_KEY"),
    ("groq", "GROQ_API_KEY"),
    ("huggingface", "HF_TOKEN"),
    ("mistral", "MISTRAL_API_KEY"),
    (OPENAI, "OPENAI_API_KEY"),
    ("opencode", "OPENCODE_API_KEY"),
    ("openrouter", "OPENROUTER_API_KEY"),
    ("nvidia", "NVIDIA_API_KEY"),
    ("together", "TOGETHER_API_KEY"),
    ("vercel-ai-gateway", "AI_GATEWAY_API_KEY"),
    ("zai", "ZAI_API_KEY"),
];
const OPENAI: &str = "openai";

pub(super) fn api(id: &str) -> Option<Api> {
    let (_, variable) = KEY_VARIABLES.iter().find(|(known, _)| *known == id)?;
    let base = (id == OPENAI).then(|| Endpoint::known("https://api.openai.com/v1"));
    Some(Api { base, key_variables: texts(&[variable]), ..Api::default() })
}
