//! Lists to choose from: what they offer, and what a choice does.

use crate::tui::picker::links;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::problem::Problem;
use crate::model::text::sanitize;
use crate::model::time::format_ago;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::backend_update;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::settings::appearance;
use crate::tui::update::{main_key, report_failure, show_toast};
use crate::tui::verb::plan::{Plan, Step, Target};
use crate::tui::verb::{self, send};
use crate::tui::{copy, drafts, filter, form, jump, run, runbook, workspace};

/// Opens the list of an action; the heading has `{}` for the incidents.
pub(in crate::tui) fn open(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    heading: &str,
    searchable: bool,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let items = items(app, action, &targets, at);
    if items.is_empty() {
        let reason = empty_reason(app, action, &targets);
        return show_toast(app, reason, true);
    }
    let about = match &targets[..] {
        [one] => format!("{} · {}", one.label, sanitize(&one.title)),
        many => format!("{} incidents", many.len()),
    };
    let heading = heading.replacen("{}", &about, 1);
    let picker = if searchable { Picker::search } else { Picker::menu }(targets, heading, items);
    app.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Returns the items of an action's list.
pub(in crate::tui) fn items(
    app: &App,
    action: Action,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Item> {
    match (verb::find(action), action) {
        (Some(verb), _) => verb.items(app, targets, at),
        (None, Action::Copy) => copy::update::items(app, targets),
        (None, _) => Vec::new(),
    }
}

/// Returns why a list is empty.
pub(in crate::tui) fn empty_reason(app: &App, action: Action, targets: &[Target]) -> String {
    match verb::find(action) {
        Some(verb) => verb.empty_reason(app, targets),
        None => "there is nothing to choose from".into(),
    }
}

/// Shows the problems that were read, in the list that waits for them.
pub(in crate::tui) fn problems_loaded(
    app: &mut App,
    result: Result<Vec<Problem>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match result {
        Ok(list) => {
            let items = links::problems(&list);
            let none = items.is_empty();
            app.problems = Some(list);
            if let Mode::Pick(picker) = &mut app.mode
                && picker.kind == PickerKind::Problems
            {
                picker.replace(items);
                if none {
                    app.mode = Mode::Panes;
                    let key = main_key(app, Action::Command(CommandKind::Link));
                    let how = key.map(|key| format!(": {key} n records one")).unwrap_or_default();
                    return show_toast(app, format!("no problem is recorded yet{how}"), true);
                }
            }
            Vec::new()
        }
        Err(error) => {
            if matches!(&app.mode, Mode::Pick(picker) if picker.kind == PickerKind::Problems) {
                app.mode = Mode::Panes;
            }
            report_failure(app, "reading the problems", &error.to_string(), at)
        }
    }
}

/// Opens the list of drafts.
pub(in crate::tui) fn open_drafts(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let items: Vec<Item> = app
        .drafts
        .iter()
        .filter_map(|draft| {
            let kind = drafts::update::kind(draft)?;
            let about = match &draft.about[..] {
                [] => String::new(),
                [one] => format!(" {} {}", one.1, one.2),
                many => format!(" {} incidents", many.len()),
            };
            let text = format!("{}{about}", verb::with_form(&kind, |form| form.name()));
            let contents: Vec<&str> = draft.contents.iter().map(|c| c.trim()).collect();
            let contents = contents.join(" · ");
            let about = format!(
                "{} · {}",
                format_ago(draft.at, at),
                sanitize(contents.trim_matches([' ', '·']))
            );
            Some(Item::new(sanitize(&text), Pick::Draft(draft.id)).about(about))
        })
        .collect();
    if items.is_empty() {
        return show_toast(app, "no draft is kept", false);
    }
    let heading = "Drafts: typed and not sent".to_owned();
    app.mode =
        Mode::Pick(Box::new(Picker::new(PickerKind::Drafts, Vec::new(), heading, items, true)));
    Vec::new()
}

/// Performs the chosen item.
pub(in crate::tui) fn choose(app: &mut App, item: Item, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = item.disabled_reason {
        if let Mode::Pick(picker) = &mut app.mode {
            picker.notice = Some(why);
        }
        return Vec::new();
    }
    let Mode::Pick(picker) = std::mem::take(&mut app.mode) else { return Vec::new() };
    match (picker.kind, item.pick) {
        (PickerKind::Views, Pick::Index(index)) => filter::update::choose_view(app, index, at),
        (PickerKind::Sorts, Pick::Index(index)) => filter::update::choose_sort(app, index, at),
        (_, pick) => apply_pick(app, pick, picker.targets, at),
    }
}

/// Performs what a pick stands for.
pub(in crate::tui) fn apply_pick(
    app: &mut App,
    pick: Pick,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match pick {
        Pick::Submit { verb, done_phrase, commands, irreversible } => {
            let plan = send::plan(app, &targets, verb, done_phrase, &commands, at);
            send::submit(app, plan, irreversible, None, at)
        }
        Pick::SnoozeUntil => form::update::open(app, Kind::SnoozeUntil, targets, at),
        Pick::Pause => form::update::open(app, Kind::Pause, targets, at),
        Pick::LinkUrl => form::update::open(app, Kind::LinkUrl, targets, at),
        Pick::NewProblem => form::update::open(app, Kind::NewProblem, targets, at),
        Pick::LinkProblem => {
            let items = app.problems.as_deref().map(links::problems).unwrap_or_default();
            let heading = "Link to the problem".to_owned();
            let picker = Picker::new(PickerKind::Problems, targets, heading, items, true);
            app.mode = Mode::Pick(Box::new(picker));
            vec![Effect::LoadProblems]
        }
        Pick::LinkChange => {
            let items = links::changes(app, &targets);
            if items.is_empty() {
                return show_toast(
                    app,
                    "no change is suspected: none touched its services before",
                    true,
                );
            }
            let picker = Picker::search(targets, "Link the change that caused it", items);
            app.mode = Mode::Pick(Box::new(picker));
            Vec::new()
        }
        Pick::Override(priority) => {
            form::update::open(app, Kind::Override { priority }, targets, at)
        }
        Pick::Template(index) => {
            app.template_index = index;
            form::update::open(app, Kind::Update, targets, at)
        }
        Pick::Draft(id) => drafts::update::open(app, id, at),
        Pick::ReviewText => form::update::open(app, Kind::Review, targets, at),
        Pick::ReviewAction(id) => {
            let id = id.unwrap_or_else(Uuid::now_v7);
            form::update::open(app, Kind::ActionItem { id }, targets, at)
        }
        Pick::ReviewPublish => publish_review(app, &targets, at),
        Pick::Copy(text, what) => appearance::copy_to_clipboard(app, text, what),
        Pick::JumpTo(number) => jump::update::jump_to(app, number),
        Pick::Span(span) => backend_update::choose_span(app, span),
        Pick::View(view) => filter::update::show_view(app, *view, at),
        Pick::Filter(text) => filter::update::filter_by(app, &text, at),
        Pick::Sort(sort) => filter::update::sort_by(app, sort, at),
        Pick::Theme(name) => appearance::set_theme(app, name),
        Pick::Zone(zone) => appearance::set_zone(app, zone),
        Pick::Runbook(name) => runbook::update::open(app, &name, targets),
        Pick::Command(name) => run::update::run_command(app, &name, targets, at),
        Pick::Output(id) => run::update::show_output(app, id),
        Pick::Workspace(id) => workspace::update::switch_to(app, id),
        Pick::Index(_) => Vec::new(),
    }
}

fn publish_review(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let plan = Plan {
        verb: "publish the review of".into(),
        done_phrase: "review published".into(),
        steps: targets
            .iter()
            .map(|target| {
                send::step(app, target, Vec::new(), vec![IncidentCommand::PublishReview], at)
            })
            .collect::<Vec<Step>>(),
    };
    send::submit(app, plan, true, None, at)
}
