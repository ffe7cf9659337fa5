//! Commands that were sent and have no outcome yet, and their dependents.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;

use crate::model::command::CommandKind;
use crate::model::{CommandId, IncidentId};
use crate::sync::remote::OutboxSnapshot;

use crate::tui::action::Action;
use crate::tui::contacts::state::ContactsState;
use crate::tui::maintenance::PendingMaintenance;
use crate::tui::oncall::stand_in::PendingStandIn;
use crate::tui::services::PendingAdoption;
use crate::tui::undo::Undo;
use crate::tui::verb::batch::Batch;
use crate::tui::verb::target::Target;

/// A command that was sent from these panes and has no outcome yet.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct PendingCommand {
    pub id: CommandId,
    pub incident: IncidentId,
    /// Number of the target, for messages to the person.
    pub label: String,
    pub verb: CommandKind,
    /// Number of the batch that it was sent in.
    pub batch: u64,
    /// Whether an attempt has failed and the command is being retried.
    pub retrying: bool,
    /// Whether the command is in the outbox, on disk: no waiting is necessary.
    pub enqueued: bool,
    /// Whether a lookup of this command's outcome in the outbox is in progress.
    pub lookup_in_flight: bool,
}

/// The input that a person has typed while a deferred verb waits.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub enum BufferedInput {
    Key(KeyEvent),
    Paste(String),
}

/// A verb that starts as soon as the record of its target has been read.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct DeferredVerb {
    pub action: Action,
    pub target: Target,
    /// The buffered input, for the overlay that the verb opens.
    pub input: Vec<BufferedInput>,
    /// Whether the record was read once and had changed again by then, so that it is read a second
    /// time.
    pub reloaded: bool,
}

/// An incident that was just resolved: the next key can close it, wherever the selection is by then.
#[derive(Clone, Debug)]
pub struct CloseOffer {
    /// The incident.
    pub target: Target,
    /// How many keys had been pressed when it was resolved.
    pub keys: u64,
}

/// Commands without an outcome yet, and their dependents.
#[derive(Debug, Default)]
pub struct Inflight {
    /// Commands that were sent and have no outcome yet.
    pub pending: Vec<PendingCommand>,
    /// Commands that were sent together, until all of them have settled.
    pub batches: Vec<Batch>,
    /// The number of the last batch.
    pub last_batch: u64,
    /// A verb that starts as soon as the record of its target has been read.
    pub deferred_verb: Option<DeferredVerb>,
    /// The incident that was resolved last.
    pub close_offer: Option<CloseOffer>,
    /// How to undo the last action, while that is possible.
    pub undo: Option<Undo>,
    /// The change of who is on call that is not answered yet.
    pub stand_in: Option<PendingStandIn>,
    /// Operations on contacts that are in progress.
    pub contacts: ContactsState,
    /// The change of a maintenance window that is not answered yet.
    pub maintenance: Option<PendingMaintenance>,
    /// The service that is being added to the directory, until that is answered.
    pub adoption: Option<PendingAdoption>,
    /// When the last command settled.
    pub last_settled_at: Option<DateTime<Utc>>,
    /// The commands in the outbox; `None` without an outbox.
    pub outbox: Option<Arc<OutboxSnapshot>>,
}

impl Inflight {
    /// Returns whether a command about an incident has been sent and has no outcome yet.
    #[must_use]
    pub fn is_pending(&self, id: IncidentId) -> bool {
        self.pending.iter().any(|pending| pending.incident == id)
            || self.outbox.as_ref().is_some_and(|outbox| outbox.has_pending(id))
    }

    /// Returns whether a command is in the outbox and has no answer yet.
    #[must_use]
    pub fn is_command_pending(&self, command: CommandId) -> bool {
        self.outbox
            .as_ref()
            .is_some_and(|outbox| outbox.get(command).is_some_and(|entry| entry.is_pending()))
    }
}
