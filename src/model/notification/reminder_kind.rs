//! Of what a reminder reminds.

use crate::model::status::growing_enum;

growing_enum! {
    /// Of what a reminder reminds.
    ReminderKind, "kind of reminder" {
        /// The acknowledgement expires soon.
        Acknowledgement = "acknowledgement",
        /// Stakeholders expect an update.
        Update = "update",
        /// A snooze has ended.
        Snooze = "snooze",
    }
}

impl ReminderKind {
    /// Returns what the message says.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Acknowledgement => {
                "You have acknowledged it, and nothing has happened since. The acknowledgement \
                 expires soon, and then the first level is called again: move it on, or write a note."
            }
            Self::Update => "Stakeholders expect an update now.",
            Self::Snooze => "Its snooze has ended: it is in the queue again.",
            Self::Unknown(_) => "It needs your attention.",
        }
    }
}
