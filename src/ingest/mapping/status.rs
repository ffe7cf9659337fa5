//! The status of an alert in a message.

/// The status of an alert in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It fires.
    Firing,
    /// It has ended.
    Resolved,
    /// It fires, and was acknowledged at the sender.
    Acknowledged,
    /// A status that is ignored.
    Ignored,
}

/// Senders' names for an alert that fires, besides the canonical one.
const FIRING: [&str; 19] = [
    "firing",
    "fired",
    "alerting",
    "alert",
    "alarm",
    "triggered",
    "trigger",
    "open",
    "opened",
    "active",
    "problem",
    "down",
    "critical",
    "warning",
    "error",
    "failed",
    "failure",
    "new",
    "created",
];
const RESOLVED: [&str; 13] = [
    "resolved",
    "resolve",
    "ok",
    "closed",
    "close",
    "recovered",
    "recovery",
    "up",
    "success",
    "normal",
    "inactive",
    "cleared",
    "healthy",
];
const ACKNOWLEDGED: [&str; 4] = ["acknowledged", "acknowledge", "ack", "acknowledgement"];
const IGNORED: [&str; 2] = ["ignored", "ignore"];

impl Status {
    /// Parses senders' names for it, in upper or lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let lists: [(&[&str], Self); 4] = [
            (&FIRING, Self::Firing),
            (&RESOLVED, Self::Resolved),
            (&ACKNOWLEDGED, Self::Acknowledged),
            (&IGNORED, Self::Ignored),
        ];
        let list = lists.iter().find(|(names, _)| names.contains(&text.as_str()));
        list.map(|(_, status)| *status)
    }

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Ignored => "ignored",
        }
    }
}
