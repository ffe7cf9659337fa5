//! Completions for the term at the cursor of the filter line.

use crate::model::filter::values::{TERM_KEYS, format_value, term_values};
use crate::model::filter::{RawTerm, split_terms};

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::filter::{Completions, FilterLine};

/// The maximum number of suggested completions.
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

/// Inserts the first completion, or the one after the last inserted one. Returns `false` if there
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
        if !text.ends_with([':', '<', '>']) {
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
            let directory = app.fetched.directory.as_deref();
            let rows = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
            let mut values = term_values(key, *operator, directory, rows.map(|row| &**row));
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

fn eq_ignore_case(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn keys(begin: &str) -> Vec<String> {
    let begin = begin.to_lowercase();
    let keys = TERM_KEYS.iter().filter(|key| key.starts_with(&begin));
    keys.map(|key| (*key).to_owned()).collect()
}

/// Returns the values that begin with the typed text, then those that contain it elsewhere.
fn matching<'a>(values: &'a [String], term: &RawTerm) -> Vec<&'a str> {
    let typed = term.value.trim_start_matches('@').to_lowercase();
    let begins = |value: &&String| value.to_lowercase().starts_with(&typed);
    let has = |value: &&String| value.to_lowercase().contains(&typed) && !begins(value);
    let first = values.iter().filter(begins);
    first.chain(values.iter().filter(has)).map(String::as_str).collect()
}
