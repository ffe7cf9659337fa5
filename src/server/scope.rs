//! What a token is good for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::command::CommandKind;

/// What a token is good for, from the least to the most.
///
/// | scope | reads | commands | events are told as of |
/// |---|---|---|---|
/// | `read` | everything | none | nobody: it writes none |
/// | `ingest` | capabilities only | declare, repeated alerts, changes | an integration |
/// | `respond` | everything | all that people do | a person |
/// | `admin` | everything | all | a person |
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reads everything, changes nothing.
    Read,
    /// Brings in alerts and changes, and reads nothing but what it may do.
    Ingest,
    /// Does what a responder does.
    Respond,
    /// Does everything.
    Admin,
}

/// What a route needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// Any token that holds.
    Authenticated,
    /// To read incidents and figures.
    Read,
    /// To send commands; which ones is asked for each.
    Command,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Ingest, Self::Respond, Self::Admin];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Respond => "respond",
            Self::Admin => "admin",
        }
    }

    /// Whether it is enough for a route.
    #[must_use]
    pub fn grants(self, right: Permission) -> bool {
        match right {
            Permission::Authenticated => true,
            Permission::Read => self != Self::Ingest,
            Permission::Command => self != Self::Read,
        }
    }

    /// Whether it is enough for a command.
    #[must_use]
    pub fn allows(self, verb: CommandKind) -> bool {
        match self {
            Self::Read => false,
            Self::Ingest => verb.row().scope.permits_ingest(),
            Self::Respond => verb.row().scope.permits_responders(),
            Self::Admin => true,
        }
    }

    /// Of these commands, those that it is enough for.
    #[must_use]
    pub fn narrow(self, verbs: BTreeSet<CommandKind>) -> BTreeSet<CommandKind> {
        verbs.into_iter().filter(|verb| self.allows(*verb)).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("give read, ingest, respond or admin")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_may_what_its_table_says() {
        let of = |scope: Scope| scope.narrow(BTreeSet::from(CommandKind::ALL));
        assert!(of(Scope::Read).is_empty());
        assert_eq!(
            of(Scope::Ingest),
            BTreeSet::from([
                CommandKind::Declare,
                CommandKind::RepeatAlert,
                CommandKind::RecordChange
            ])
        );
        assert_eq!(of(Scope::Admin).len(), CommandKind::ALL.len());
        let people = of(Scope::Respond);
        assert_eq!(people.len(), CommandKind::ALL.len() - 3);
        assert!(
            people.contains(&CommandKind::Acknowledge)
                && !people.contains(&CommandKind::RecordProblem)
        );
    }

    #[test]
    fn who_brings_in_alerts_reads_no_incidents() {
        assert!(
            !Scope::Ingest.grants(Permission::Read)
                && Scope::Ingest.grants(Permission::Authenticated)
        );
        assert!(
            !Scope::Read.grants(Permission::Command) && Scope::Respond.grants(Permission::Read)
        );
    }
}
