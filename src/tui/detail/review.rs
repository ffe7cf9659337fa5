//! The review of a record, and its action items.

use ratatui::style::Style;

use crate::model::Incident;
use crate::model::command::CommandKind;
use crate::model::review::{ActionItem, Section};

use crate::tui::action::Action;
use crate::tui::detail::fields::Fields;
use crate::tui::detail::time::format_time;

/// Appends the written parts of the review, and the action items.
pub(super) fn push(out: &mut Fields<'_>, incident: &Incident) {
    let review = &incident.review;
    let theme = out.app.ui.theme;
    if review.is_begun() {
        let published = review.published_at.map(|at| format_time(out.app, at));
        out.heading(&format!("Review · {}", review.state_text(published.as_deref())));
        let position =
            |section: Section| Section::READING_ORDER.iter().position(|other| *other == section);
        let mut written: Vec<(Section, &str)> = review.written().collect();
        written.sort_by_key(|(section, _)| position(*section).unwrap_or(usize::MAX));
        for (section, text) in written {
            out.paragraph(&section.heading(), theme.dim());
            out.markdown(text);
        }
    } else if incident.summary.owes_review() {
        let key = out.app.ui.keymap.keys(Action::Command(CommandKind::WriteReview)).first();
        let key = key.map(|key| format!(" · {key} begins it")).unwrap_or_default();
        let text = format!("missing: a {} is done with a published one", incident.summary.priority);
        out.field("Review", &format!("{text}{key}"), theme.strong());
    }
    if review.actions.is_empty() {
        return;
    }
    let today = out.app.clock().local_time(out.now).date();
    out.heading(&format!("Action items · {}", review.actions_text(today)));
    for item in &review.actions {
        let overdue = item.is_overdue(today);
        let owner = item.owner.as_ref();
        let owner = owner.map(|owner| out.app.person_label(owner).into_owned());
        let text = ActionItem::line(item, owner.as_deref(), today);
        let style = match (item.done, overdue) {
            (true, _) => theme.dim(),
            (false, true) => theme.near(),
            (false, false) => Style::new(),
        };
        out.paragraph(&text, style);
        if let Some(follow_up) = incident.follow_up(item.id) {
            let is_done = follow_up.proposes_done(item.done);
            let style = if is_done { theme.near() } else { theme.dim() };
            out.paragraph(&format!("    {}", follow_up.line()), style);
        }
    }
}
