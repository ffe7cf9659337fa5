//! The traits that every command and every event implements, each verb in its own file.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{CommandKind, CommandRow, IncidentCommand};
use crate::model::check::BadField;
use crate::model::rejection::Rejection;
use crate::model::text::truncate;
use crate::model::{
    CommandId, Envelope, Event, EventBody, Incident, IncidentId, PersonRef, Rules, Status, Summary,
};

/// The inputs of a decision about an existing incident besides the command's own fields.
pub(in crate::model) struct Case<'a> {
    pub incident: &'a Incident,
    pub envelope: &'a Envelope,
    pub rules: &'a Rules,
    /// When the command was requested, but not after the deciding clock: rules about time use it.
    pub requested_at: DateTime<Utc>,
    /// The reason that came with the command.
    pub because: Option<&'a str>,
    /// Whether the command undoes another one.
    pub is_undo: bool,
}

/// An incident before a command is sent, as far as it is known: an inverse restores it.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The incident's row in the queue.
    pub row: &'a Summary,
    /// The complete record, if it was read.
    pub record: Option<&'a Incident>,
    /// The rules in force.
    pub rules: &'a Rules,
    /// The time at which the command is about to be sent.
    pub now: DateTime<Utc>,
}

/// The result of a decision: the bodies of the events that follow, in order.
pub(in crate::model) type Decided = Result<Vec<EventBody>, Rejection>;

/// The logic of one kind of command.
pub(in crate::model) trait CommandLogic {
    /// Returns the command's row in the table.
    fn row(&self) -> &'static CommandRow;

    /// Returns the events that follow from the command, or why the rules refuse it.
    fn decide(&self, case: &Case<'_>) -> Decided;

    /// Whether the command may apply to an incident that has ended. Used where only the row is
    /// known; [`decide`](Self::decide) makes the final decision.
    fn applies_when_ended(&self) -> bool {
        false
    }

    /// Returns why the rules will refuse the command, as far as an incident's row shows it.
    fn row_refusal(&self, _row: &Summary) -> Option<Rejection> {
        None
    }

    /// Returns the command that undoes this one after it was sent with the id `sent`; `None` if
    /// none does, or if too little is known of the incident. `before` is `None` for an incident
    /// that was not known before the command.
    fn inverse(&self, _sent: CommandId, _before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        None
    }

    /// Whether the command is still in effect, as far as known.
    fn still_holds(&self, _row: &Summary, _record: Option<&Incident>) -> bool {
        true
    }

    /// Returns the id of the object, besides the command's own incident, that must exist before the
    /// command can be executed: another incident, a problem or a change.
    fn required_id(&self) -> Option<Uuid> {
        None
    }

    /// Returns the command with the other incident that it names replaced; `None` if it names none.
    fn with_incident(
        &self,
        _replace: &dyn Fn(IncidentId) -> IncidentId,
    ) -> Option<IncidentCommand> {
        None
    }

    /// Returns the command as a phrase that the incident's number can follow, such as "note on".
    fn phrase(&self) -> &'static str;

    /// Returns the typed or chosen values, not sanitized; empty if the phrase is complete without
    /// them.
    fn content(&self) -> String {
        String::new()
    }
}

/// The logic of one kind of event.
pub(in crate::model) trait EventLogic {
    /// Changes the record by the event. Never fails: every recorded event can be applied.
    fn apply(&self, incident: &mut Incident, event: &Event);

    /// Checks the fields of an event that is imported.
    fn check(&self) -> Result<(), BadField> {
        Ok(())
    }

    /// Whether the event depends on the status before it; see [`EventBody::is_move`].
    fn is_move(&self) -> bool {
        false
    }

    /// Whether the event reaches a stage of the lifecycle, which needs a time of its own.
    fn reaches_stage(&self) -> bool {
        false
    }

    /// Returns the earliest time at which the event can have happened, however late it is recorded.
    fn earliest_time(&self, incident: &Incident) -> DateTime<Utc> {
        if self.is_move() {
            incident.status_at
        } else {
            // By the reporter's clock, an incident may be declared before its report time.
            incident.summary.reported_at.min(incident.status_at)
        }
    }

    /// Whether the event marks a step of the response; see [`EventBody::is_milestone`].
    fn is_milestone(&self) -> bool {
        false
    }

    /// Whether the event is worth announcing to a person who works on the incident.
    fn is_news(&self) -> bool {
        true
    }

    /// Returns the label of the event in a timeline: one or two words.
    fn label(&self) -> &'static str;

    /// Returns the details of the event, not sanitized.
    fn detail(&self) -> String {
        String::new()
    }

    /// Describes a person's action as a phrase that follows the name, for the person `reader`;
    /// sanitized.
    fn news(&self, event: &Event, reader: &PersonRef) -> String;
}

/// Width up to which a text is quoted, in terminal cells.
const MAX_QUOTE_WIDTH: usize = 60;

/// Quotes the first line of a text, sanitized and shortened.
pub(super) fn quote(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    truncate(line.trim(), MAX_QUOTE_WIDTH).into_string()
}

/// Queries on a command by callers outside of the model; they are answered by the verb's own file.
impl IncidentCommand {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> CommandKind {
        self.with_logic(|logic| logic.row().kind)
    }

