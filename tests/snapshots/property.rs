//! Whatever keys come, whatever the rows and the size are: nothing panics and no line is too wide.

use chrono::{Offset, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;
use redphone::backend::BackendError;
use redphone::model::status::ResolutionAction;
use redphone::model::text::width;
use redphone::model::{Ask, Impact, IncidentId};
use redphone::tui::action::TABLE;
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
    End(u8),
    Edited(u8),
    Settle,
    Refuse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (proptest::sample::select(single_keys()), 0_u8..8)
            .prop_map(|(key, control)| Step::Key(key, control == 0)),
        1 => any::<char>().prop_map(|key| Step::Key(key, false)),
        3 => (0_u8..14).prop_map(Step::Named),
        1 => ".{0,60}".prop_map(Step::Paste),
        2 => (0_u16..230, 0_u16..70).prop_map(|(w, h)| Step::Resize(w, h)),
        1 => (".{1,80}", any::<u8>()).prop_map(|(title, level)| Step::Declare(title, level)),
        1 => (-3000_i64..6000).prop_map(Step::Pass),
        1 => any::<u8>().prop_map(Step::End),
        1 => any::<u8>().prop_map(Step::Edited),
        1 => Just(Step::Settle),
        1 => Just(Step::Refuse),
    ]
}

/// Every character that is a key of its own somewhere, and digits.
fn single_keys() -> Vec<char> {
    let keys = TABLE.iter().flat_map(|entry| entry.keys).filter_map(|key| {
        let mut chars = key.trim_start_matches('^').chars();
        chars.next().filter(|_| chars.next().is_none())
    });
    keys.chain("0123456789 wx".chars()).collect()
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
                KeyCode::Up,
                KeyCode::Down,
                KeyCode::Left,
                KeyCode::Right,
                KeyCode::Backspace,
                KeyCode::Delete,
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
        // Somebody else ends one of the open incidents.
        Step::End(place) => {
            let open = stage.memory.open();
            if let Some(row) = open.get(usize::from(place) % open.len().max(1)) {
                let resolve = Ask::Resolve {
                    action: ResolutionAction::Restart,
                    detail: "restarted".into(),
                    validation: "seen".into(),
                };
                // It may be over already.
                let _ = company::ask(&stage.memory, row.id, resolve, stage.now);
                stage.refresh();
            }
        }
        Step::Edited(what) => stage.send(Message::Edited(match what % 3 {
            0 => Err("the editor has gone".into()),
            1 => Ok(String::new()),
            _ => Ok("a\u{1b}[2J\nb\u{202e}\t决".into()),
        })),
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
            let by_hand = matches!(
                step,
                Step::Key(..) | Step::Named(_) | Step::Settle | Step::Refuse | Step::Paste(_)
            );
            let before = (stage.app.queue.selected, ids(&stage));
            take(&mut stage, step);
            let columns = usize::from(stage.app.size.0);
            if stage.app.size.1 > 0 && columns > 0 {
                for row in rows(&stage.buffer()) {
                    prop_assert!(width(&row) == columns, "{row:?} in {columns}");
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
            // Heads of groups and pages of the history have rules of their own.
            if !by_hand && !queue.grouped && !queue.is_history() {
                let selected = queue.selected;
                prop_assert_eq!(selected, kept(&before, &ids(&stage)));
            }
        }
    }
}

fn ids(stage: &Stage) -> Vec<IncidentId> {
    stage.app.queue.rows.iter().map(|row| row.summary.id).collect()
}

/// Where the selection must be when rows have changed by themselves: on the same incident, or on the
/// nearest one below that is still there, else above.
fn kept(before: &(Option<IncidentId>, Vec<IncidentId>), now: &[IncidentId]) -> Option<IncidentId> {
    let (Some(selected), old) = before else { return now.first().copied() };
    let place = old.iter().position(|id| id == selected).unwrap_or(0);
    let candidates = old[place..].iter().chain(old[..place].iter().rev());
    candidates.copied().find(|id| now.contains(id)).or(now.first().copied())
}

/// How many cases are tried; `REDPHONE_CASES` sets another number.
pub fn cases(usual: u32) -> u32 {
    std::env::var("REDPHONE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}
