use proptest::prelude::*;
use redphone::model::runbook::{BlockKind, RunbookHeader, RunbookPage, find_ticks, tick_note};
use redphone::model::text::{sanitize, width};
use redphone::model::{Actor, CommandId, Event, EventBody, EventId, IncidentId};

use crate::support::strategies;

/// Something like Markdown.
fn markdown() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "( {0,6})(- |1\\. |\\* |> |# |- \\[ \\] |- \\[x\\] |```|---)?[ -~]{0,20}",
        1 => any::<String>(),
        1 => Just(String::new()),
    ];
    prop::collection::vec(line, 0..25).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(strategies::usual())]

    #[test]
    fn any_runbook_parses_and_is_safe_to_show(text in markdown()) {
        let head = RunbookHeader::parse("x", &text);
        prop_assert_eq!(sanitize(&head.title), head.title.as_str());
        let page = RunbookPage::parse(&text);
        let mut steps = Vec::new();
        for block in &page.blocks {
            let written = block.text();
            prop_assert_eq!(sanitize(&written), written.as_str());
            if let BlockKind::Code(lines, _) = &block.kind {
                for line in lines {
                    prop_assert_eq!(sanitize(line), line.as_str());
                }
            }
            steps.extend(block.step);
            let _ = width(&written);
        }
        prop_assert_eq!(steps, (0..page.steps.len()).collect::<Vec<_>>());
    }

    #[test]
    fn each_tick_is_matched_again(text in markdown(), name in "[a-z/]{1,10}") {
        let steps = RunbookPage::parse(&text).steps;
        for step in 0..steps.len() {
            let command = CommandId::new();
            let event = Event {
                id: EventId::derived(command, 0),
                incident: IncidentId::new(),
                seq: 1,
                at: crate::support::strategies::start(),
                recorded_at: crate::support::strategies::start(),
                actor: Actor::Integration("x".into()),
                command,
                body: EventBody::NoteAdded { text: tick_note(&name, step, &steps[step].text) },
                because: None,
                verdicts: Vec::new(),
                undo: None,
                extra: <_>::default(),
            };
            let ticks = find_ticks(&name, &steps, &[event]);
            prop_assert!(ticks[step].is_some(), "{:?}", steps);
            prop_assert_eq!(ticks.iter().flatten().count(), 1);
        }
    }
}
