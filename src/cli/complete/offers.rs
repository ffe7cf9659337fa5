//! The values of each argument of the command line, by the name of its value.

use std::ffi::OsStr;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::sources::{Described, Sources};
use crate::cli::args::Cli;
use crate::cli::guide::TOPICS;
use crate::ingest::IngestSettings;
use crate::ingest::receivers::receiver_names;
use crate::model::filter::split_terms;
use crate::model::filter::values::{TERM_KEYS, format_value, term_values};
use crate::model::status::Category;
use crate::verbs::Verb;

/// The id of the candidate that represents the files, which the shell finds.
pub(super) const FILES: &str = "files";
/// The id of the candidate that represents the folders, which the shell finds.
pub(super) const FOLDERS: &str = "folders";

/// Times in the past, for options about past events.
const PAST: [&str; 6] = ["now", "10m", "30m", "1h", "8h", "1d"];
/// Times in the future, as verbs that wait have them.
const FUTURE: [&str; 6] = ["30m", "1h", "4h", "8h", "1d", "tomorrow"];
/// Durations, as options of services and displays have them.
const DURATIONS: [&str; 5] = ["15s", "30s", "60s", "1m", "5m"];
/// When tokens expire.
const EXPIRIES: [&str; 5] = ["7d", "30d", "90d", "365d", "never"];
/// Priorities, and the levels of impact and urgency that lead to one.
const PRIORITIES: [&str; 7] = ["p1", "p2", "p3", "p4", "high", "medium", "low"];
/// The default and the most requested columns of lists.
const COLUMNS: [&str; 20] = [
    "label",
    "number",
    "title",
    "status",
    "priority",
    "owner",
    "team",
    "service",
    "services",
    "reported_at",
    "updated_at",
    "at",
    "kind",
    "actor",
    "text",
    "person",
    "channel",
    "contact",
    "state",
    "id",
];
/// Where servers listen.
const LISTEN: [&str; 3] = ["127.0.0.1:7373", "0.0.0.0:7373", "[::1]:7373"];

/// The kind of an argument's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Values {
    Incidents,
    /// By handle, or `me`.
    People,
    Handles,
    Teams,
    Schedules,
    Services,
    Labels,
    Unsent,
    OutboxFolders,
    Profiles,
    Apis,
    ProfilesAndApis,
    FilterTerms,
    ViewsAndTerms,
    Tokens,
    /// Receivers of messages of alerts.
    Receivers,
    Templates,
    Runbooks,
    Categories,
    Pages,
    Verbs,
    Files,
    Folders,
    Fixed(&'static [&'static str]),
    /// Free text without completions.
    Free,
}

