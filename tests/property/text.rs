use proptest::prelude::*;
use redphone::model::text::{lines, pad, sanitize, truncate, width, wrap};
use redphone::model::time::{format_duration, parse_duration};

use crate::support::strategies;
use crate::support::strategies::any_text;

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn sanitized_text_cannot_control_a_terminal(text in any_text()) {
        let safe = sanitize(&text);
        prop_assert!(!safe.chars().any(char::is_control), "{:?}", safe);
        let reorders = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!safe.chars().any(reorders), "{:?}", safe);
        prop_assert_eq!(&sanitize(&safe), &safe);
        for line in lines(&text) {
            prop_assert!(!line.chars().any(char::is_control));
        }
    }

    #[test]
    fn text_fits_its_columns(text in any_text(), columns in 0usize..60) {
        let safe = sanitize(&text);
        prop_assert!(width(&truncate(&safe, columns)) <= columns);
        prop_assert_eq!(width(&pad(&safe, columns)), columns);
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
