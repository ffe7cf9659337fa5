//! The investigation checklist and the closing gate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::actor::Actor;
use super::priority::UnknownValue;
use super::status::growing_enum;
use super::unknown::{Foreign, Word, describe};

growing_enum! {
    /// The items of the investigation checklist.
    InvestigationItem, "investigation item" {
        /// Logs and alerts were checked.
        LogsAndAlerts = "logs and alerts checked" | "logs",
        /// The recent changes were reviewed.
        RecentChanges = "recent changes reviewed" | "changes",
        /// The dependencies of the service were validated.
        Dependencies = "dependencies validated" | "dependencies",
        /// The list of affected services was confirmed.
        AffectedServices = "affected services confirmed" | "services",
        /// The fault was reproduced.
        Reproduced = "reproduced",
        /// A workaround was found.
        Workaround = "workaround found" | "workaround",
    }
}

growing_enum! {
    /// The items of the closing gate, all of which must be answered before an incident is closed.
    ClosingItem, "closing item" {
        /// The service is stable.
        ServiceStable = "service stable" | "stable",
        /// The fault is resolved, or its effects are contained.
        Contained = "resolved or contained" | "contained",
        /// Stakeholders got the final update.
        FinalUpdate = "stakeholders got the final update" | "update",
        /// The timeline and all actions are recorded.
        Recorded = "timeline and actions recorded" | "recorded",
        /// The work that follows is recorded.
        FollowUp = "follow up captured" | "follow up",
    }
}

/// One item of the investigation checklist or of the closing gate.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Item {
    /// An item of the investigation checklist.
    Investigation(InvestigationItem),
    /// An item of the closing gate.
    Closing(ClosingItem),
    /// An item of a list that a later version defines, as JSON.
    #[serde(skip)]
    Unknown(Word),
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(json) => json.as_json().serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &["investigation", "closing"], read, |foreign| {
            Self::Unknown(foreign.to_word())
        })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Investigation(item) => item.fmt(f),
            Self::Closing(item) => item.fmt(f),
            Self::Unknown(json) => f.pad(&describe(&json.as_json())),
        }
    }
}

impl Item {
    /// The items with the short names by which people type them, in order.
    pub const SHORT_NAMES: [(&'static str, Self); 11] = [
        ("logs", Self::Investigation(InvestigationItem::LogsAndAlerts)),
        ("changes", Self::Investigation(InvestigationItem::RecentChanges)),
        ("dependencies", Self::Investigation(InvestigationItem::Dependencies)),
        ("services", Self::Investigation(InvestigationItem::AffectedServices)),
        ("reproduced", Self::Investigation(InvestigationItem::Reproduced)),
        ("workaround", Self::Investigation(InvestigationItem::Workaround)),
        ("stable", Self::Closing(ClosingItem::ServiceStable)),
        ("contained", Self::Closing(ClosingItem::Contained)),
        ("update", Self::Closing(ClosingItem::FinalUpdate)),
        ("recorded", Self::Closing(ClosingItem::Recorded)),
        ("follow up", Self::Closing(ClosingItem::FollowUp)),
    ];
}

impl FromStr for Item {
    type Err = UnknownValue;

    /// Parses an item of either list, by its text or its short name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let investigation = text.parse().map(Self::Investigation);
        investigation.or_else(|_| text.parse().map(Self::Closing)).map_err(|_: UnknownValue| {
            UnknownValue::new(text, "item", &Self::SHORT_NAMES.map(|(name, _)| name))
        })
    }
}

/// The answer to an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Answer {
    /// The statement of the item is true.
    Yes,
    /// The statement of the item is not true; the text gives the reason why that is accepted.
    Waived(String),
    /// The earlier answer is withdrawn, so that the item is open again.
    Open,
    /// An answer that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &["yes", "waived", "open"], read, Self::Unknown)
    }
}

/// An item with its present answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AnsweredItem)]
pub struct Answered {
    /// The item that was answered.
    pub item: Item,
    /// The answer: yes or waived.
    pub answer: Answer,
    /// The person or program that answered.
    pub by: Actor,
}

/// Returns the items of the closing gate that are not answered yet, in order. An answer of a kind
/// that only a later version defines does not count.
#[must_use]
pub fn open_closing_items(answered: &[Answered]) -> Vec<ClosingItem> {
    ClosingItem::ALL
        .iter()
        .copied()
        .filter(|item| {
            !answered.iter().any(|answered| {
                answered.item == Item::Closing(*item)
                    && !matches!(answered.answer, Answer::Unknown(_))
            })
        })
        .collect()
}
