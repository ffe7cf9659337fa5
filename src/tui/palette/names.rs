//! The names by which actions are called in the palette.

use crate::tui::action::{Action, ArgumentKind, Entry, Layer, TABLE};
use crate::tui::palette::split;

/// The minimum number of letters by which an unambiguous name is abbreviated.
const MIN_PREFIX: usize = 2;

/// Returns the actions that can be called by name in the palette.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    let has_name = |entry: &&Entry| {
        entry.layers.contains(&Layer::Panes)
            || matches!(entry.action, Action::Screen(_) | Action::Newest)
    };
    TABLE.iter().filter(has_name).filter(|entry| entry.action != Action::Palette)
}

fn names(entry: &'static Entry) -> impl Iterator<Item = &'static str> {
    std::iter::once(entry.name).chain(entry.aliases.iter().copied())
}

fn with_argument() -> impl Iterator<Item = &'static Entry> {
    entries().filter(|entry| entry.argument != ArgumentKind::Nothing)
}

/// Returns whether a name of an action begins with something.
fn begins_with(entry: &'static Entry, beginning: &str) -> bool {
    names(entry).any(|name| !name.contains(' ') && name.starts_with(beginning))
}

/// Returns the action whose argument is being typed: by its name, or an unambiguous beginning of
/// it.
pub(super) fn find_command(typed: &str) -> Option<&'static Entry> {
    let name = split(typed)?.0.to_lowercase();
    if let Some(entry) =
        with_argument().find(|entry| names(entry).any(|candidate| candidate == name))
    {
        return Some(entry);
    }
    if name.chars().count() < MIN_PREFIX {
        return None;
    }
    // More than one word, as in `hand over`: the name of the action itself is being typed.
    let line = typed.trim_start().trim_start_matches(':').to_lowercase();
    let is_synonym = |name: &str| name.contains(' ') && name.starts_with(line.trim_end());
    if entries().any(|entry| names(entry).any(is_synonym)) {
        return None;
    }
    let mut matches = with_argument().filter(|entry| begins_with(entry, &name));
    matches.next().filter(|_| matches.next().is_none())
}

/// Explains why a typed line names no action: its first word may begin several names, or none.
pub(super) fn no_match_text(typed: &str) -> String {
    let nothing = "nothing is called so".to_owned();
    let Some((name, _)) = split(typed) else { return nothing };
    let name = name.to_lowercase();
    if name.is_empty() {
        return nothing;
    }
    let possible: Vec<&str> =
        with_argument().filter(|entry| begins_with(entry, &name)).map(|entry| entry.name).collect();
    match possible[..] {
        [] => nothing,
        [one] => format!("{name} is too short for {one}"),
        _ => format!("several begin with {name}: {}", possible.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("zzz", "nothing is called so")]
    #[case("zzz ines", "nothing is called so")]
    #[case(" ines", "nothing is called so")]
    fn line_that_begins_no_name_is_called_so(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(no_match_text(typed), expected);
    }

    #[test]
    fn ambiguous_beginnings_name_all_that_they_may_be() {
        let beginnings: Vec<String> =
            with_argument().map(|entry| entry.name.chars().take(MIN_PREFIX).collect()).collect();
        let mut ambiguous = 0;
        for beginning in beginnings {
            let entries: Vec<&Entry> =
                with_argument().filter(|entry| begins_with(entry, &beginning)).collect();
            let line = format!("{} something", beginning.to_uppercase());
            if entries.len() < 2 || find_command(&line).is_some() {
                continue;
            }
            ambiguous += 1;
            let text = no_match_text(&line);
            for entry in entries {
                assert!(text.contains(entry.name), "{text}");
            }
        }
        assert!(ambiguous > 0);
    }
}
