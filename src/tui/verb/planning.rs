//! Makes plans, with the known refusals.

use chrono::{DateTime, Utc};

use crate::model::{Command, IncidentCommand};

use crate::tui::core::app::App;
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// Creates a plan with the same commands for each target, with the known refusals.
pub(in crate::tui) fn plan(
    app: &App,
    targets: &[Target],
    verb: impl Into<String>,
    done_phrase: impl Into<String>,
    commands: &[IncidentCommand],
    at: DateTime<Utc>,
) -> Plan {
    let steps = targets.iter().map(|target| step(app, target, Vec::new(), commands.to_vec(), at));
    Plan { verb: verb.into(), done_phrase: done_phrase.into(), steps: steps.collect() }
}

/// Creates the step of a plan for one incident, with the known refusal.
pub(in crate::tui) fn step(
    app: &App,
    target: &Target,
    prerequisites: Vec<Command>,
    commands: Vec<IncidentCommand>,
    at: DateTime<Utc>,
) -> Step {
    let repeated = |command: &IncidentCommand| {
        let row = command.kind().row();
        // Commands in the outbox are applied to the loaded record already: the model can decide.
        let mut open = app.inflight.pending.iter().filter(|pending| !pending.enqueued);
        row.one_at_a_time && open.any(|p| p.incident == target.id && p.verb == row.kind)
    };
    let refused = if commands.iter().any(repeated) {
        Some("that is on its way already".into())
    } else {
        precheck::refusal(app, target.id, &commands, at)
    };
    Step { prerequisites, refused, ..Step::new(target.clone(), commands) }
}
