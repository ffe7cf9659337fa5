//! All paths that are served: those of the API, one for each verb, those by which people answer, and
//! those of other systems.

use std::sync::LazyLock;

use crate::api::{foreign, path};
use crate::verbs::Verb;

/// The paths of the verbs, in their order.
static VERBS: LazyLock<Vec<(Verb, String)>> = LazyLock::new(|| {
    let path = |verb: Verb| (verb, format!("{}/{}", path::INCIDENT, verb.row().name));
    Verb::ALL.iter().copied().map(path).collect()
});

/// Returns the path of a verb, such as `/v1/incidents/{id}/acknowledge`: takes the fields of its
/// request, returns [`crate::api::IncidentOutcome`].
#[must_use]
pub fn verb(verb: Verb) -> &'static str {
    VERBS.iter().find(|(one, _)| *one == verb).map_or(path::INCIDENT, |(_, path)| path)
}

/// The page of a link in a message, for browsers.
pub const LINK: &str = "/a/{token}";
/// The shifts that calendar programs read; the token ends in `.ics`.
pub const CALENDAR: &str = "/calendar/{token}";
/// The status page as people may type it, which leads to the page.
pub const STATUS_NAME: &str = "/status";
/// The status page, for browsers.
pub const STATUS_PAGE: &str = "/status/";
/// Its other files.
pub const STATUS_FILE: &str = "/status/{*file}";
/// Where Twilio delivers answers to text messages, in its own format.
pub const REPLIES_TWILIO: &str = "/v1/replies/twilio";

/// Returns the paths that are not part of the API and so not in its document: they are for followed
/// links, calendar programs, readers of the status page, Twilio, and mail servers.
pub fn outside_api() -> impl Iterator<Item = &'static str> {
    [LINK, CALENDAR, STATUS_NAME, STATUS_PAGE, STATUS_FILE, REPLIES_TWILIO, path::REPLIES_MAIL]
        .into_iter()
}

/// Returns all paths of the API, including those that need no token.
pub fn all() -> impl Iterator<Item = &'static str> {
    path::ALL.into_iter().chain(VERBS.iter().map(|(_, path)| path.as_str()))
}

/// Returns all paths that are served, including those of other systems, which the document of the API
/// does not have.
pub(super) fn served() -> impl Iterator<Item = &'static str> {
    all().chain(outside_api()).chain(foreign::ALL)
}
