//! Arguments by which several commands select what they print.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::model::EventBody;

/// Which events are printed.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct EventSelection {
    /// Only incidents of this team
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// Only this kind of event; may be repeated
    #[arg(long = "kind", value_name = "KIND", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(EventBody::KINDS))]
    pub kinds: Vec<String>,
    /// Only what this person did (a handle, or `me`), or this program (its name)
    #[arg(long, value_name = "HANDLE")]
    pub person: Option<String>,
}

impl EventSelection {
    /// Returns whether all events are printed.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.team.is_none() && self.kinds.is_empty() && self.person.is_none()
    }

    /// Returns the handle or the name whose events are printed; `me` has the handle `me`.
    #[must_use]
    pub fn person_as(&self, me: &str) -> Option<String> {
        let person = self.person.as_deref()?;
        Some(if person == "me" { me } else { person }.to_owned())
    }
}

/// How many rows are printed.
#[derive(Args, Clone, Copy, PartialEq, Eq, Debug)]
pub struct RowLimit {
    /// The most rows [default: 100 on a terminal; all in a pipe, a file or JSON]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// All rows
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

impl RowLimit {
    /// Returns the most rows that are printed, `default` unless something else is asked for; `None`
    /// for all.
    #[must_use]
    pub fn rows(self, default: Option<u32>) -> Option<u32> {
        if self.all { None } else { self.limit.or(default) }
    }
}
