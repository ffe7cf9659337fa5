//! The confirmation before a plan is carried out, and the results of a batch.

use ratatui::style::Style;

use crate::model::text::{truncate, wrap};

use crate::tui::action::Action;
use crate::tui::confirm::{Confirm, Results};
use crate::tui::core::app::App;
use crate::tui::verb::send::unknown_names_in;
use crate::tui::widgets::text::{Line, Span};

pub(in crate::tui) const TITLE: &str = "Are you sure?";

/// Returns the lines of the question: the action, the incidents to which it applies, and those to
/// which it does not.
pub(in crate::tui) fn lines(app: &App, confirm: &Confirm, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let plan = &confirm.plan;
    let strong = app.ui.theme.strong();
    let mut push = |text: &str, style: Style| {
        for part in wrap(text, width) {
            lines.push(Line::from(Span::styled(part, style)));
        }
    };
    let possible: Vec<_> = plan.possible().collect();
    match &plan.steps[..] {
        [one] => {
            push(&format!("{}?", capital(&plan.phrase(&one.target.label))), strong);
            push(&one.target.title, Style::new());
        }
        many => {
            let what = if possible.len() == many.len() {
                format!("{} incidents", many.len())
            } else {
                format!("{} of {} incidents", possible.len(), many.len())
            };
            push(&format!("{}?", capital(&plan.phrase(&what))), strong);
        }
    }
    for unknown in unknown_names_in(app, plan) {
        push(&format!("{}.", capital(&unknown.problem.to_string())), app.ui.theme.warning());
    }
    if confirm.irreversible {
        push("This can't be taken back.", strong);
    }
    if let Some(production) = production(app) {
        push(&production, app.ui.theme.warning());
    }
    push(&answer_keys(app), app.ui.theme.accent());
    if plan.steps.len() > 1 {
        lines.push(Line::default());
        for step in possible {
            let text = format!("{} {}", step.target.label, step.target.title);
            lines.push(Line::from(truncate(text, width)));
        }
        for (target, why) in plan.refused() {
            let text = format!("not {}: {why}", target.label);
            lines.push(Line::from(Span::styled(truncate(text, width), strong)));
        }
    }
    lines
}

/// Returns the keys that answer a question.
pub(in crate::tui) fn answer_keys(app: &App) -> String {
    let keys = [(Action::Yes, "yes"), (Action::No, "no")];
    let keys = keys.into_iter().filter_map(|(action, word)| app.ui.keymap.hint(action, word));
    keys.collect::<Vec<_>>().join(" · ")
}

/// Returns a warning if the workspace is a production environment.
pub(in crate::tui) fn production(app: &App) -> Option<String> {
    app.session
        .workspace
        .production
        .then(|| format!("This is PRODUCTION: {}.", app.session.workspace.name()))
}

/// Returns for how many incidents a batch succeeded, and the reasons for the others.
pub(in crate::tui) fn results(app: &App, results: &Results, width: usize) -> Vec<Line<'static>> {
    let done = results.total.saturating_sub(results.failed.len());
    let head = format!("{done} of {} {}. Not:", results.total, results.done_phrase);
    let mut lines: Vec<Line<'static>> = wrap(head, width)
        .into_iter()
        .map(|part| Line::from(Span::styled(part, app.ui.theme.strong())))
        .collect();
    for (label, why) in &results.failed {
        for part in wrap(format!("{label}: {why}"), width) {
            lines.push(Line::from(part));
        }
    }
    lines
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
