//! For any typed filter no frame breaks, and the selection stays where it can.

use proptest::prelude::*;
use redphone::model::IncidentId;
use redphone::model::text::width;
use redphone::tui::core::mode::Mode;
use redphone::tui::input::fuzzy::WordMatcher;

use super::property::cases;
use crate::support::company;
use crate::support::stage::{Stage, rows};
use crate::support::strategies;

proptest! {
    #![proptest_config(strategies::config(cases(48)))]

    #[test]
    fn no_typed_filter_breaks_a_frame(
        text in prop_oneof![
            ".{0,40}",
            proptest::collection::vec(
                proptest::sample::select(vec![
                    "p1 ", "p", "status:", "tri", " ", "-", "\"", "is:any ", "is:", "age>", "2h ",
                    "idle<", "since:", "yesterday ", "on:", "2026-02", "label:", "role:", "owner:", "me", "team:", "サ", "🔥", "disk", "\u{301}", ":", "é", "x ",
                ]),
                0..12,
            ).prop_map(|parts| parts.concat()),
        ],
        keys in proptest::collection::vec(0_usize..12, 0..12),
        size in (40_u16..210, 10_u16..62),
        grouped in any::<bool>(),
    ) {
        let mut stage = Stage::busy_at(size);
        if grouped {
            stage.keys("f");
        }
        stage.keys("/");
        stage.write(&text.replace('\n', " "));
        for key in keys {
            let named = ["Left", "Right", "Backspace", "Tab", "S-Tab", "Up", "Down", "^w", "^k", "^a", "End", "Enter /"];
            stage.keys(named[key]);
            for row in rows(&stage.buffer()) {
                prop_assert!(width(&row) <= usize::from(size.0), "{row:?}");
                prop_assert!(!row.chars().any(char::is_control), "{row:?}");
            }
        }
        // A filter without a valid term hides nothing.
        if let Mode::Filter(line) = &stage.app.ui.mode
            && line.parsed.filter.terms.is_empty()
        {
            prop_assert_eq!(stage.app.queue.rows.len(), 19);
        }
        let was_typed = matches!(stage.app.ui.mode, Mode::Filter(_));
        stage.keys("Enter");
        prop_assert!(!was_typed || matches!(stage.app.ui.mode, Mode::Panes));
        for row in rows(&stage.buffer()) {
            prop_assert_eq!(width(&row), usize::from(size.0));
        }
    }

    #[test]
    fn every_match_is_highlighted(word in "[a-eé]{1,5}", text in "[a-eé -]{0,30}") {
        let word = WordMatcher::new(&word);
        prop_assert_eq!(word.matches(&text), !word.matched_graphemes(&text).is_empty());
    }

    #[test]
    fn selection_stays_or_moves_to_a_neighbour(
        steps in proptest::collection::vec(
            (
                proptest::sample::select(vec![
                    "", "p1", "disk", "-disk", "status:triggered", "owner:tomo", "pymnt", "zebra",
                    "is:ended", "is:any", "service:workers", "sla:late",
                ]),
                0_usize..25,
                any::<bool>(),
            ),
            1..12,
        ),
    ) {
        let mut stage = Stage::busy();
        for (text, down, end) in steps {
            for _ in 0..down {
                stage.keys("j");
            }
            let selected = stage.app.queue.selected;
            stage.keys("/ ^u");
            stage.write(text);
            stage.keys("Enter");
            let after: Vec<IncidentId> =
                stage.app.queue.rows.iter().map(|row| row.summary.id).collect();
            let now = stage.app.queue.selected;
            prop_assert_eq!(now.is_none(), after.is_empty());
            prop_assert_eq!(stage.app.selected().map(|row| row.id), now);
            if let Some(id) = selected.filter(|id| after.contains(id)) {
                prop_assert_eq!(now, Some(id), "it is still there");
            }
            if end && let Some(row) = stage.app.selected().filter(|row| row.status.is_open()) {
                let label = row.label();
                let lines: Vec<IncidentId> =
                    stage.app.queue.rows.iter().map(|row| row.summary.id).collect();
                let index = stage.app.queue.index;
                company::end(&stage.memory, stage.now, &label);
                stage.refresh();
                let now_selected = stage.app.queue.selected;
                let still = |id: &IncidentId| stage.app.queue.rows.iter().any(|r| r.summary.id == *id);
                if !lines.get(index).is_some_and(still) {
                    let below = lines.iter().skip(index + 1).find(|id| still(id));
                    let above = lines.iter().take(index).rev().find(|id| still(id));
                    prop_assert_eq!(now_selected, below.or(above).copied(), "a neighbour");
                }
            }
        }
    }
}
