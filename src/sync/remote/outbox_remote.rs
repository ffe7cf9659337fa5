//! Known facts about the remote of an outbox, and whether its store was restored from a copy.

use chrono::{DateTime, Utc};

use crate::backend::PutBack;

/// The known facts about the remote of an outbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxRemote {
    /// The public id of the token that is used now.
    pub token: Option<String>,
    /// The identity of the store, as the remote gave it last.
    pub store: Option<String>,
    /// The generation of the store, as the remote gave it last.
    pub generation: Option<String>,
    /// The store was put back, and no person has acknowledged that yet.
    pub put_back: Option<PutBackNotice>,
}

/// The fact that a store was restored from a copy, and the commands that can be sent again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutBackNotice {
    /// When the server noticed it, and to when it was put back.
    pub put_back: PutBack,
    /// How many commands were sent before that and can be sent again.
    pub resendable: usize,
}

impl PutBackNotice {
    /// Describes the event as a sentence without a remedy.
    #[must_use]
    pub fn sentence(&self) -> String {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        let to = self.put_back.to.map_or_else(|| "an empty store".to_owned(), time);
        let held = match self.resendable {
            0 => "nothing that was sent from here since is held any more".to_owned(),
            1 => "1 command that was sent from here can be sent again".to_owned(),
            count => format!("{count} commands that were sent from here can be sent again"),
        };
        format!("the server was put back to {to} (noticed at {}): {held}", time(self.put_back.at))
    }
}
