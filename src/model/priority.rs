//! Impact, urgency and the priority they lead to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::status::growing_serde;
use super::text::sanitize;
use super::unknown::Word;

/// A level of impact or urgency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// The greatest of the three levels.
    High,
    /// The level between the two others.
    Medium,
    /// The least of the three levels.
    Low,
    /// A level of a later version, by its name. It ranks as high.
    Unknown(Word),
}

growing_serde! {
    "snake_case",
    /// A level of impact or urgency.
    Level {
        /// The greatest of the three levels.
        High,
        /// The level between the two others.
        Medium,
        /// The least of the three levels.
        Low
    }
}

/// The extent of the harm: how many users and services are affected.
pub type Impact = Level;
/// How fast an incident must be handled.
pub type Urgency = Level;

impl Level {
    /// All levels, from the greatest to the least.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// Returns the position of the level: `0` for high to `2` for low. A level of a later version
    /// ranks as high, so that nobody overlooks the incident.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::High | Self::Unknown(_) => 0,
            Self::Medium => 1,
            Self::Low => 2,
        }
    }

    /// Returns the word for the level, which is shown and accepted. That of an unknown level is
    /// sanitized.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Unknown(word) => word.label(),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error for a text that is not one of the values of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{:?} is not a {field}: choose from {choices}", sanitize(input))]
pub struct UnknownValue {
    /// The text that was parsed, truncated to 40 characters.
    pub input: String,
    /// Name of the field.
    pub field: &'static str,
    /// The accepted values, separated by commas.
    pub choices: String,
}

impl UnknownValue {
    /// Creates the error for a text that is none of the `choices` of `field`.
    pub fn new(input: &str, field: &'static str, choices: &[&str]) -> Self {
        Self { input: input.chars().take(40).collect(), field, choices: choices.join(", ") }
    }
}

impl FromStr for Level {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "high" | "h" => Ok(Self::High),
            "medium" | "med" | "m" => Ok(Self::Medium),
            "low" | "l" => Ok(Self::Low),
            _ => Err(UnknownValue::new(text, "level", &["high", "medium", "low"])),
        }
    }
}

/// The priority of an incident. P1 is the most urgent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Priority {
    /// Critical: the most urgent priority.
    P1,
    /// High: the second most urgent priority.
    P2,
    /// Medium: the third most urgent priority.
    P3,
    /// Low: the least urgent priority.
    P4,
    /// A priority of a later version, by its name. It ranks as P1; see [`Priority::rank`].
    Unknown(Word),
}

growing_serde! {
    "PascalCase",
    /// The priority of an incident. P1 is the most urgent.
    Priority {
        /// Critical: the most urgent priority.
        P1,
        /// High: the second most urgent priority.
        P2,
        /// Medium: the third most urgent priority.
        P3,
        /// Low: the least urgent priority.
        P4
    }
}

impl Priority {
    /// All priorities, from the most urgent to the least.
    pub const ALL: [Self; 4] = [Self::P1, Self::P2, Self::P3, Self::P4];

    /// Returns the priority as which this one is sorted, counted and measured. That of a priority
    /// of a later version is P1, so that nobody overlooks the incident.
    #[must_use]
    pub const fn rank(self) -> Self {
        match self {
            Self::Unknown(_) => Self::P1,
            defined => defined,
        }
    }

    /// Returns the position of the priority's rank: `0` for P1 to `3` for P4.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::P1 | Self::Unknown(_) => 0,
            Self::P2 => 1,
            Self::P3 => 2,
            Self::P4 => 3,
        }
    }

    /// Returns the priority at a position, the inverse of [`Priority::index`].
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// Returns the name of the priority: `P1` to `P4`. That of an unknown priority is sanitized.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::Unknown(word) => word.label(),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = UnknownValue;

    /// Parses `P1`, `1`, `sev1` and `critical` in any case, and likewise the other priorities.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "p1" | "1" | "sev1" | "critical" => Ok(Self::P1),
            "p2" | "2" | "sev2" | "high" => Ok(Self::P2),
            "p3" | "3" | "sev3" | "medium" => Ok(Self::P3),
            "p4" | "4" | "sev4" | "low" => Ok(Self::P4),
            _ => Err(UnknownValue::new(text, "priority", &["P1", "P2", "P3", "P4"])),
        }
    }
}

/// Priority by impact (row) and urgency (column), both from high to low.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Matrix(pub [[Priority; 3]; 3]);

impl Default for Matrix {
    fn default() -> Self {
        use Priority::{P1, P2, P3, P4};
        Self([[P1, P2, P3], [P2, P3, P4], [P3, P4, P4]])
    }
}

impl Matrix {
    /// Returns the priority for an impact and an urgency.
    #[must_use]
    pub fn priority(&self, impact: Impact, urgency: Urgency) -> Priority {
        self.0[impact.index()][urgency.index()]
    }
}
