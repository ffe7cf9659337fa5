//! The investigation checklist and the closing gate.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::Actor;
use super::status::text_enum;

text_enum! {
    /// What is looked at while investigating.
    InvestigationItem, "investigation item" {
        /// Logs and alerts checked.
        LogsAndAlerts = "logs and alerts checked" | "logs",
        /// Recent changes reviewed.
        RecentChanges = "recent changes reviewed" | "changes",
        /// Dependencies validated.
        Dependencies = "dependencies validated" | "dependencies",
        /// Affected services confirmed.
        AffectedServices = "affected services confirmed" | "services",
        /// The fault was reproduced.
        Reproduced = "reproduced",
        /// Workaround found.
        Workaround = "workaround found" | "workaround",
    }
}

text_enum! {
    /// What must be answered before an incident is closed.
    ClosingItem, "closing item" {
        /// The service is stable.
        ServiceStable = "service stable" | "stable",
        /// Resolved or contained.
        Contained = "resolved or contained" | "contained",
        /// Stakeholders got the final update.
        FinalUpdate = "stakeholders got the final update" | "update",
        /// Timeline and actions recorded.
        Recorded = "timeline and actions recorded" | "recorded",
        /// Follow-up captured.
        FollowUp = "follow up captured" | "follow up",
    }
}

/// One item of either list.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Of the investigation checklist.
    Investigation(InvestigationItem),
    /// Of the closing gate.
    Closing(ClosingItem),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Investigation(item) => item.fmt(f),
            Self::Closing(item) => item.fmt(f),
        }
    }
}

/// How an item was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold, and this is why that is accepted.
    Waived(String),
    /// The answer was taken back.
    Open,
}

/// An answered item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AnsweredItem)]
pub struct Answered {
    /// The item.
    pub item: Item,
    /// Its answer: yes or waived.
    pub answer: Answer,
    /// Who answered.
    pub by: Actor,
}

/// Returns the items of the closing gate that are not answered yet, in order.
#[must_use]
pub fn open_closing_items(answered: &[Answered]) -> Vec<ClosingItem> {
    ClosingItem::ALL
        .iter()
        .copied()
        .filter(|item| !answered.iter().any(|a| a.item == Item::Closing(*item)))
        .collect()
}
