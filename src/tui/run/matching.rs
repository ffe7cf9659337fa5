//! Which custom commands are for an incident.

use crate::config::panes::CustomCommand;
use crate::model::Incident;
use crate::model::filter::{MatchContext, Predicate as FilterPredicate, StateFilter, Term};

use crate::tui::core::app::App;

/// Returns whether a command is for an incident.
pub(in crate::tui) fn is_offered(app: &App, command: &CustomCommand, incident: &Incident) -> bool {
    let Some(when) = &command.when else { return true };
    // Snoozed and closed incidents are excluded only if the filter excludes them.
    let mut filter = when.clone();
    filter.terms.push(Term { negated: false, predicate: FilterPredicate::State(StateFilter::Any) });
    app.resolve_filter(&mut filter);
    let context = MatchContext {
        now: app.backend_now(),
        me: Some(&app.session.me.handle),
        levels: &app.session.rules.levels,
    };
    filter.matches(&incident.summary, context)
}