/// Returns the kind of an argument's values; `None` if the argument has no values, or if its
/// definition lists them.
pub(super) fn values_of(arg: &Arg) -> Option<Values> {
    let is_flag = !arg.get_action().takes_values();
    if is_flag || arg.get_possible_values().iter().any(|value| !value.get_name().is_empty()) {
        return None;
    }
    let id = arg.get_id().as_str();
    let name =
        arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let values = match (name, id) {
        (_, "profile") => Values::Profiles,
        (_, "backend") => Values::Apis,
        (_, "view") => Values::ViewsAndTerms,
        (_, "listen" | "metrics_listen") => Values::Fixed(&LISTEN),
        (_, "trusted_proxies") => Values::Fixed(&["unix", "127.0.0.1", "10.0.0.0/8"]),
        (_, "expires") => Values::Fixed(&EXPIRIES),
        (_, "rotate" | "hold") => Values::Fixed(&DURATIONS),
        (_, "runbook") => Values::Runbooks,
        (_, "labels" | "label") => Values::Labels,
        (_, "token") => Values::Tokens,
        (_, "receiver") => Values::Receivers,
        ("NAME", "template") => Values::Templates,
        (_, "columns") => Values::Fixed(&COLUMNS),
        ("SCHEDULE", _) => Values::Schedules,
        ("TEAM", _) | (_, "team" | "teams") => Values::Teams,
        ("NAMES" | "NAME,…", _) | (_, "service" | "services") => Values::Services,
        ("NUMBER|ID" | "INTO" | "UNDER" | "TARGET", _) => Values::Incidents,
        ("PERSON", _) => Values::People,
        // If `me` is accepted, the help contains it.
        ("HANDLE", _) if arg.get_help().is_some_and(|help| help.to_string().contains("`me`")) => {
            Values::People
        }
        ("HANDLE" | "HANDLE,…", _) => Values::Handles,
        ("DURATION", "lasts") => Values::Fixed(&["1h", "4h", "8h", "1d"]),
        ("TIMES", _) => Values::Fixed(&["0s", "2m", "5m", "never"]),
        ("DURATION", "window") => Values::Fixed(&["7d", "30d", "90d"]),
        ("30d|FROM..TO", "window") => Values::Fixed(&["7d", "30d", "90d", "month", "last-month"]),
        ("DURATION", "turn") => Values::Fixed(&["12h", "1d", "7d", "14d"]),
        ("LEVEL", "levels") => Values::Fixed(&["0 on-call", "15m on-call"]),
        ("PRIORITY" | "P1..P4", _) => Values::Fixed(&PRIORITIES),
        ("KIND", "category") => Values::Categories,
        ("YES|REASON", _) => Values::Fixed(&["yes"]),
        ("FILTER", _) => Values::FilterTerms,
        ("PROFILE|URL", _) => Values::ProfilesAndApis,
        ("PLACE|ID", _) => Values::Unsent,
        ("FOLDER", _) => Values::OutboxFolders,
        ("FILE", _) => Values::Files,
        ("DIR", _) => Values::Folders,
        ("PAGE", _) => Values::Pages,
        ("TOPIC", _) => Values::Fixed(TOPICS),
        (_, "change_kinds") => Values::Fixed(&["deploy", "config", "migration", "other"]),
        ("HEARTBEAT", _) => Values::Fixed(&["list"]),
        ("FROM", "from") => Values::Fixed(&["20:00", "22:00", "23:00"]),
        ("UNTIL", "to") => Values::Fixed(&["06:00", "07:00", "08:00"]),
        (_, "allow_writes") => Values::Verbs,
        // The end of a wait is in the future; lists are about the past.
        ("TIME", "next") => Values::Fixed(&FUTURE),
        ("TIME", "began") => Values::Fixed(&PAST),
        ("TIME", _) if arg.is_positional() => Values::Fixed(&FUTURE),
        ("TIME", _) => Values::Fixed(&PAST),
        (
            "N" | "N|ID" | "TEXT" | "TITLE" | "PERCENT" | "KEY" | "CONTACT" | "FACTOR" | "MIB"
            | "BYTES" | "NAME" | "ID" | "FROM..UNTIL" | "COVER" | "URL" | "WINDOW" | "DAYS"
            | "ZONE" | "CHANGE" | "PROBLEM" | "REASON" | "REGION" | "CUSTOMER" | "TICKET"
            | "REPORTER" | "DECISION" | "MESSAGE" | "LINK" | "SEQ|ID" | "DATE" | "HEADER",
            _,
        ) => Values::Free,
        _ => return None,
    };
    Some(values)
}

/// Returns whether an option of a command, or of one of its subcommands, has its value in the word
/// that follows.
pub(super) fn has_separate_value(command: &Command, option: &str) -> bool {
    let Some(name) = option.strip_prefix("--").filter(|name| !name.contains('=')) else {
        return false;
    };
    let is_it = |arg: &Arg| arg.get_long() == Some(name) && arg.get_action().takes_values();
    command.get_arguments().any(is_it)
        || command.get_subcommands().any(|subcommand| has_separate_value(subcommand, option))
}

/// Sets the completions of each argument of a command, and of its subcommands.
pub(super) fn attach(command: Command, sources: &Arc<Sources>) -> Command {
    let command = command.mut_args(|arg| match values_of(&arg) {
        None | Some(Values::Free) => arg,
        Some(values) => {
            let sources = Arc::clone(sources);
            arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                current
                    .to_str()
                    .map(|current| candidates(values, current, &sources))
                    .unwrap_or_default()
            }))
        }
    });
    command.mut_subcommands(|subcommand| attach(subcommand, sources))
}

