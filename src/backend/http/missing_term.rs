//! Finds the term of a filter that an older server does not have.

use super::address::Address;
use crate::backend::BackendError;
use crate::model::{Rejection, RejectionKind};

/// Around the key in the sentence with which servers of all versions refuse an unknown key.
const REFUSED: (&str, &str) = ("filter: ", " is not a filter term");

/// Returns the error of a search; for a filter with a term that the server does not have, a
/// sentence about that. This program has written the filter, so the server is the older of the two.
pub(super) fn explain(error: BackendError, address: &Address) -> BackendError {
    let BackendError::Rejected(refused) = &error else { return error };
    let sentence = refused.to_string();
    let key = sentence.strip_prefix(REFUSED.0).and_then(|rest| rest.split_once(REFUSED.1));
    let Some((key, _)) = key else { return error };
    let message = format!(
        "{} runs an older redphone, which does not have {key} in filters: leave that term out, or \
         bring the server up to date",
        address.host()
    );
    BackendError::rejected(Rejection::foreign(RejectionKind::Invalid, message), refused.decided_at)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("filter: since: is not a filter term: use p1 to p4", Some("does not have since: in"))]
    #[case("filter: resolved< is not a filter term: did you mean x?", Some("have resolved< in"))]
    #[case(
        "filter: source: is not a filter term: did you mean service:?",
        Some("does not have source: in filters")
    )]
    #[case("filter: \"x\" is not a status: choose from new", None)]
    fn term_that_an_older_server_lacks_is_named(
        #[case] refused: &str,
        #[case] expected: Option<&str>,
    ) {
        let address = "https://ops.example".parse::<Address>().unwrap();
        let rejection = Rejection::foreign(RejectionKind::Invalid, refused);
        let error = BackendError::rejected(rejection, Utc::now());
        let sentence = explain(error, &address).to_string();
        match expected {
            Some(part) => assert!(sentence.contains(part), "{sentence}"),
            None => assert_eq!(sentence, refused),
        }
    }
}
