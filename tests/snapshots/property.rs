//! Whatever keys come, whatever the rows and the size are: nothing panics and no line is too wide.

use chrono::{Offset, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;
use redphone::backend::BackendError;
use redphone::model::Impact;
use redphone::model::text::width;
use redphone::tui::message::Message;
use redphone::tui::queue::Line;

use crate::support::company;
use crate::support::stage::{Stage, rows};

#[derive(Clone, Debug)]
enum Step {
    Key(char, bool),
    Named(u8),
    Paste(String),
    Resize(u16, u16),
    Declare(String, u8),
    Pass(i64),
    Settle,
    Refuse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (proptest::sample::select("jkgGaonz1234qR?![]yd us/vSf*".chars().collect::<Vec<_>>()), any::<bool>())
            .prop_map(|(key, control)| Step::Key(key, control)),
        2 => (0_u8..10).prop_map(Step::Named),
        1 => ".{0,60}".prop_map(Step::Paste),
        2 => (0_u16..230, 0_u16..70).prop_map(|(w, h)| Step::Resize(w, h)),
        1 => (".{1,80}", any::<u8>()).prop_map(|(title, level)| Step::Declare(title, level)),
        1 => (-3000_i64..6000).prop_map(Step::Pass),
        1 => Just(Step::Settle),
        1 => Just(Step::Refuse),
    ]
}

fn take(stage: &mut Stage, step: Step) {
    match step {
        Step::Key(key, control) => {
            let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            stage.key(KeyCode::Char(key), modifiers);
        }
        Step::Named(index) => {
            let codes = [
                KeyCode::Enter,
                KeyCode::Esc,
                KeyCode::Tab,
                KeyCode::BackTab,
                KeyCode::PageDown,
                KeyCode::PageUp,
                KeyCode::Home,
                KeyCode::End,
                KeyCode::Left,
                KeyCode::Right,
            ];
            stage.key(codes[usize::from(index)], KeyModifiers::NONE);
        }
        Step::Paste(text) => stage.send(Message::Paste(text)),
        Step::Resize(width, height) => stage.send(Message::Resized(width, height)),
        Step::Declare(title, level) => {
            let title: String = title.chars().filter(|c| !c.is_control()).collect();
            if title.trim().is_empty() || title.contains(['\u{2028}', '\u{2029}', '\u{85}']) {
                return;
            }
            let levels = [Impact::High, Impact::Medium, Impact::Low];
            let level = levels[usize::from(level % 3)];
            let at = company::now();
            company::declare(&stage.memory, at, 30, &title, &title, level, level, |_| {});
            stage.refresh();
        }
        Step::Pass(minutes) => {
            stage.now += TimeDelta::minutes(minutes);
            let now = stage.now;
            stage.send(Message::Tick(now, Utc.fix()));
        }
        Step::Settle => stage.settle(),
        Step::Refuse => stage.refuse(&BackendError::NotAllowed("not today".into())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), ..ProptestConfig::default() })]

    #[test]
    fn no_keys_no_rows_and_no_size_break_the_screen(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut stage = Stage::open(company::busy(company::now()), (126, 36));
        for step in steps {
            take(&mut stage, step);
            let columns = usize::from(stage.app.size.0);
            if stage.app.size.1 > 0 && columns > 0 {
                for row in rows(&stage.buffer()) {
                    prop_assert!(width(&row) <= columns, "{row:?} in {columns}");
                    prop_assert!(!row.chars().any(char::is_control), "{row:?}");
                }
            }
            let queue = &stage.app.queue;
            match queue.lines.get(queue.index) {
                Some(Line::Row(row)) => {
                    prop_assert_eq!(Some(queue.rows[*row].summary.id), queue.selected);
                    prop_assert_eq!(&queue.head, &None);
                }
                Some(Line::Head(group)) => {
                    prop_assert_eq!(Some(&queue.groups[*group].service), queue.head.as_ref());
                }
                None => prop_assert_eq!(queue.selected, None),
            }
            prop_assert!(queue.top <= queue.index || queue.rows.is_empty());
        }
    }
}

/// How many cases are tried; `REDPHONE_CASES` sets another number.
pub fn cases(usual: u32) -> u32 {
    std::env::var("REDPHONE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}
