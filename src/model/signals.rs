//! What the settings say about silence and about what must not be forgotten: heartbeats, reminders, and
//! acknowledgements that expire.

/// Heartbeats and reminders of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignalSettings {}
