//! The severity of an alert, according to its labels.

use std::collections::BTreeMap;

use crate::model::priority::{Impact, Level, Urgency};

/// The labels that contain the severity of an alert.
pub(super) const SEVERITY_LABELS: [&str; 2] = ["severity", "priority"];

/// How severe an alert is, the most severe first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Severity {
    Critical,
    Major,
    Minor,
    Info,
}

impl Severity {
    /// The severity of an alert without such a label.
    pub(super) const UNKNOWN: Self = Self::Minor;

    /// Returns how severe an alert with some labels is.
    pub(super) fn of(labels: &BTreeMap<String, String>) -> Self {
        let parse = |name: &&str| {
            let text = labels.get(*name)?.trim().to_ascii_lowercase();
            Some(match text.as_str() {
                "critical" | "page" | "emergency" | "fatal" | "disaster" | "p1" => Self::Critical,
                "error" | "high" | "major" | "p2" => Self::Major,
                "warning" | "warn" | "minor" | "medium" | "average" | "p3" => Self::Minor,
                "info" | "information" | "informational" | "none" | "low" | "debug" | "p4"
                | "p5" => Self::Info,
                _ => return None,
            })
        };
        SEVERITY_LABELS.iter().find_map(parse).unwrap_or(Self::UNKNOWN)
    }

    /// Returns impact and urgency of an incident that is so severe.
    pub(super) fn levels(self) -> (Impact, Urgency) {
        match self {
            Self::Critical => (Level::High, Level::High),
            Self::Major => (Level::High, Level::Medium),
            Self::Minor => (Level::Medium, Level::Medium),
            Self::Info => (Level::Low, Level::Low),
        }
    }
}
