//! Creates publishers for the systems of the settings.

use std::sync::Arc;

use super::cachet::Cachet;
use super::statuspage::Statuspage;
use super::system::{Publisher, PublisherKind, PublisherOptions};
use crate::outbound::client::Client;
use crate::outbound::secret::CachedSecret;

/// The reason why a system can't be published to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublisherProblem {
    /// Its address is not set.
    #[error("url is missing")]
    NoUrl,
    /// Its page is not set.
    #[error("page is missing")]
    NoPage,
}

/// Creates a publisher for a system. Nothing is connected yet.
///
/// # Errors
/// [`PublisherProblem`] names the setting that is missing.
pub fn build(
    kind: PublisherKind,
    options: PublisherOptions,
    secret: CachedSecret,
    client: &Arc<Client>,
) -> Result<Arc<dyn Publisher>, PublisherProblem> {
    let client = Arc::clone(client);
    Ok(match kind {
        PublisherKind::Statuspage => {
            let page = options.page.clone().ok_or(PublisherProblem::NoPage)?;
            Arc::new(Statuspage { client, options, page, secret })
        }
        PublisherKind::Cachet => {
            let url = options.url.clone().ok_or(PublisherProblem::NoUrl)?;
            Arc::new(Cachet { client, options, url, secret })
        }
    })
}
