use std::borrow::Cow;

use proptest::prelude::*;
use redphone::model::text::{SafeText, lines, pad, sanitize, truncate, width, wrap};
use redphone::model::time::{format_duration, parse_duration};

use crate::support::strategies;
use crate::support::strategies::any_text;

fn is_borrowed(text: SafeText<'_>) -> bool {
    matches!(text.into_cow(), Cow::Borrowed(_))
}

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn sanitized_text_cannot_control_a_terminal(text in any_text()) {
        let safe = sanitize(&text);
        prop_assert!(!safe.chars().any(char::is_control), "{:?}", safe);
        let reorders = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!safe.chars().any(reorders), "{:?}", safe);
        for line in lines(&text) {
            prop_assert!(!line.chars().any(char::is_control));
        }
    }

    #[test]
    fn sanitizing_twice_is_the_same_as_once(text in any_text()) {
        let once = sanitize(&text).into_string();
        prop_assert_eq!(sanitize(&once), once.as_str());
        prop_assert!(is_borrowed(sanitize(&once)));
        prop_assert_eq!(sanitize(once.clone()), once);
    }

    #[test]
    fn text_is_copied_only_where_sanitizing_changes_it(text in any_text()) {
        prop_assert_eq!(is_borrowed(sanitize(&text)), sanitize(&text) == text);
    }

    #[test]
    fn text_that_was_cut_or_joined_stays_safe(text in any_text(), columns in 0usize..60) {
        let shortened = [truncate(&text, columns), pad(&text, columns)];
        let parts: Vec<_> =
            lines(&text).chain(wrap(&text, columns)).chain(shortened).collect();
        for part in &parts {
            prop_assert!(is_borrowed(sanitize(part.as_str())), "{:?}", part);
        }
        let joined = parts.concat();
        prop_assert!(is_borrowed(sanitize(&joined)), "{:?}", joined);
    }

    #[test]
    fn text_fits_its_columns(text in any_text(), columns in 0usize..60) {
        let safe = sanitize(&text);
        prop_assert!(width(truncate(&safe, columns)) <= columns);
        prop_assert_eq!(width(pad(&safe, columns)), columns);
    }

    #[test]
    fn wrapping_loses_no_text(text in "[a-z决é ]{0,80}", columns in 2usize..30) {
        let wrapped = wrap(&text, columns);
        for line in &wrapped {
            prop_assert!(width(line) <= columns, "{:?}", line);
        }
        // Only a word that is wider than a line is broken.
        let mut parts = wrapped.iter().flat_map(|line| line.split_whitespace());
        for word in text.split_whitespace() {
            let mut joined = parts.next().unwrap_or_default().to_owned();
            while joined != word && width(word) > columns && word.starts_with(&joined) {
                let Some(more) = parts.next() else { break };
                joined.push_str(more);
            }
            prop_assert_eq!(&joined, word, "in {:?}", &wrapped);
        }
        prop_assert_eq!(parts.next(), None);
    }

    #[test]
    fn duration_in_full_units_round_trips(count in 1i64..50, unit in "[smhdw]") {
        let text = format!("{count}{unit}");
        let span = parse_duration(&text).unwrap();
        if unit != "h" && unit != "w" && (unit != "d" || count < 100) && count < 50 {
            prop_assert_eq!(format_duration(span), text);
        }
    }
}
