//! Completions for the term at the cursor of the filter line.

use std::collections::BTreeSet;

use crate::model::filter::{RawTerm, Sla, StateFilter, quote_value, split_terms};
use crate::model::priority::Priority;
use crate::model::status::{Category, Status};

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::filter::{Completions, FilterLine};

/// The keys of terms that are offered.
const KEYS: [&str; 9] =
    ["status:", "service:", "owner:", "team:", "cat:", "sla:", "is:", "age>", "idle>"];
/// The durations that are offered.
const SPANS: [&str; 6] = ["15m", "30m", "1h", "2h", "8h", "1d"];
/// The most completions that are offered at once.
const MAX_COMPLETIONS: usize = 40;

/// Computes the completions of the term at the cursor again.
pub(in crate::tui) fn refresh_completions(app: &mut App) {
    let completions = match &app.ui.mode {
        Mode::Filter(line) => completions_at_cursor(app, line),
        _ => return,
    };
    if let Mode::Filter(line) = &mut app.ui.mode {
        line.completions = completions;
    }
}

/// Inserts the first completion, or the one after that which was inserted. Returns `false` if there
/// is none.
pub(in crate::tui) fn insert_next(app: &mut App, by: isize) -> bool {
    let Mode::Filter(line) = &mut app.ui.mode else { return false };
    let mut completions = std::mem::take(&mut line.completions);
    let count = completions.texts.len();
    if count == 0 {
        return false;
    }
    let next = match completions.chosen {
        None if by < 0 => count - 1,
        None => 0,
        Some(index) => (index + count).saturating_add_signed(by) % count,
    };
    let text = completions.texts[next].clone();
    line.replace(completions.range.clone(), &text);
    if count == 1 {
        // There is nothing to choose: the next term can be typed.
        if !text.ends_with([':', '>']) {
            line.insert(" ");
        }
        refresh_completions(app);
        return true;
    }
    completions.range.end = completions.range.start + text.len();
    completions.chosen = Some(next);
    line.completions = completions;
    true
}

fn completions_at_cursor(app: &App, line: &FilterLine) -> Completions {
    let cursor = line.cursor();
    let term = split_terms(line.text())
        .into_iter()
        .find(|p| p.range.start < cursor && cursor <= p.range.end);
    let Some(term) = term else {
        return Completions { range: cursor..cursor, texts: keys(""), chosen: None };
    };
    let not = if term.negated { "-" } else { "" };
    let texts: Vec<String> = match &term.key {
        None if term.value.is_empty() => Vec::new(),
        None => keys(&term.value),
        Some((key, operator)) => {
            let mut values = values(app, key, *operator);
            // A complete value needs no completion.
            values.retain(|value| !eq_ignore_case(value, &term.value));
            let texts = matching(&values, &term).into_iter();
            texts.map(|value| format!("{key}{operator}{}", format_value(value))).collect()
        }
    };
    let texts =
        texts.into_iter().take(MAX_COMPLETIONS).map(|text| format!("{not}{text}")).collect();
    Completions { range: term.range, texts, chosen: None }
}

/// Formats a value as it is inserted. The special words are not quoted.
fn format_value(value: &str) -> String {
    if matches!(value, "me" | "none") { value.to_owned() } else { quote_value(value) }
}

fn eq_ignore_case(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn keys(begin: &str) -> Vec<String> {
    let begin = begin.to_lowercase();
    let keys = KEYS.iter().filter(|key| key.starts_with(&begin));
    keys.map(|key| (*key).to_owned()).collect()
}

/// Returns the values that begin with what is typed, then those that contain it further on.
fn matching<'a>(values: &'a [String], term: &RawTerm) -> Vec<&'a str> {
    let typed = term.value.trim_start_matches('@').to_lowercase();
    let begins = |value: &&String| value.to_lowercase().starts_with(&typed);
    let has = |value: &&String| value.to_lowercase().contains(&typed) && !begins(value);
    let first = values.iter().filter(begins);
    first.chain(values.iter().filter(has)).map(String::as_str).collect()
}

fn values(app: &App, key: &str, operator: char) -> Vec<String> {
    fn names_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
        all.iter().map(|one| word(*one).to_owned()).collect()
    }
    // Values of later versions can be named where an incident has them.
    fn with_later(mut all: Vec<String>, later: impl Iterator<Item = &'static str>) -> Vec<String> {
        all.extend(later.collect::<BTreeSet<_>>().into_iter().map(str::to_owned));
        all
    }
    let with = |special: &[&str], names: BTreeSet<&str>| -> Vec<String> {
        special.iter().copied().chain(names).map(str::to_owned).collect()
    };
    let directory = app.fetched.directory.as_deref();
    let rows = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
    match (key, operator) {
        ("status", ':') => {
            let later = rows.map(|row| row.status).filter(|status| status.is_unknown());
            with_later(names_of(Status::ALL, Status::as_str), later.map(Status::as_str))
        }
        ("sla", ':') => names_of(Sla::ALL, Sla::as_str),
        ("is", ':') => names_of(StateFilter::ALL, StateFilter::as_str),
        ("priority" | "pri", ':') => {
            let later = rows.map(|row| row.priority).filter(|priority| priority.is_unknown());
            let defined = ["p1", "p2", "p3", "p4"].map(str::to_owned).to_vec();
            with_later(defined, later.map(Priority::as_str))
        }
        ("cat" | "category", ':') => {
            let mut all = names_of(Category::ALL, Category::as_str);
            all.push("none".into());
            let later = rows.filter_map(|row| row.category).filter(|one| one.is_unknown());
            with_later(all, later.map(Category::as_str))
        }
        ("service" | "svc", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.services).map(|s| &*s.name);
            with(
                &[],
                listed.chain(rows.flat_map(|row| row.services.iter().map(|s| &**s))).collect(),
            )
        }
        ("team", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.teams).map(|team| &*team.name);
            with(&["none"], listed.chain(rows.filter_map(|row| row.team.as_deref())).collect())
        }
        ("owner" | "assignee", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.people).map(|p| &*p.handle);
            let owners = rows.filter_map(|row| Some(&*row.assignee.as_ref()?.handle));
            with(&["me", "none"], listed.chain(owners).collect())
        }
        ("age" | "idle", '<' | '>') => SPANS.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}
