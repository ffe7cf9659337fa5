//! Targets: the incidents that a verb applies to.

use crate::model::{IncidentId, Summary};

use crate::tui::core::app::App;

/// An incident that a verb applies to. Fixed when the key is pressed, so that changes that arrive
/// later can't redirect the verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The incident.
    pub id: IncidentId,
    /// The incident's number as shown, such as `INC-2041`.
    pub label: String,
    /// The incident's title.
    pub title: String,
    /// Sequence number of the incident's last event when it was chosen.
    pub seq: u32,
}

impl From<&Summary> for Target {
    fn from(row: &Summary) -> Self {
        Self { id: row.id, label: row.label(), title: row.title.clone(), seq: row.seq }
    }
}

/// Returns the incidents that a verb acts on now: the marked ones, else the targeted one.
pub(in crate::tui) fn targets(app: &App) -> Vec<Target> {
    if app.marked.is_empty() {
        return app.target().map(Target::from).into_iter().collect();
    }
    let rows = app.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let mut targets: Vec<Target> = app
        .queue
        .rows
        .iter()
        .map(|row| &*row.summary)
        .chain(rows)
        .filter(|row| app.marked.contains(&row.id))
        .map(Target::from)
        .collect();
    // In the order of the queue, then what the filter hides; each once.
    let mut seen = std::collections::HashSet::new();
    targets.retain(|target| seen.insert(target.id));
    targets
}
