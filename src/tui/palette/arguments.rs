//! Arguments in the command palette: suggestions after an action's name, and parsing.

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::suggestion;
use crate::model::command::Argument;
use crate::model::filter::Filter;
use crate::model::queue::Sort;

use crate::tui::action::{ArgumentKind, Entry};
use crate::tui::core::app::App;
use crate::tui::core::zone::Zone;
use crate::tui::metrics::Span;
use crate::tui::picker::{Item, Pick};
use crate::tui::queue;
use crate::tui::theme::Name;
use crate::tui::verb;
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::Typed;
use crate::tui::verb::target::Target;
use crate::tui::{picker, run, views, workspace};
use crate::verbs::Problem;
use crate::verbs::names::find_person;

/// Returns the possible arguments of an action, where they can be listed. Each item has a value.
pub(in crate::tui) fn offers(
    app: &App,
    entry: &Entry,
    argument: &str,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Item> {
    match entry.argument {
        ArgumentKind::Nothing | ArgumentKind::Filter => Vec::new(),
        ArgumentKind::Command(_) => match verb::find(entry.action) {
            Some(verb) => verb.offers(app, argument, targets, at),
            None => Vec::new(),
        },
        ArgumentKind::View => views::update::views(app).into_iter().map(view).collect(),
        ArgumentKind::Sort => Sort::ALL
            .iter()
            .map(|sort| {
                let value = sort.as_str();
                Item::new(queue::sort_label(*sort), Pick::Sort(*sort)).value(value)
            })
            .collect(),
        ArgumentKind::Theme => Name::ALL
            .iter()
            .map(|name| Item::new(name.as_str(), Pick::Theme(*name)).value(name.as_str()))
            .collect(),
        ArgumentKind::Zone => Zone::ALL
            .iter()
            .map(|zone| Item::new(zone.as_str(), Pick::Zone(*zone)).value(zone.as_str()))
            .collect(),
        ArgumentKind::Listed(_) => {
            let items = picker::items::items(app, entry.action, targets, at);
            items.into_iter().filter(|item| item.value.is_some()).collect()
        }
        ArgumentKind::Number => numbers(app),
        ArgumentKind::Backend => workspace::update::items(app),
        ArgumentKind::Run => run::items::all_items(app, targets),
        ArgumentKind::Span => spans(app),
    }
}

/// Parses a typed argument into its pick.
///
/// # Errors
/// The error and the accepted values.
pub(in crate::tui) fn parse(
    app: &App,
    entry: &Entry,
    argument: &str,
    offers: &[Item],
    targets: &[Target],
    at: DateTime<Utc>,
) -> Result<Pick, ArgumentError> {
    let argument = argument.trim();
    if argument.is_empty() {
        let accepted = entry.argument.accepted();
        return Err(ArgumentError::Missing { action: entry.name, accepted });
    }
    if let Some(item) = offers.iter().find(|item| is_exact_match(item, argument)) {
        return match &item.disabled_reason {
            Some(why) => Err(ArgumentError::Disabled(why.clone())),
            None => Ok(item.pick.clone()),
        };
    }
    if entry.argument == ArgumentKind::Command(Argument::Person)
        && let Some(parsed) = parse_person(app, argument, offers)
    {
        return parsed;
    }
    let text = argument.to_owned();
    let values: Vec<&str> = offers.iter().filter_map(|item| item.value.as_deref()).collect();
    let suggestion = suggestion(argument, &values);
    let unexpected = ArgumentError::Unexpected { action: entry.name };
    let unknown =
        |problem, text, suggestion| Err(Problem::UnknownName { problem, text, suggestion }.into());
    match entry.argument {
        ArgumentKind::Nothing => Err(unexpected),
        ArgumentKind::Listed(_) if values.is_empty() => {
            let why = picker::items::empty_reason(app, entry.action, targets);
            Err(ArgumentError::NothingToChoose(why))
        }
        ArgumentKind::Listed(accepted) => {
            Err(ArgumentError::NotAccepted { text, accepted, suggestion })
        }
        ArgumentKind::Command(_) => match verb::find(entry.action) {
            Some(verb) => verb.parse_argument(&Typed { app, text: argument, offers, targets, at }),
            None => Err(unexpected),
        },
        ArgumentKind::Number => Ok(Pick::JumpTo(argument.parse()?)),
        ArgumentKind::View => unknown("there is no view", text, suggestion),
        ArgumentKind::Sort => unknown("there is no order", text, suggestion),
        ArgumentKind::Theme => unknown("there is no theme", text, suggestion),
        ArgumentKind::Zone => unknown("there is no zone", text, suggestion),
        ArgumentKind::Backend if values.len() <= 1 => {
            Err(ArgumentError::NothingToChoose(workspace::update::NO_OTHER_WORKSPACE.into()))
        }
        ArgumentKind::Backend => unknown("there is no profile", text, suggestion),
        ArgumentKind::Run => match run::items::no_items_reason(app, targets, offers) {
            Some(why) => Err(ArgumentError::NothingToChoose(why)),
            None => unknown("there is no runbook or command", text, suggestion),
        },
        ArgumentKind::Filter => {
            argument.parse::<Filter>()?;
            Ok(Pick::Filter(text))
        }
        ArgumentKind::Span => {
            if let Some(span) = Span::parse(argument, today(app)) {
                Ok(Pick::Span(span))
            } else {
                let accepted = format!("{}, 2026-03, 2026-03-01..2026-04-01", values.join(", "));
                Err(ArgumentError::NotAWindow { text, accepted })
            }
        }
    }
}

/// Parses the beginning of a handle or of a name that no other person has; `None` if it means
/// nobody, or `me` or `nobody`.
fn parse_person(app: &App, argument: &str, offers: &[Item]) -> Option<Result<Pick, ArgumentError>> {
    if ["me", "nobody"].iter().any(|word| argument.eq_ignore_ascii_case(word)) {
        return None;
    }
    let person = match find_person(argument, app.fetched.directory.as_deref()?) {
        Ok(person) => person?,
        Err(problem) => return Some(Err(problem.into())),
    };
    let handle = person.handle.as_str();
    let item = offers.iter().find(|item| item.value.as_deref() == Some(handle))?;
    Some(match &item.disabled_reason {
        Some(why) => Err(ArgumentError::Disabled(why.clone())),
        None => Ok(item.pick.clone()),
    })
}

/// Returns whether an argument is exactly an item's value or text.
fn is_exact_match(item: &Item, argument: &str) -> bool {
    let same = |text: &str| text.to_lowercase() == argument.to_lowercase();
    let handle = argument.trim_start_matches('@').to_lowercase();
    item.value.as_deref().is_some_and(|value| same(value) || value.to_lowercase() == handle)
        || same(&item.text)
}

/// Returns whether an argument abbreviates an item, word by word, as in `scribe to` for the scribe
/// Tomo. Impact and urgency must both be given.
pub(in crate::tui) fn is_prefix_match(entry: &Entry, item: &Item, argument: &str) -> bool {
    let typed: Vec<String> = argument.split_whitespace().map(str::to_lowercase).collect();
    let is_full = |parts: &[String]| {
        entry.argument != ArgumentKind::Command(Argument::Priority) || parts.len() == typed.len()
    };
    let value = item.value.as_deref().unwrap_or_default();
    [value, item.text.as_str()].into_iter().any(|text| {
        let parts: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        !typed.is_empty()
            && is_full(&parts)
            && parts.windows(typed.len()).any(|window| {
                window.iter().zip(&typed).all(|(part, begin)| part.starts_with(begin))
            })
    })
}

/// Returns the open incidents by number: in the order of the queue, then those that the filter
/// hides.
pub(in crate::tui) fn numbers(app: &App) -> Vec<Item> {
    let hidden = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let rows = app.queue.rows.iter().map(|row| &*row.summary).chain(hidden);
    let mut seen = std::collections::HashSet::new();
    rows.filter_map(|row| {
        let number = row.number.filter(|number| seen.insert(*number))?;
        let about = format!("{} · {} · {}", row.priority, row.status, row.title);
        let item = Item::new(number.to_string(), Pick::JumpTo(number));
        Some(item.about(about).value(number.0.to_string()))
    })
    .collect()
}

fn view(view: views::View) -> Item {
    let name = view.name.clone();
    let about = view.filter.to_string();
    Item::new(name.clone(), Pick::View(Box::new(view))).about(about).value(name)
}

/// Returns the viewer's day.
fn today(app: &App) -> NaiveDate {
    app.clock().local_time(app.backend_now()).date()
}

/// Returns the windows up to now, the calendar month of the viewer's day, and the one before.
fn spans(app: &App) -> Vec<Item> {
    let up_to_now = Span::ALL
        .into_iter()
        .map(|span| Item::new(span.label(), Pick::Span(span)).value(span.label().replace(' ', "")));
    let month = |name: &str, value: &str, months_before| {
        let span = Span::month_of(today(app), months_before)?;
        Some(Item::new(name, Pick::Span(span)).about(span.label()).value(value))
    };
    let months = [month("this month", "month", 0), month("last month", "last-month", 1)];
    up_to_now.chain(months.into_iter().flatten()).collect()
}
