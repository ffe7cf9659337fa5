//! Scopes of tokens: the permitted uses of a token.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;

/// The permitted uses of a token, from the least to the most.
///
/// | scope | reads | commands | actor of the events |
/// |---|---|---|---|
/// | `metrics` | capabilities and metrics only | none | none, as it writes no events |
/// | `read` | everything | none | none, as it writes no events |
/// | `ingest` | capabilities, and the alerts that it has sent in the form of Opsgenie | declare, repeated alerts, changes | an integration |
/// | `respond` | everything | all that people may send | a person |
/// | `admin` | everything | all, and administration | a person |
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// May read the metrics and its own capabilities, and nothing else.
    Metrics,
    /// May read everything and change nothing.
    Read,
    /// May report alerts and changes, and may read only its own capabilities and the alerts that it has sent in
    /// the form of Opsgenie.
    Ingest,
    /// May perform the actions of a responder.
    Respond,
    /// May read everything, send all commands, and change the directory and the tokens.
    Admin,
}

/// The requirement of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// Any valid token, whatever its scope.
    Authenticated,
    /// Permission to read the metrics.
    Metrics,
    /// Permission to read incidents.
    Read,
    /// Permission to send commands. Which kinds is checked for each command.
    Command,
    /// Permission to report alerts.
    Ingest,
    /// Permission for actions of people: record problems, and handle messages that could not be
    /// understood.
    Respond,
    /// Permission to change who is on call for a while.
    ChangeOnCall,
    /// Permission to change the directory and the tokens.
    Administer,
}

impl Scope {
    /// All scopes, from the least to the most powerful.
    pub const ALL: [Self; 5] =
        [Self::Metrics, Self::Read, Self::Ingest, Self::Respond, Self::Admin];

    /// Returns the scope's name in files, settings and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Respond => "respond",
            Self::Admin => "admin",
        }
    }

    /// Returns whether tokens of the scope belong to programs and not to people.
    #[must_use]
    pub fn is_for_programs(self) -> bool {
        matches!(self, Self::Metrics | Self::Ingest)
    }

    /// Returns whether the scope suffices for a route.
    #[must_use]
    pub fn grants(self, permission: Permission) -> bool {
        match permission {
            Permission::Authenticated => true,
            Permission::Metrics => self != Self::Ingest,
            Permission::Read => !matches!(self, Self::Metrics | Self::Ingest),
            Permission::Command | Permission::Ingest => !matches!(self, Self::Metrics | Self::Read),
            Permission::Respond | Permission::ChangeOnCall => {
                matches!(self, Self::Respond | Self::Admin)
            }
            Permission::Administer => self == Self::Admin,
        }
    }

    /// Returns whether the scope suffices for a kind of command.
    #[must_use]
    pub fn allows(self, kind: CommandKind) -> bool {
        match self {
            Self::Metrics | Self::Read => false,
            Self::Ingest => kind.row().scope.permits_ingest(),
            Self::Respond => kind.row().scope.permits_responders(),
            Self::Admin => true,
        }
    }

    /// Returns those of the given kinds of commands for which the scope suffices.
    #[must_use]
    pub fn narrow(self, kinds: &BTreeSet<CommandKind>) -> BTreeSet<CommandKind> {
        kinds.iter().copied().filter(|kind| self.allows(*kind)).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not the name of a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("give metrics, read, ingest, respond or admin")]
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
    fn each_scope_allows_what_its_table_says() {
        let allowed = |scope: Scope| scope.narrow(&BTreeSet::from(CommandKind::ALL));
        assert!(allowed(Scope::Metrics).is_empty() && allowed(Scope::Read).is_empty());
        let ingest = [CommandKind::Declare, CommandKind::RepeatAlert, CommandKind::RecordChange];
        assert_eq!(allowed(Scope::Ingest), BTreeSet::from(ingest));
        assert_eq!(allowed(Scope::Admin).len(), CommandKind::ALL.len());
        let respond = allowed(Scope::Respond);
        assert_eq!(respond.len(), CommandKind::ALL.len() - 4);
        assert!(
            respond.contains(&CommandKind::Acknowledge)
                && respond.contains(&CommandKind::RecordProblem)
                && respond.contains(&CommandKind::RecordChange)
                && !respond.contains(&CommandKind::RepeatAlert)
        );
    }

    #[test]
    fn metrics_scope_may_read_metrics_alone() {
        let granted = |scope: Scope| {
            [Permission::Authenticated, Permission::Metrics, Permission::Read, Permission::Command]
                .map(|permission| scope.grants(permission))
        };
        for scope in Scope::ALL {
            assert_eq!(scope.grants(Permission::Ingest), scope.grants(Permission::Command));
        }
        assert_eq!(granted(Scope::Metrics), [true, true, false, false]);
        assert_eq!(granted(Scope::Read), [true, true, true, false]);
        assert_eq!(granted(Scope::Ingest), [true, false, false, true]);
        assert_eq!(granted(Scope::Respond), [true; 4]);
    }

    #[test]
    fn ingest_scope_may_not_read_incidents() {
        assert!(
            !Scope::Ingest.grants(Permission::Read)
                && Scope::Ingest.grants(Permission::Authenticated)
        );
        assert!(
            !Scope::Read.grants(Permission::Command) && Scope::Respond.grants(Permission::Read)
        );
    }
}
