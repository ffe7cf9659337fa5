//! The state that forms remember between two openings.

use crate::sync::drafts::Draft;

/// The state that forms remember between two openings.
#[derive(Debug, Default)]
pub struct Forms {
    /// Forms that were filled in and not sent, the latest first.
    pub drafts: Vec<Draft>,
    /// Index of the template for the stakeholder update that is being written.
    pub template_index: usize,
}
