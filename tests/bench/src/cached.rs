//! huskarl's cache in memory, over a source that has one token.

use std::sync::Arc;

use huskarl::cache::{InMemoryTokenCache, TokenError, TokenSource};
use huskarl::core::platform::{MaybeSendBoxFuture, SystemTime};
use huskarl::grant::core::{RawTokenResponse, TokenResponse};

use crate::flows::TOKENS;
use crate::ready;

/// The cache, with the token in it.
pub fn huskarl() -> InMemoryTokenCache<One> {
    let raw: RawTokenResponse = serde_json::from_str(TOKENS).unwrap();
    let token = raw.into_token_response(None, SystemTime::now()).unwrap();
    let cache = InMemoryTokenCache::builder().source(One(Arc::new(token))).build();
    look(&cache);
    cache
}

/// A token from it.
pub fn look(cache: &InMemoryTokenCache<One>) -> Arc<TokenResponse> {
    ready(cache.token()).unwrap()
}

/// A source of one token.
pub struct One(Arc<TokenResponse>);

impl TokenSource for One {
    fn token(&self) -> MaybeSendBoxFuture<'_, Result<Arc<TokenResponse>, TokenError>> {
        let token = Arc::clone(&self.0);
        Box::pin(async move { Ok(token) })
    }
}