    /// Returns why the command does not apply to an incident in an unknown status; `None` if the
    /// status is one of this version, or does not matter to the command.
    pub(in crate::model) fn refuse_unknown(&self, status: Status) -> Option<Rejection> {
        let depends_on_status = matches!(
            self,
            Self::Acknowledge
                | Self::MoveStatus { .. }
                | Self::UndoMove
                | Self::Escalate { .. }
                | Self::Resolve { .. }
                | Self::Reopen { .. }
                | Self::Close
                | Self::Snooze { .. }
                | Self::Pause { .. }
                | Self::Merge { .. }
                | Self::Reclassify { .. }
                | Self::PublishReview
        );
        (depends_on_status && status.is_unknown()).then_some(Rejection::UnknownStatus { status })
    }

    /// Returns why the rules will refuse the command, as far as an incident's row shows it.
    #[must_use]
    pub fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        if let Some(refusal) = self.refuse_unknown(row.status) {
            return Some(refusal);
        }
        self.with_logic(|logic| {
            if !row.status.is_open() && !logic.applies_when_ended() {
                return Some(Rejection::NotOpen { status: row.status });
            }
            logic.row_refusal(row)
        })
    }

    /// Returns the command that undoes this one after it was sent with the id `sent`; `None` if
    /// none does, or if too little is known of the incident. `before` is the incident before the
    /// command; only a declaration needs none.
    #[must_use]
    pub fn inverse(&self, sent: CommandId, before: Option<&Before<'_>>) -> Option<Self> {
        self.with_logic(|logic| logic.inverse(sent, before))
    }

    /// Returns whether the command is still in effect, as far as the row and, if it was read, the
    /// record show it.
    #[must_use]
    pub fn still_holds(&self, row: &Summary, record: Option<&Incident>) -> bool {
        self.with_logic(|logic| logic.still_holds(row, record))
    }

    /// Returns the id of the object, besides the command's own incident, that must exist before the
    /// command can be executed: another incident, a problem or a change.
    #[must_use]
    pub fn required_id(&self) -> Option<Uuid> {
        self.with_logic(|logic| logic.required_id())
    }

    /// Replaces the other incident that the command names, if it names one.
    pub fn replace_incident(&mut self, replace: &dyn Fn(IncidentId) -> IncidentId) {
        if let Some(command) = self.with_logic(|logic| logic.with_incident(replace)) {
            *self = command;
        }
    }
}

/// Queries on an event by callers; they are answered by the file of the verb that produces it.
impl EventBody {
    /// Returns whether the event depends on the status before it: a move along the lifecycle, or an
    /// end of it.
    #[must_use]
    pub fn is_move(&self) -> bool {
        self.with_logic(|logic| logic.is_move())
    }

    /// Returns the label of the event in a timeline: one or two words, or the name of a kind that
    /// only a later version defines. The text is not sanitized.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Unknown(event) => event.label().into(),
            defined => defined.with_logic(|logic| logic.label()).into(),
        }
    }

    /// Returns whether the event marks a step of the response, which timelines emphasize.
    #[must_use]
    pub fn is_milestone(&self) -> bool {
        self.with_logic(|logic| logic.is_milestone())
    }

    /// Returns whether the event is worth announcing to a person who works on the incident.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.with_logic(|logic| logic.is_news())
    }

    /// Returns the details of the event as text.
    ///
    /// The text is not sanitized: it may contain text from outside, so it must not be printed
    /// without sanitizing it.
    #[must_use]
    pub fn detail(&self) -> String {
        self.with_logic(|logic| logic.detail())
    }

    /// Returns whether the event reaches a stage of the lifecycle.
    pub(in crate::model) fn reaches_stage(&self) -> bool {
        self.with_logic(|logic| logic.reaches_stage())
    }

    /// Returns the earliest time at which the event can have happened on an incident.
    pub(in crate::model) fn earliest_time(&self, incident: &Incident) -> DateTime<Utc> {
        self.with_logic(|logic| logic.earliest_time(incident))
    }

    /// Checks the fields of an event that is imported.
    pub(in crate::model) fn check(&self) -> Result<(), BadField> {
        self.with_logic(|logic| logic.check())
    }
}

impl Event {
    /// Describes a person's action as a phrase that follows the name, for the person `reader`, who
    /// may be addressed as "you". The text is sanitized.
    #[must_use]
    pub fn news(&self, reader: &PersonRef) -> String {
        self.body.with_logic(|logic| logic.news(self, reader))
    }

    /// Applies the event to the fields of the record that its kind changes.
    pub(in crate::model) fn apply_to(&self, incident: &mut Incident) {
        self.body.with_logic(|logic| logic.apply(incident, self));
    }
}
