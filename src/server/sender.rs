//! The sender of a command: the permissions of the token, and the parts of an outcome that the
//! caller may see.

use std::sync::Arc;

use super::error::ApiResult;
use super::public_error::{public_rejection, split_details};
use super::scope::Permission;
use super::state::Shared;
use super::tokens::RegisteredToken;
use crate::api::{Details, ErrorCode};
use crate::backend::{BackendError, Outcome};
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::name_index::NameIndex;
use crate::model::naming::unknown_names;
use crate::model::text::SafeText;
use crate::model::{Actor, Command, CommandId, IncidentCommand, PersonRef, RejectionKind};

/// The sender of commands.
pub(super) struct Sender {
    caller: Arc<RegisteredToken>,
    /// People, teams and services, as of the request.
    pub directory: Arc<Directory>,
    /// The actor of the commands.
    pub actor: Actor,
    /// The person whom the token acts for, if it acts for one.
    person: Option<PersonRef>,
    /// Whether the caller may read.
    pub may_read: bool,
    /// Whether the server carries out no commands at all.
    is_read_only: bool,
    /// The trackers in which issues are made; see [`ServerSettings`].
    ///
    /// [`ServerSettings`]: super::settings::ServerSettings
    trackers: Option<Vec<String>>,
}

impl Sender {
    /// Creates the sender of a request from its token.
    ///
    /// # Errors
    /// The directory can't be read.
    pub(super) async fn new(shared: &Shared, caller: Arc<RegisteredToken>) -> ApiResult<Self> {
        let directory = shared.directory().await?;
        let find_person = |handle: &str| directory.person(handle).cloned();
        Ok(Self {
            actor: caller.token.actor(find_person),
            person: caller.token.person(find_person),
            may_read: caller.token.scope.grants(Permission::Read),
            is_read_only: shared.read_only,
            trackers: shared.settings().trackers.clone(),
            caller,
            directory,
        })
    }

    /// Returns the handle of the person whom the token acts for.
    pub(super) fn person(&self) -> Option<&String> {
        self.person.as_ref().map(|person| &person.handle)
    }

    /// Returns the details of the error if the sender may not send commands of a kind.
    pub(super) fn refuse_kind(&self, kind: CommandKind) -> Option<Details> {
        let token = &self.caller.token;
        let reason = if self.is_read_only {
            "the server only reads: nothing can be changed through it".to_owned()
        } else if token.scope.allows(kind) {
            return None;
        } else {
            let (name, scope) = (SafeText::from(&token.name), token.scope);
            format!("the token {name:?} of scope {scope} may not do this: use another token")
        };
        Some(Details::new(ErrorCode::NotAllowed, reason))
    }

    /// Returns the details of the error if a person's command names a service or team that the
    /// directory does not have. `how_to_accept` describes how to use one nevertheless.
    pub(super) fn refuse_unknown_names(
        &self,
        command: &Command,
        how_to_accept: &str,
    ) -> Option<Details> {
        self.actor.person()?;
        let Command::Incident { command, .. } = command else { return None };
        let unknown = unknown_names(command, &self.directory).into_iter().next()?;
        let unknown = if self.may_read { unknown } else { unknown.without_suggestion() };
        let reason = format!("{unknown}: name one of the directory, or {how_to_accept}");
        let mut details = Details::new(ErrorCode::Rejected, SafeText::from(reason));
        details.rejection = Some(RejectionKind::Invalid);
        Some(details)
    }

    /// Returns the details of the error if a command asks for an issue in a tracker that nobody has set up:
    /// it would wait for ever.
    pub(super) fn refuse_tracker(&self, command: &Command) -> Option<Details> {
        let Command::Incident { command: IncidentCommand::RequestFollowUp { tracker, .. }, .. } =
            command
        else {
            return None;
        };
        let trackers = self.trackers.as_ref()?;
        let wanted = tracker.as_deref().unwrap_or_default();
        if trackers.iter().any(|name| name == wanted) {
            return None;
        }
        let names: Vec<&str> =
            trackers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        let reason = match (&names[..], tracker) {
            ([], _) => {
                "no tracker is set up in the settings of the server, so that nobody would make the \
                        issue: whoever runs it finds how in `redphone help follow-ups`"
                    .to_owned()
            }
            (_, Some(wanted)) => {
                format!("the server has no tracker {wanted:?}: it has {}", names.join(", "))
            }
            (_, None) => format!(
                "the server has several trackers and none is the default: name one of {}",
                names.join(", ")
            ),
        };
        let mut details = Details::new(ErrorCode::Rejected, SafeText::from(reason));
        // It may be set up until it is sent again.
        details.rejection = Some(RejectionKind::NotNow);
        Some(details)
    }

    /// Returns the index of the names that the directory has.
    pub(super) fn name_index(&self) -> NameIndex<'_> {
        NameIndex::from(&*self.directory)
    }

    /// Returns the part of an outcome that the caller may see. Its row contains which of its names
    /// the directory does not have.
    pub(super) fn visible(&self, mut outcome: Outcome, names: &NameIndex<'_>) -> Outcome {
        if self.may_read {
            names.mark_rows(&mut outcome.row);
        } else {
            hide_row(&mut outcome);
        }
        outcome
    }

    /// Returns the details of a refused command. A caller without read permission gets nothing
    /// about an incident, people, or the machine.
    pub(super) fn refusal(&self, id: CommandId, error: BackendError) -> Details {
        let public_rejection = public_rejection(&error).filter(|_| !self.may_read);
        let details = match split_details(error) {
            (public, None) => public,
            (_, Some(full)) if self.may_read => full,
            (public, Some(full)) => {
                // Operators of the server can find details that the caller does not see.
                tracing::warn!("{} (command {id})", full.detail);
                public
            }
        };
        match public_rejection {
            Some(detail) => {
                Details { detail, dated: None, expected_seq: None, current_seq: None, ..details }
            }
            None => details,
        }
    }
}

/// Removes from an outcome the data that a caller without read permission did not send: the row of
/// an incident that this command has not declared just now.
fn hide_row(outcome: &mut Outcome) {
    let is_new = outcome.events.iter().any(|event| event.seq == 1) && !outcome.replayed;
    if !is_new {
        outcome.row = None;
    }
}
