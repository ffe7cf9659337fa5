//! A question, and what became of what was asked.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::model::text::{sanitize, truncate, wrap};

use super::super::action::Action;
use super::super::app::App;
use super::super::plan::{Confirm, Results};

pub(super) const TITLE: &str = "Are you sure?";

/// The question: what, to which incidents, and which can't.
pub(super) fn lines(app: &App, confirm: &Confirm, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let plan = &confirm.plan;
    let strong = app.theme.strong();
    let mut say = |text: &str, style: Style| {
        for part in wrap(&sanitize(text), width) {
            lines.push(Line::from(Span::styled(part, style)));
        }
    };
    let possible: Vec<_> = plan.possible().collect();
    match &plan.steps[..] {
        [one] => {
            say(&format!("{}?", capital(&plan.phrase(&one.target.label))), strong);
            say(&one.target.title, Style::new());
        }
        many => {
            let what = if possible.len() == many.len() {
                format!("{} incidents", many.len())
            } else {
                format!("{} of {} incidents", possible.len(), many.len())
            };
            say(&format!("{}?", capital(&plan.phrase(&what))), strong);
        }
    }
    if confirm.irreversible {
        say("This can't be taken back.", strong);
    }
    if let Some(production) = production(app) {
        say(&production, app.theme.warning());
    }
    say(&answer_keys(app), app.theme.accent());
    if plan.steps.len() > 1 {
        lines.push(Line::default());
        for step in possible {
            let text = format!("{} {}", step.target.label, sanitize(&step.target.title));
            lines.push(Line::from(truncate(&text, width).into_owned()));
        }
        for (target, why) in plan.refused() {
            let text = format!("not {}: {}", target.label, sanitize(why));
            lines.push(Line::from(Span::styled(truncate(&text, width).into_owned(), strong)));
        }
    }
    lines
}

/// The keys that answer a question.
pub(super) fn answer_keys(app: &App) -> String {
    let keys = [(Action::Yes, "yes"), (Action::No, "no")];
    let keys = keys.into_iter().filter_map(|(action, word)| app.keymap.hint(action, word));
    keys.collect::<Vec<_>>().join(" · ")
}

/// That it is done where it counts.
pub(super) fn production(app: &App) -> Option<String> {
    app.workspace.production.then(|| format!("This is PRODUCTION: {}.", app.workspace.name()))
}

/// What was done to how many, and why not to the others.
pub(super) fn results(app: &App, results: &Results, width: usize) -> Vec<Line<'static>> {
    let done = results.total.saturating_sub(results.failed.len());
    let head = format!("{done} of {} {}. Not:", results.total, results.done_phrase);
    let mut lines: Vec<Line<'static>> = wrap(&sanitize(&head), width)
        .into_iter()
        .map(|part| Line::from(Span::styled(part, app.theme.strong())))
        .collect();
    for (label, why) in &results.failed {
        for part in wrap(&format!("{label}: {}", sanitize(why)), width) {
            lines.push(Line::from(part));
        }
    }
    lines
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
