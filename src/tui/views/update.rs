//! Saved views and orders of the queue.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::panes::SavedView;
use crate::model::Status;
use crate::model::filter::{Filter, MatchContext, Owner, Predicate, Scope, Sla, StateFilter, Term};
use crate::model::queue::Sort;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::filter::update::apply_filter;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::queue::sort_label;
use crate::tui::reading;
use crate::tui::views::View;

/// Incidents count as forgotten after this time without an event.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(2);

/// Returns all views of the panes.
#[must_use]
pub fn views(app: &App) -> Vec<View> {
    views_with(&app.session.settings.views)
}

/// Returns all views: the built-in ones, then the person's own. If two have the same key, the
/// person's own gets it.
#[must_use]
pub fn views_with(own: &[SavedView]) -> Vec<View> {
    let own: Vec<View> = own
        .iter()
        .map(|view| View {
            name: view.name.clone(),
            filter: view.filter.clone(),
            sort: view.sort,
            key: view.key,
        })
        .collect();
    let has = |predicate: Predicate| Term { negated: false, predicate };
    let not = |predicate: Predicate| Term { negated: true, predicate };
    let usual = [
        ("all open", 'a', vec![], Sort::Urgent),
        ("mine", 'm', vec![has(Predicate::Owner(Owner::Me))], Sort::Urgent),
        ("unowned", 'u', vec![has(Predicate::Owner(Owner::Nobody))], Sort::Urgent),
        ("past SLA", 'p', vec![has(Predicate::Sla(Sla::Late))], Sort::Urgent),
        (
            "acked and forgotten",
            'f',
            vec![not(Predicate::Status(Status::Triggered)), has(Predicate::Idle(FORGOTTEN_AFTER))],
            Sort::Urgent,
        ),
        ("snoozed", 's', vec![has(Predicate::State(StateFilter::Snoozed))], Sort::Urgent),
        ("resolved, not closed", 'r', vec![has(Predicate::Status(Status::Resolved))], Sort::Newest),
        ("everything", 'e', vec![has(Predicate::State(StateFilter::Any))], Sort::Newest),
    ];
    let mut all: Vec<View> = usual
        .into_iter()
        .map(|(name, key, terms, sort)| View {
            name: name.into(),
            filter: Filter { terms },
            sort,
            key: Some(key).filter(|key| own.iter().all(|view| view.key != Some(*key))),
        })
        .collect();
    all.extend(own);
    all
}

/// Opens the list of views.
pub(in crate::tui) fn open_views(app: &mut App) -> Vec<Effect> {
    let levels = app.session.rules.levels;
    let context =
        MatchContext { now: app.backend_now(), me: Some(&app.session.me.handle), levels: &levels };
    let views = views(app);
    let items: Vec<Item> = views
        .iter()
        .enumerate()
        .map(|(index, view)| {
            let mut item = Item::new(view.name.clone(), Pick::Index(index));
            item.key = view.key;
            let complete =
                app.fetched.snapshot.as_ref().filter(|snapshot| snapshot.counts.is_none());
            let mut resolved = view.filter.clone();
            app.resolve_filter(&mut resolved);
            let count = complete.filter(|_| view.filter.scope() == Scope::Open).map(|snapshot| {
                snapshot.rows.iter().filter(|row| resolved.matches(row, context)).count()
            });
            let filter = view.filter.to_string();
            let about = [
                count.map(|count| count.to_string()),
                Some(filter).filter(|text| !text.is_empty()),
                (view.sort != Sort::Urgent).then(|| sort_label(view.sort).to_owned()),
            ];
            item.about(about.into_iter().flatten().collect::<Vec<_>>().join(" · "))
        })
        .collect();
    let mut picker = Picker::new(PickerKind::Views, Vec::new(), "Views".into(), items, false);
    let current = views.iter().position(|view| Some(&view.name) == app.queue.view.as_ref());
    picker.move_selection(isize::try_from(current.unwrap_or(0)).unwrap_or(0));
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Shows the view that was chosen, by its index among all.
pub(in crate::tui) fn choose_view(app: &mut App, index: usize, at: DateTime<Utc>) -> Vec<Effect> {
    views(app).into_iter().nth(index).map_or_else(Vec::new, |view| show_view(app, view, at))
}

/// Shows the incidents of a view in the queue.
pub fn show_view(app: &mut App, view: View, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = focus_queue(app);
    let name = (!view.filter.terms.is_empty() || view.sort != Sort::Urgent).then_some(view.name);
    effects.extend(apply_filter(app, view.filter, name, view.sort, at));
    effects
}

/// Brings the queue to the front, where the choice takes effect.
fn focus_queue(app: &mut App) -> Vec<Effect> {
    if app.ui.focus == Pane::Queue {
        return Vec::new();
    }
    app.ui.show_all_panes();
    reading::focus::focus(app, Pane::Queue)
}

/// Opens the list of orders.
pub(in crate::tui) fn open_sorts(app: &mut App) -> Vec<Effect> {
    let history = app.queue.is_history();
    let items: Vec<Item> = Sort::ALL
        .iter()
        .enumerate()
        .map(|(index, sort)| {
            let by_report = matches!(sort, Sort::Newest | Sort::Oldest);
            let why = (history && !by_report)
                .then(|| "the history is read newest or oldest first".to_owned());
            let mut item = Item::new(sort_label(*sort), Pick::Index(index)).disabled_reason(why);
            item.key = match sort {
                Sort::Owner => Some('w'),
                other => other.as_str().chars().next(),
            };
            item
        })
        .collect();
    let heading = "Order of the queue".to_owned();
    let mut picker = Picker::new(PickerKind::Sorts, Vec::new(), heading, items, false);
    let current =
        Sort::ALL.iter().position(|sort| *sort == app.queue.effective_sort()).unwrap_or(0);
    picker.selected_index = current;
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Applies the order that was chosen, by its index among all.
pub(in crate::tui) fn choose_sort(app: &mut App, index: usize, at: DateTime<Utc>) -> Vec<Effect> {
    Sort::ALL.get(index).map_or_else(Vec::new, |sort| sort_by(app, *sort, at))
}

/// Applies an order to the queue, until another one is chosen.
pub fn sort_by(app: &mut App, sort: Sort, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = focus_queue(app);
    let (filter, view) = (app.queue.filter().clone(), app.queue.view.clone());
    effects.extend(apply_filter(app, filter, view, sort, at));
    effects
}
