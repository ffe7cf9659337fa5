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
    let key = key.map(|(key, _)| key.to_owned()).or_else(|| unknown_value(&sentence));
    let Some(key) = key else { return error };
    let message = format!(
        "{} runs an older redphone, which does not have {key} in filters: leave that term out, or \
         bring the server up to date",
        address.host()
    );
    BackendError::rejected(Rejection::foreign(RejectionKind::Invalid, message), refused.decided_at)
}

/// Returns the term whose value an older server does not have, with that value, from its sentence.
fn unknown_value(sentence: &str) -> Option<String> {
    let (value, rest) = sentence.strip_prefix("filter: \"")?.split_once("\" is not a ")?;
    let (field, _) = rest.split_once(": choose from ")?;
    let key = match field {
        "state" => "is",
        "service level" => "missed",
        _ => return None,
    };
    Some(format!("{key}:{value}"))
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
    #[case(
        "filter: \"never-acknowledged\" is not a state: choose from open, ended",
        Some("does not have is:never-acknowledged in filters")
    )]
    #[case(
        "filter: \"resolve-p1\" is not a service level: choose from acknowledge, resolve",
        Some("does not have missed:resolve-p1 in filters")
    )]
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
