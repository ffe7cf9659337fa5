//! Which incidents a verb acts on.

use crate::tui::core::app::App;
use crate::tui::verb::target::Target;

/// Returns the incidents that a verb acts on now: the marked ones, else the targeted one.
pub(in crate::tui) fn targets(app: &App) -> Vec<Target> {
    if app.ui.marked.is_empty() {
        return app.target().map(Target::from).into_iter().collect();
    }
    let rows = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let mut targets: Vec<Target> = app
        .queue
        .rows
        .iter()
        .map(|row| &*row.summary)
        .chain(rows)
        .filter(|row| app.ui.marked.contains(&row.id))
        .map(Target::from)
        .collect();
    // In the order of the queue, then those that the filter hides; each once.
    let mut seen = std::collections::HashSet::new();
    targets.retain(|target| seen.insert(target.id));
    targets
}
