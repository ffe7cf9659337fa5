//! Arguments in the command palette: what is offered after an action's name, and how it is parsed.

use chrono::{DateTime, Utc};

use crate::config::suggestion;
use crate::model::command::Link;
use crate::model::filter::Filter;
use crate::model::priority::Level;
use crate::model::queue::Sort;
use crate::model::status::Category;
use crate::model::text::sanitize;
use crate::model::{IncidentCommand, IncidentNumber, Priority, check};

use crate::tui::action::{ArgumentKind, Entry};
use crate::tui::core::app::App;
use crate::tui::core::zone::Zone;
use crate::tui::input::parse_time;
use crate::tui::metrics::Span;
use crate::tui::picker::{Item, Pick};
use crate::tui::theme::Name;
use crate::tui::verb::target::Target;
use crate::tui::{picker, queue, run, views, workspace};

/// The word that clears a value.
const NONE: &str = "none";
/// The word for an unknown category.
const UNKNOWN: &str = "unknown";

/// Returns the possible arguments of an action, where they can be listed. Each item has a value.
pub(in crate::tui) fn offers(
    app: &App,
    entry: &Entry,
    argument: &str,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Item> {
    match entry.argument {
        ArgumentKind::Nothing | ArgumentKind::Url | ArgumentKind::Note | ArgumentKind::Filter => {
            Vec::new()
        }
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
        ArgumentKind::Listed(_)
        | ArgumentKind::Person
        | ArgumentKind::Time
        | ArgumentKind::Incident => {
            let items = picker::items::items(app, entry.action, targets, at);
            items.into_iter().filter(|item| item.value.is_some()).collect()
        }
        ArgumentKind::Priority => priorities(app),
        ArgumentKind::Category => categories(),
        ArgumentKind::Services => services(app, argument),
        ArgumentKind::Team => teams(app),
        ArgumentKind::Number => numbers(app),
        ArgumentKind::Backend => workspace::update::items(app),
        ArgumentKind::Run => run::items::all_items(app, targets),
        ArgumentKind::Span => Span::ALL.into_iter().map(span).collect(),
    }
}

/// Parses a typed argument into the pick that it stands for.
///
/// # Errors
/// What is wrong with it and what would be accepted.
pub(in crate::tui) fn parse(
    app: &App,
    entry: &Entry,
    argument: &str,
    offers: &[Item],
    targets: &[Target],
    at: DateTime<Utc>,
) -> Result<Pick, String> {
    let argument = argument.trim();
    if argument.is_empty() {
        return Err(format!("{} takes {}", entry.name, entry.argument.accepted()));
    }
    if let Some(item) = offers.iter().find(|item| is_exact_match(item, argument)) {
        return match &item.disabled_reason {
            Some(why) => Err(why.clone()),
            None => Ok(item.pick.clone()),
        };
    }
    let shown = sanitize(argument);
    let values: Vec<&str> = offers.iter().filter_map(|item| item.value.as_deref()).collect();
    let unknown = |what: &str| Err(format!("{what} {shown:?}: {}", suggestion(argument, &values)));
    match entry.argument {
        ArgumentKind::Nothing => Err(format!("{} takes nothing behind it", entry.name)),
        ArgumentKind::Listed(_) if values.is_empty() => {
            Err(picker::items::empty_reason(app, entry.action, targets))
        }
        ArgumentKind::Listed(what) => {
            Err(format!("{shown:?} is not {what}: {}", suggestion(argument, &values)))
        }
        ArgumentKind::Person if argument.eq_ignore_ascii_case("me") => Ok(assign_to_me(app)),
        ArgumentKind::Person if values.is_empty() => {
            Err(picker::items::empty_reason(app, entry.action, targets))
        }
        ArgumentKind::Person => unknown("nobody is called"),
        ArgumentKind::Time => snooze(app, argument, at),
        ArgumentKind::Priority => priority(argument),
        ArgumentKind::Incident => merge(argument, offers),
        ArgumentKind::Url => url(argument),
        ArgumentKind::Note => {
            check::required_text("note", argument).map_err(|error| error.problem)?;
            let command = IncidentCommand::AddNote { text: argument.to_owned() };
            Ok(single_command("write a note on", "noted", command))
        }
        ArgumentKind::Category => unknown("there is no category"),
        ArgumentKind::Services => service_names(app, argument).map(set_services),
        ArgumentKind::Team if values.len() <= 1 => {
            check::name("team", argument).map_err(|error| error.problem)?;
            Ok(set_team(Some(argument)))
        }
        ArgumentKind::Team => unknown("there is no team"),
        ArgumentKind::Number => argument
            .parse()
            .map(Pick::JumpTo)
            .map_err(|error: crate::model::id::InvalidNumber| error.to_string()),
        ArgumentKind::View => unknown("there is no view"),
        ArgumentKind::Sort => unknown("there is no order"),
        ArgumentKind::Theme => unknown("there is no theme"),
        ArgumentKind::Zone => unknown("there is no zone"),
        ArgumentKind::Backend if values.len() <= 1 => {
            Err(workspace::update::NO_OTHER_WORKSPACE.into())
        }
        ArgumentKind::Backend => unknown("there is no profile"),
        ArgumentKind::Run => match run::items::no_items_reason(app, targets, offers) {
            Some(why) => Err(why),
            None => unknown("there is no runbook or command"),
        },
        ArgumentKind::Filter => match argument.parse::<Filter>() {
            Ok(_) => Ok(Pick::Filter(argument.to_owned())),
            Err(error) => Err(error.message),
        },
        ArgumentKind::Span => {
            Err(format!("{shown:?} is no window: choose from {}", values.join(", ")))
        }
    }
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
    let is_full =
        |parts: &[String]| entry.argument != ArgumentKind::Priority || parts.len() == typed.len();
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

/// Makes the pick that sends one reversible command.
fn single_command(
    verb: impl Into<String>,
    done_phrase: impl Into<String>,
    command: IncidentCommand,
) -> Pick {
    Pick::Submit {
        verb: verb.into(),
        done_phrase: done_phrase.into(),
        commands: vec![command],
        irreversible: false,
    }
}

fn assign_to_me(app: &App) -> Pick {
    let name = sanitize(&app.me.name);
    let command = IncidentCommand::Assign { to: Some(app.me.clone()) };
    single_command(format!("assign {{}} to {name}"), format!("assigned to {name}"), command)
}

fn snooze(app: &App, argument: &str, at: DateTime<Utc>) -> Result<Pick, String> {
    let until = parse_time::parse_future(argument, at, app.clock())?;
    let clock = app.clock().local_time(until).format("%a %Y-%m-%d %H:%M");
    let command = IncidentCommand::Snooze { until };
    Ok(single_command(
        format!("snooze {{}} until {clock}"),
        format!("snoozed until {clock}"),
        command,
    ))
}

fn override_item(priority: Priority) -> Item {
    Item::new(priority.as_str(), Pick::Override(priority))
        .about("overrides the matrix, with a reason")
        .value(priority.as_str().to_lowercase())
}

/// Returns the priorities that the matrix gives, and those that override it.
fn priorities(app: &App) -> Vec<Item> {
    let matrix = Level::ALL
        .into_iter()
        .flat_map(|impact| Level::ALL.into_iter().map(move |urgency| (impact, urgency)));
    let matrix = matrix.map(|(impact, urgency)| {
        let priority = app.rules.matrix.priority(impact, urgency);
        let command = IncidentCommand::Prioritize { impact, urgency };
        let pick = single_command(
            format!("set {priority} on"),
            format!("{priority}: {impact} × {urgency}"),
            command,
        );
        Item::new(priority.as_str(), pick)
            .about(format!("impact {impact} × urgency {urgency}"))
            .value(format!("{impact} {urgency}"))
    });
    Priority::ALL.into_iter().map(override_item).chain(matrix).collect()
}

fn priority(argument: &str) -> Result<Pick, String> {
    if let Ok(level) = argument.parse::<Level>() {
        return Err(format!("impact is {level}: say the urgency too, as in {level} medium"));
    }
    // `high` is a level of impact, so only numbers are priorities.
    let numbered = argument.ends_with(|ch: char| ch.is_ascii_digit());
    match argument.parse() {
        Ok(priority) if numbered => Ok(Pick::Override(priority)),
        _ => Err(format!(
            "{:?} is no priority: write p1 to p4, or impact and urgency: high medium",
            sanitize(argument)
        )),
    }
}

fn merge(argument: &str, offers: &[Item]) -> Result<Pick, String> {
    let number: IncidentNumber =
        argument.parse().map_err(|error: crate::model::id::InvalidNumber| error.to_string())?;
    let value = number.0.to_string();
    let item = offers.iter().find(|item| item.value.as_deref() == Some(&value));
    item.map(|item| item.pick.clone())
        .ok_or_else(|| format!("{number} is no other open incident: choose one from the list"))
}

fn url(argument: &str) -> Result<Pick, String> {
    if !argument.contains("://") {
        let shown = sanitize(argument);
        return Err(format!("{shown:?} is no URL: it begins with https:// or another scheme"));
    }
    let link = Link::Url(argument.to_owned());
    check::link(&link).map_err(|error| format!("the URL {}", error.problem))?;
    Ok(picker::links::link_item(link, sanitize(argument).into_owned(), String::new()).pick)
}

fn categories() -> Vec<Item> {
    let categories = Category::ALL.iter().map(|category| Some(*category));
    categories
        .chain([None])
        .map(|category| {
            let word = category.map_or(UNKNOWN, Category::as_str);
            let command = IncidentCommand::Categorize { category };
            let pick = single_command(
                format!("set category {word} on"),
                format!("category {word}"),
                command,
            );
            Item::new(word, pick).value(word)
        })
        .collect()
}

/// Returns the known services, each together with those that are typed before it.
fn services(app: &App, argument: &str) -> Vec<Item> {
    let typed: Vec<&str> = split_names(argument).collect();
    let is_complete = argument.is_empty() || argument.ends_with([' ', ',']);
    let before = if is_complete { &typed[..] } else { &typed[..typed.len().saturating_sub(1)] };
    let directory = app.directory.iter();
    let services = directory.flat_map(|directory| &directory.services);
    services
        .filter(|service| !before.contains(&service.name.as_str()))
        .map(|service| {
            let names = before.iter().map(|name| (*name).to_owned());
            let names: Vec<String> = names.chain([service.name.clone()]).collect();
            let value = sanitize(&names.join(" ")).into_owned();
            let text = sanitize(&service.name).into_owned();
            Item::new(text, set_services(names)).about(sanitize(&service.team)).value(value)
        })
        .collect()
}

fn split_names(argument: &str) -> impl Iterator<Item = &str> {
    argument.split([' ', ',']).filter(|name| !name.is_empty())
}

/// Parses a list of services. If services are known, others count as typing errors.
fn service_names(app: &App, argument: &str) -> Result<Vec<String>, String> {
    let listed: Vec<&str> = app
        .directory
        .iter()
        .flat_map(|directory| directory.services.iter().map(|service| service.name.as_str()))
        .collect();
    let mut names: Vec<String> = Vec::new();
    for name in split_names(argument) {
        if !listed.is_empty() && !listed.contains(&name) {
            let shown = sanitize(name);
            return Err(format!("there is no service {shown:?}: {}", suggestion(name, &listed)));
        }
        names.push(name.to_owned());
    }
    check::names("services", &names).map_err(|error| format!("the list {}", error.problem))?;
    Ok(names)
}

fn set_services(services: Vec<String>) -> Pick {
    let names = sanitize(&services.join(", ")).into_owned();
    let command = IncidentCommand::SetServices { services };
    single_command(format!("set services {names} on"), format!("services: {names}"), command)
}

fn teams(app: &App) -> Vec<Item> {
    let directory = app.directory.iter();
    let teams = directory.flat_map(|directory| &directory.teams).map(|team| {
        let name = sanitize(&team.name).into_owned();
        let members = sanitize(&team.members.join(", ")).into_owned();
        Item::new(name.clone(), set_team(Some(&team.name))).about(members).value(name)
    });
    let none = Item::new("no team", set_team(None)).about("nobody answers for it").value(NONE);
    teams.chain([none]).collect()
}

fn set_team(team: Option<&str>) -> Pick {
    let command = IncidentCommand::SetTeam { team: team.map(ToOwned::to_owned) };
    match team.map(sanitize) {
        Some(name) => {
            single_command(format!("give {{}} to team {name}"), format!("given to {name}"), command)
        }
        None => single_command("take {} from its team", "without a team", command),
    }
}

/// Returns the open incidents by number: in the order of the queue, then those that the filter
/// hides.
pub(in crate::tui) fn numbers(app: &App) -> Vec<Item> {
    let hidden = app.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let rows = app.queue.rows.iter().map(|row| &*row.summary).chain(hidden);
    let mut seen = std::collections::HashSet::new();
    rows.filter_map(|row| {
        let number = row.number.filter(|number| seen.insert(*number))?;
        let about = format!("{} · {} · {}", row.priority, row.status, sanitize(&row.title));
        let item = Item::new(number.to_string(), Pick::JumpTo(number));
        Some(item.about(about).value(number.0.to_string()))
    })
    .collect()
}

fn view(view: views::View) -> Item {
    let name = view.name.clone();
    let about = sanitize(&view.filter.to_string()).into_owned();
    Item::new(name.clone(), Pick::View(Box::new(view))).about(about).value(name)
}

fn span(span: Span) -> Item {
    Item::new(span.label(), Pick::Span(span)).value(span.label().replace(' ', ""))
}
