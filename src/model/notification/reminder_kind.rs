//! The subject of a reminder.

use crate::model::status::growing_enum;

growing_enum! {
    /// The subject of a reminder.
    ReminderKind, "kind of reminder" {
        /// The acknowledgement expires soon.
        Acknowledgement = "acknowledgement",
        /// Stakeholders expect an update.
        Update = "update",
        /// A snooze has ended.
        Snooze = "snooze",
        /// A shift begins soon.
        OnCall = "on call",
        /// A week has shifts of the person.
        Week = "week",
        /// A person requests cover for a shift.
        CoverRequested = "cover requested",
        /// Somebody covers a shift of the person.
        CoverAccepted = "cover accepted",
        /// Nobody covers a shift of the person, as all have declined.
        CoverDeclined = "cover declined",
        /// An incident is paused for long.
        Pause = "pause",
        /// A maintenance window ends soon.
        Maintenance = "maintenance",
        /// An action item is due soon.
        ActionItemDue = "action item due",
        /// An action item is overdue.
        ActionItemOverdue = "action item overdue",
    }
}

impl ReminderKind {
    /// Returns the text of the message.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Acknowledgement => {
                "You have acknowledged it, and nothing has happened since. The acknowledgement \
                 expires soon, and then the first level is called again: move it on, or write a note."
            }
            Self::Update => "Stakeholders expect an update now.",
            Self::Snooze => "Its snooze has ended: it is in the queue again.",
            Self::Pause => {
                "It is still paused, and nobody is called for it: resume it once what it waits for has \
                 happened."
            }
            Self::Maintenance => "A maintenance window ends soon.",
            Self::ActionItemDue => "An action item is due soon.",
            Self::ActionItemOverdue => "An action item is overdue.",
            Self::OnCall => "You go on call soon.",
            Self::Week => "You are on call this week.",
            Self::CoverRequested => "Somebody wants cover for a shift.",
            Self::CoverAccepted => "Somebody covers your shift.",
            Self::CoverDeclined => "Nobody covers your shift.",
            Self::Unknown(_) => "It needs your attention.",
        }
    }
}
