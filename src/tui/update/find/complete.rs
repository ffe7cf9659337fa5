//! What the piece at the cursor of a filter may become.

use std::collections::BTreeSet;

use crate::model::filter::{RawTerm, Sla, StateFilter, quote_value, split_terms};
use crate::model::status::{Category, Status};

use super::super::super::app::App;
use super::super::super::filter_line::{Completions, FilterLine};
use super::super::super::mode::Mode;

/// Keys of terms, as they are offered.
const KEYS: [&str; 9] =
    ["status:", "service:", "owner:", "team:", "cat:", "sla:", "is:", "age>", "idle>"];
/// Spans that are offered.
const SPANS: [&str; 6] = ["15m", "30m", "1h", "2h", "8h", "1d"];
/// More than these are not offered at once.
const MAX_OFFERS: usize = 40;

/// Finds what the piece at the cursor may become.
pub(super) fn refresh_offers(app: &mut App) {
    let offers = match &app.mode {
        Mode::Filter(line) => offers_at_cursor(app, line),
        _ => return,
    };
    if let Mode::Filter(line) = &mut app.mode {
        line.completions = offers;
    }
}

/// Puts in the first offer, or the one after that which was put in. `false` where there is none.
pub(super) fn insert_next(app: &mut App, by: isize) -> bool {
    let Mode::Filter(line) = &mut app.mode else { return false };
    let mut offers = std::mem::take(&mut line.completions);
    let count = offers.texts.len();
    if count == 0 {
        return false;
    }
    let next = match offers.chosen {
        None if by < 0 => count - 1,
        None => 0,
        Some(here) => (here + count).saturating_add_signed(by) % count,
    };
    let text = offers.texts[next].clone();
    line.replace(offers.range.clone(), &text);
    if count == 1 {
        // There is nothing to choose: the next piece can be typed.
        if !text.ends_with([':', '>']) {
            line.insert(" ");
        }
        refresh_offers(app);
        return true;
    }
    offers.range.end = offers.range.start + text.len();
    offers.chosen = Some(next);
    line.completions = offers;
    true
}

fn offers_at_cursor(app: &App, line: &FilterLine) -> Completions {
    let cursor = line.cursor();
    let piece = split_terms(line.text())
        .into_iter()
        .find(|p| p.range.start < cursor && cursor <= p.range.end);
    let Some(piece) = piece else {
        return Completions { range: cursor..cursor, texts: keys(""), chosen: None };
    };
    let not = if piece.negated { "-" } else { "" };
    let texts: Vec<String> = match &piece.key {
        None if piece.value.is_empty() => Vec::new(),
        None => keys(&piece.value),
        Some((key, operator)) => {
            let mut values = values(app, key, *operator);
            // What is whole already needs no offer.
            values.retain(|value| !eq_ignore_case(value, &piece.value));
            let texts = matching(&values, &piece).into_iter();
            texts.map(|value| format!("{key}{operator}{}", format_value(value))).collect()
        }
    };
    let texts = texts.into_iter().take(MAX_OFFERS).map(|text| format!("{not}{text}")).collect();
    Completions { range: piece.range, texts, chosen: None }
}

/// A value as it is put in. The special words are meant as such.
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

/// Values that begin with what is typed, then those that have it further on.
fn matching<'a>(values: &'a [String], piece: &RawTerm) -> Vec<&'a str> {
    let typed = piece.value.trim_start_matches('@').to_lowercase();
    let begins = |value: &&String| value.to_lowercase().starts_with(&typed);
    let has = |value: &&String| value.to_lowercase().contains(&typed) && !begins(value);
    let first = values.iter().filter(begins);
    first.chain(values.iter().filter(has)).map(String::as_str).collect()
}

fn values(app: &App, key: &str, operator: char) -> Vec<String> {
    fn names_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
        all.iter().map(|one| word(*one).to_owned()).collect()
    }
    let with = |special: &[&str], names: BTreeSet<&str>| -> Vec<String> {
        special.iter().copied().chain(names).map(str::to_owned).collect()
    };
    let directory = app.directory.as_deref();
    let rows = app.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
    match (key, operator) {
        ("status", ':') => names_of(Status::ALL, Status::as_str),
        ("sla", ':') => names_of(Sla::ALL, Sla::as_str),
        ("is", ':') => names_of(StateFilter::ALL, StateFilter::as_str),
        ("priority" | "pri", ':') => ["p1", "p2", "p3", "p4"].map(str::to_owned).to_vec(),
        ("cat" | "category", ':') => {
            let mut all = names_of(Category::ALL, Category::as_str);
            all.push("none".into());
            all
        }
        ("service" | "svc", ':') => {
            let known = directory.into_iter().flat_map(|d| &d.services).map(|s| &*s.name);
            with(&[], known.chain(rows.flat_map(|row| row.services.iter().map(|s| &**s))).collect())
        }
        ("team", ':') => {
            let known = directory.into_iter().flat_map(|d| &d.teams).map(|team| &*team.name);
            with(&["none"], known.chain(rows.filter_map(|row| row.team.as_deref())).collect())
        }
        ("owner" | "assignee", ':') => {
            let known = directory.into_iter().flat_map(|d| &d.people).map(|p| &*p.handle);
            let owners = rows.filter_map(|row| Some(&*row.assignee.as_ref()?.handle));
            with(&["me", "none"], known.chain(owners).collect())
        }
        ("age" | "idle", '<' | '>') => SPANS.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}
