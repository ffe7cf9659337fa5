//! The items of list screens.

use chrono::{DateTime, Utc};

use crate::model::Priority;
use crate::model::text::fold;

/// A value that items are sorted by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    /// A number; times are milliseconds, negative for the latest first.
    Number(i64),
    /// A text, which should be folded.
    Text(String),
    /// After all others.
    Last,
}

impl Rank {
    /// Ranks later times first; a missing time comes last.
    #[must_use]
    pub fn latest_first(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::Last, |at| Self::Number(-at.timestamp_millis()))
    }

    /// Ranks texts by their letters, whatever their case.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(fold(text).into_owned())
    }
}

/// One selectable item of a screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListItem {
    /// Identifies the item as long as the screen is open: the selection follows it.
    pub key: String,
    /// The index of its row in the data of the screen.
    pub index: usize,
    /// The searched text.
    pub text: String,
    /// The terms that it has, as in `team:payments`; a name may occur several times.
    pub terms: Vec<(&'static str, String)>,
    /// One value for each order of the screen; an order that is missing leaves the items as they
    /// are.
    pub ranks: Vec<Rank>,
    /// The heading above the item, if it begins a section in the order that is in force.
    pub section: Option<String>,
    /// Texts that the screen has prepared for the lines of the item.
    pub notes: Vec<String>,
    /// The priority whose colour it has, if any.
    pub priority: Option<Priority>,
}
