//! What the settings say about messages with alerts.

/// Mappings and rules of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IngestSettings {}
