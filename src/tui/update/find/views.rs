//! Saved views and orders.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::panes::SavedView;
use crate::model::Status;
use crate::model::filter::{Filter, MatchContext, Owner, Predicate, Scope, Sla, StateFilter, Term};
use crate::model::queue::Sort;
use crate::model::text::sanitize;

use super::super::super::app::{App, Pane};
use super::super::super::message::Effect;
use super::super::super::mode::Mode;
use super::super::super::picker::{Item, Pick, Picker, PickerKind};
use super::super::super::queue::sort_label;
use super::super::navigation;
use super::apply_filter;

/// Nothing has happened for so long to what is forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(2);

/// A filter and an order under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Its name, safe to show.
    pub name: String,
    /// What is in it.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// The key that picks it.
    pub key: Option<char>,
}

/// All views of the panes.
#[must_use]
pub fn views(app: &App) -> Vec<View> {
    views_with(&app.settings.views)
}

/// All views: those that are always there, then the person's own. Where two want the same key, it
/// is the person's.
#[must_use]
pub fn views_with(own: &[SavedView]) -> Vec<View> {
    let own: Vec<View> = own
        .iter()
        .map(|view| View {
            name: sanitize(&view.name).into_owned(),
            filter: view.filter.clone(),
            sort: view.sort,
            key: view.key,
        })
        .collect();
    let has = |ask: Predicate| Term { negated: false, predicate: ask };
    let not = |ask: Predicate| Term { negated: true, predicate: ask };
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

/// The list of views.
pub(in crate::tui::update) fn open_views(app: &mut App) -> Vec<Effect> {
    let levels = app.rules.levels;
    let context = MatchContext { now: app.now, me: Some(&app.me.handle), levels: &levels };
    let views = views(app);
    let items: Vec<Item> = views
        .iter()
        .enumerate()
        .map(|(place, view)| {
            let mut item = Item::new(view.name.clone(), Pick::Index(place));
            item.key = view.key;
            let whole = app.snapshot.as_ref().filter(|snapshot| snapshot.counts.is_none());
            let count = whole.filter(|_| view.filter.scope() == Scope::Open).map(|snapshot| {
                snapshot.rows.iter().filter(|row| view.filter.matches(row, context)).count()
            });
            let filter = view.filter.to_string();
            let about = [
                count.map(|count| count.to_string()),
                Some(sanitize(&filter).into_owned()).filter(|text| !text.is_empty()),
                (view.sort != Sort::Urgent).then(|| sort_label(view.sort).to_owned()),
            ];
            item.about(about.into_iter().flatten().collect::<Vec<_>>().join(" · "))
        })
        .collect();
    let mut picker = Picker::new(PickerKind::Views, Vec::new(), "Views".into(), items, false);
    let here = views.iter().position(|view| Some(&view.name) == app.queue.view.as_ref());
    picker.move_selection(isize::try_from(here.unwrap_or(0)).unwrap_or(0));
    app.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// A view was chosen, by its place among all.
pub(in crate::tui::update) fn choose_view(
    app: &mut App,
    place: usize,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    views(app).into_iter().nth(place).map_or_else(Vec::new, |view| show_view(app, view, at))
}

/// Shows a view.
pub fn show_view(app: &mut App, view: View, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = focus_queue(app);
    let name = (!view.filter.terms.is_empty() || view.sort != Sort::Urgent).then_some(view.name);
    effects.extend(apply_filter(app, view.filter, name, view.sort, at));
    effects
}

/// What is chosen is seen in the queue.
fn focus_queue(app: &mut App) -> Vec<Effect> {
    if app.focus == Pane::Queue {
        return Vec::new();
    }
    app.zoomed = false;
    navigation::focus(app, Pane::Queue)
}

/// The list of orders.
pub(in crate::tui::update) fn open_sorts(app: &mut App) -> Vec<Effect> {
    let history = app.queue.is_history();
    let items: Vec<Item> = Sort::ALL
        .iter()
        .enumerate()
        .map(|(place, sort)| {
            let by_report = matches!(sort, Sort::Newest | Sort::Oldest);
            let why = (history && !by_report)
                .then(|| "the history is read newest or oldest first".to_owned());
            let mut item = Item::new(sort_label(*sort), Pick::Index(place)).disabled_reason(why);
            item.key = match sort {
                Sort::Owner => Some('w'),
                other => other.as_str().chars().next(),
            };
            item
        })
        .collect();
    let heading = "Order of the queue".to_owned();
    let mut picker = Picker::new(PickerKind::Sorts, Vec::new(), heading, items, false);
    let here = Sort::ALL.iter().position(|sort| *sort == app.queue.effective_sort()).unwrap_or(0);
    picker.selected_index = here;
    app.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// An order was chosen, by its place among all.
pub(in crate::tui::update) fn choose_sort(
    app: &mut App,
    place: usize,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    Sort::ALL.get(place).map_or_else(Vec::new, |sort| sort_by(app, *sort, at))
}

/// Puts the queue in another order, which holds until another is chosen.
pub fn sort_by(app: &mut App, sort: Sort, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = focus_queue(app);
    let (filter, view) = (app.queue.filter().clone(), app.queue.view.clone());
    effects.extend(apply_filter(app, filter, view, sort, at));
    effects
}
