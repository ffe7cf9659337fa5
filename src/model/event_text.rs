//! Events as sentences for people.

use super::actor::PersonRef;
use super::event::{Event, EventBody};
use super::evidence::RedactedPart;
use super::last_word::LastWord;
use super::verdict::Verdict;

impl Event {
    /// Returns the details of the event as text: those of its kind, why it was done, how it ended
    /// clocks of service levels, and those that only a later version defines.
    ///
    /// The text is not sanitized: it may contain text from outside, so it must not be printed
    /// without sanitizing it.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut parts = vec![self.body.detail()];
        parts.extend(self.because.clone());
        parts.extend(self.verdicts.iter().filter_map(Verdict::phrase));
        let extra = self.extra.labelled();
        parts.extend(extra.map(|(label, text)| format!("{label}: {text}")));
        parts.retain(|part| !part.is_empty());
        parts.join(" · ")
    }

    /// Returns the text of the event for the last-word column of a row; `None` if no person caused
    /// it, or if it does not concern the response: events of programs, and fields that are filled
    /// in.
    #[must_use]
    pub fn last_word(&self) -> Option<LastWord> {
        let by = self.actor.person()?.clone();
        let (text, quoted) = match &self.body {
            EventBody::NoteAdded { text }
            | EventBody::NoteCorrected { text, .. }
            | EventBody::StakeholdersUpdated { message: text, .. } => (text.clone(), true),
            EventBody::DecisionRecorded(decision) => (decision.decision.clone(), true),
            EventBody::Acknowledged
            | EventBody::AcknowledgedInPart
            | EventBody::StatusMoved { .. }
            | EventBody::MoveUndone { .. }
            | EventBody::Assigned { .. }
            | EventBody::Escalated { .. }
            | EventBody::Prioritized { .. }
            | EventBody::Resolved { .. }
            | EventBody::Reopened { .. }
            | EventBody::Closed
            | EventBody::Paused { .. }
            | EventBody::Unpaused
            | EventBody::MergedInto { .. }
            | EventBody::Absorbed { .. }
            | EventBody::Folded { .. }
            | EventBody::NoiseMarked { .. }
            | EventBody::Redacted { part: RedactedPart::Note, .. }
            | EventBody::Reclassified { .. } => {
                // Many people read it, so nobody is "you".
                (self.news(&PersonRef::new("", "")), false)
            }
            _ => return None,
        };
        LastWord::new(self.at, by, &text, quoted)
    }
}
