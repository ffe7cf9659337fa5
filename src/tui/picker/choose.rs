//! Effects of choosing an item.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::command::CommandKind;
use crate::model::problem::Problem;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::follow::{Destination, LinkedPage};
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::settings::appearance;
use crate::tui::verb::target::Target;
use crate::tui::verb::{link, planning, review_timeline, send};
use crate::tui::{
    drafts, filter, form, jump, maintenance, metrics, oncall, run, runbook, screens, similar,
    views, workspace,
};

/// Shows the problems that were read, in the list that waits for them.
pub(in crate::tui) fn problems_loaded(
    app: &mut App,
    result: Result<Vec<Problem>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match result {
        Ok(list) => {
            let items = link::problems(&list);
            let none = items.is_empty();
            app.fetched.problems = Some(list);
            if let Mode::Pick(picker) = &mut app.ui.mode
                && picker.kind == PickerKind::Problems
            {
                picker.replace(items);
                if none {
                    app.ui.mode = Mode::Panes;
                    let key = app.ui.keymap.main_key(Action::Command(CommandKind::Link));
                    let how = key.map(|key| format!(": {key} n records one")).unwrap_or_default();
                    return show_toast(app, format!("no problem is recorded yet{how}"), true);
                }
            }
            Vec::new()
        }
        Err(error) => {
            if matches!(&app.ui.mode, Mode::Pick(picker) if picker.kind == PickerKind::Problems) {
                app.ui.mode = Mode::Panes;
            }
            report_failure(app, "reading the problems", &error.to_string(), at)
        }
    }
}

/// Performs the chosen item.
pub(in crate::tui) fn choose(app: &mut App, item: Item, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = item.disabled_reason {
        if let Mode::Pick(picker) = &mut app.ui.mode {
            picker.notice = Some(why);
        }
        return Vec::new();
    }
    let Mode::Pick(picker) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    match (picker.kind, item.pick) {
        (PickerKind::Views, Pick::Index(index)) => views::update::choose_view(app, index, at),
        (PickerKind::Sorts, Pick::Index(index)) => views::update::choose_sort(app, index, at),
        (PickerKind::ReviewTimeline, pick) => match review_timeline::choose(app, picker, &pick) {
            Some((pick, targets)) => apply_pick(app, pick, targets, at),
            None => Vec::new(),
        },
        (_, pick) => apply_pick(app, pick, picker.targets, at),
    }
}

/// Performs a pick.
pub(in crate::tui) fn apply_pick(
    app: &mut App,
    pick: Pick,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match pick {
        Pick::Submit { verb, done_phrase, commands, irreversible } => {
            let plan = planning::plan(app, &targets, verb, done_phrase, &commands, at);
            send::submit(app, plan, irreversible, None, at)
        }
        Pick::Form(kind) => form::open::open(app, kind, targets, at),
        Pick::LinkProblem => {
            let items = app.fetched.problems.as_deref().map(link::problems).unwrap_or_default();
            let heading = "Link to the problem".to_owned();
            let picker = Picker::new(PickerKind::Problems, targets, heading, items, true);
            app.ui.mode = Mode::Pick(Box::new(picker));
            vec![Effect::LoadProblems]
        }
        Pick::LinkChange => {
            let items = link::changes(app, &targets);
            if items.is_empty() {
                return show_toast(
                    app,
                    "no change is suspected: none touched its services before",
                    true,
                );
            }
            let picker = Picker::search(targets, "Link the change that caused it", items);
            app.ui.mode = Mode::Pick(Box::new(picker));
            Vec::new()
        }
        Pick::Template(index) => {
            app.forms.template_index = index;
            form::open::open(app, Kind::Update, targets, at)
        }
        Pick::Draft(id) => drafts::reopen::open(app, id, at),
        Pick::NewActionItem => {
            form::open::open(app, Kind::ActionItem { id: Uuid::now_v7() }, targets, at)
        }
        Pick::AttachFile(path) => {
            let target = targets.into_iter().next();
            target.map(|target| Effect::LoadEvidenceFile(path, target)).into_iter().collect()
        }
        Pick::SaveEvidence(id, name) => vec![Effect::SaveEvidence(id, name)],
        Pick::Copy(text, what) => appearance::copy_to_clipboard(app, text, what),
        Pick::JumpTo(number) => jump::update::jump_to(app, number),
        Pick::ReadReview(id) => {
            let destination = Destination::Review(id);
            app.ui.mode = Mode::Linked(Box::new(LinkedPage { destination, top: 0 }));
            Vec::new()
        }
        Pick::Swap(shift) => oncall::stand_in::update::ask_swap(app, &shift, at),
        Pick::ReviewTimeline(id) => review_timeline::open(app, id, targets),
        Pick::FromScreen(id) => screens::update::open_from_screen(app, id),
        Pick::FaultGroup(number) => similar::update::open_group(app, number),
        Pick::Span(span) => metrics::update::choose_span(app, span),
        Pick::View(view) => views::update::show_view(app, *view, at),
        Pick::Filter(text) => filter::update::filter_by(app, &text, at),
        Pick::Sort(sort) => views::update::sort_by(app, sort, at),
        Pick::Theme(name) => appearance::set_theme(app, name),
        Pick::Zone(zone) => {
            let mut effects = appearance::set_zone(app, zone);
            effects.extend(metrics::update::zone_changed(app));
            effects
        }
        Pick::Runbook(name) => runbook::update::open(app, &name, targets),
        Pick::Command(name) => run::update::run_command(app, &name, targets, at),
        Pick::Output(id) => run::update::show_output(app, id),
        Pick::Workspace(id) => workspace::update::switch_to(app, id),
        Pick::Maintenance { id, revision, change, operation } => {
            maintenance::change::send(app, (id, revision), *change, operation, at)
        }
        Pick::Index(_) => Vec::new(),
    }
}