/// Returns the candidates that begin with the typed text.
fn candidates(values: Values, current: &str, sources: &Sources) -> Vec<CompletionCandidate> {
    let all = match values {
        Values::Files | Values::Folders => {
            let id = if values == Values::Files { FILES } else { FOLDERS };
            return vec![CompletionCandidate::new(id).id(Some(id.to_owned()))];
        }
        Values::FilterTerms => return filter_terms(current, sources),
        Values::ViewsAndTerms => {
            let mut views = described(sources.views(), current);
            views.extend(filter_terms(current, sources));
            return views;
        }
        Values::Incidents => sources.incidents(current),
        Values::People => [sources.me(), sources.people()].concat(),
        Values::Handles => sources.people(),
        Values::Teams => sources.teams(),
        Values::Schedules => sources.schedules(),
        Values::Services => sources.services(),
        Values::Labels => sources.labels(),
        Values::Unsent => sources.unsent(),
        Values::OutboxFolders => sources.outbox_folders(),
        Values::Profiles => sources.profiles(),
        Values::Apis => sources.apis(),
        Values::ProfilesAndApis => [sources.profiles(), sources.apis()].concat(),
        Values::Tokens => sources.tokens(),
        Values::Receivers => {
            let names = receiver_names(&IngestSettings::default());
            names.into_iter().map(|name| (name, String::new())).collect()
        }
        Values::Templates => sources.templates(),
        Values::Runbooks => sources.runbooks(),
        Values::Pages => {
            let command = Cli::command();
            let commands = command.get_subcommands().filter(|one| !one.is_hide_set());
            let names = commands.map(clap::Command::get_name).chain(["redphone.toml"]);
            names.map(|name| (name.to_owned(), String::new())).collect()
        }
        Values::Verbs => Verb::ALL
            .iter()
            .map(|verb| (verb.row().name.to_owned(), verb.row().help.to_owned()))
            .collect(),
        Values::Categories => {
            let all = Category::ALL.iter().map(|category| category.as_str());
            all.chain(["unknown"]).map(|text| (text.replace(' ', "-"), String::new())).collect()
        }
        Values::Fixed(texts) => {
            texts.iter().map(|text| ((*text).to_owned(), String::new())).collect()
        }
        Values::Free => Vec::new(),
    };
    described(all, current)
}

/// Converts the values that begin with the typed text, in upper or lower case.
fn described(all: Vec<Described>, current: &str) -> Vec<CompletionCandidate> {
    let typed = current.to_lowercase();
    all.into_iter()
        .filter(|(value, _)| value.to_lowercase().starts_with(&typed))
        .map(|(value, about)| {
            let about = (!about.is_empty()).then(|| about.into());
            CompletionCandidate::new(value).help(about)
        })
        .collect()
}

/// Returns the terms of the filter language that begin with the typed text: the keys, or the values
/// after a key.
fn filter_terms(current: &str, sources: &Sources) -> Vec<CompletionCandidate> {
    let term = split_terms(current).pop();
    let Some((key, operator)) = term.as_ref().and_then(|term| term.key.as_ref()) else {
        let keys = TERM_KEYS.iter().chain(&["p1", "p2", "p3", "p4"]);
        return described(keys.map(|key| ((*key).to_owned(), String::new())).collect(), current);
    };
    let typed = term.as_ref().map(|term| term.value.trim_start_matches('@').to_lowercase());
    let typed = typed.unwrap_or_default();
    let state = sources.state();
    let rows = state.into_iter().flat_map(|state| &state.open);
    let directory = state.map(|state| &state.directory);
    term_values(key, *operator, directory, rows)
        .into_iter()
        .filter(|value| value.to_lowercase().starts_with(&typed))
        .map(|value| CompletionCandidate::new(format!("{key}{operator}{}", format_value(&value))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the arguments of a command and of its subcommands that take a value which is neither
    /// listed in the definition nor described here.
    fn unknown_values(command: &Command, path: &str, unknown: &mut Vec<String>) {
        for arg in command.get_arguments() {
            let is_listed = !arg.get_possible_values().is_empty();
            if arg.get_action().takes_values() && !is_listed && values_of(arg).is_none() {
                unknown.push(format!("{path} {arg}"));
            }
        }
        for subcommand in command.get_subcommands() {
            unknown_values(subcommand, &format!("{path} {}", subcommand.get_name()), unknown);
        }
    }

    #[test]
    fn values_of_every_argument_are_described() {
        let mut command = Cli::command();
        command.build();
        let mut unknown = Vec::new();
        unknown_values(&command, "redphone", &mut unknown);
        assert!(unknown.is_empty(), "{unknown:#?}");
    }
}
