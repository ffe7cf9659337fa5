//! All paths that are served: those of the API, and one for each verb.

use std::sync::LazyLock;

use crate::api::path;
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

/// Returns all paths, including those that need no token.
pub fn all() -> impl Iterator<Item = &'static str> {
    path::ALL.into_iter().chain(VERBS.iter().map(|(_, path)| path.as_str()))
}
