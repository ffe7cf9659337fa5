use chrono::{TimeDelta, Utc};
use redphone::model::runbook::{
    BlockKind, MatchReason, RunbookHeader, RunbookPage, TextStyle, find_ticks, is_url, tick_note,
};
use redphone::model::status::Category;
use redphone::model::{
    Actor, CommandId, Event, EventBody, EventId, Incident, IncidentId, PersonRef,
};
use rstest::rstest;

use crate::support::model::Bench;

fn incident() -> Incident {
    let mut incident = Bench::new().incident;
    incident.summary.services = vec!["checkout".into(), "payments-gateway".into()];
    incident.summary.category = Some(Category::Performance);
    incident.labels = vec!["PCI".into()];
    incident
}

#[rstest]
#[case::named("payments/5xx", "", &["payments/5xx.md"], Some(MatchReason::Named))]
#[case::service_by_name("web/Checkout", "", &[], Some(MatchReason::Service("checkout".into())))]
#[case::service("x", "---\nservices: [mail, \"payments-gateway\"]\n---\n", &[], Some(MatchReason::Service("payments-gateway".into())))]
#[case::list("x", "---\ntitle: a\nservices:\n  - mail\n  - checkout\n---\n", &[], Some(MatchReason::Service("checkout".into())))]
#[case::without_fence("x", "labels: pci\n\n# X", &[], Some(MatchReason::Label("PCI".into())))]
#[case::label_by_name("pci", "", &[], Some(MatchReason::Label("PCI".into())))]
#[case::category("x", "Category: Performance\n", &[], Some(MatchReason::Category(Category::Performance)))]
#[case::other("x", "services: mail\nlabels: gdpr\ncategory: security\n", &["y"], None)]
#[case::text_is_no_header("x", "Some services: checkout\n", &[], None)]
#[case::an_open_fence_is_a_line("x", "---\nservices: checkout\n", &[], None)]
fn runbook_is_found_by_the_faults_it_declares(
    #[case] name: &str,
    #[case] text: &str,
    #[case] named: &[&str],
    #[case] why: Option<MatchReason>,
) {
    assert_eq!(RunbookHeader::parse(name, text).match_reason(&incident(), named), why);
}

#[test]
fn title_is_the_declared_one_or_the_first_heading() {
    assert_eq!(RunbookHeader::parse("x", "title: One\n# Two").title, "One");
    assert_eq!(RunbookHeader::parse("x", "services: a\n\n# Two\u{1b}\n").title, "Two␛");
    assert_eq!(RunbookHeader::parse("x", "text").title, "");
}

#[test]
fn unknown_category_is_reported() {
    let head = RunbookHeader::parse("x", "category: perfomance, security\n");
    assert_eq!(head.categories, [Category::Security]);
    assert!(head.problems[0].contains("perfomance"), "{:?}", head.problems);
}

#[rstest]
#[case("https://wiki/x", true)]
#[case("payments/5xx", false)]
#[case("://x", false)]
#[case("a b://x", false)]
#[case("https://", false)]
fn url_of_a_runbook_is_distinguished_from_a_name(#[case] name: &str, #[case] is: bool) {
    assert_eq!(is_url(name), is);
}

fn steps(text: &str) -> Vec<String> {
    RunbookPage::parse(text).steps.into_iter().map(|step| step.text).collect()
}

#[rstest]
#[case::tasks("1. no\n\n- [ ] one *two*\n- [x] three\n- four\n", &["one two", "three"])]
#[case::tasks_within("- a\n  - [ ] b\n", &["b"])]
#[case::loose("- [ ] one\n\n  more\n\n- [ ] two\n", &["one", "two"])]
#[case::numbered("text\n\n1. one\n2. two\n   1. within\n3. three\n", &["one", "two", "three"])]
#[case::bullets("- one\n- two\n", &[])]
#[case::code_only("1. ```\n   x\n   ```\n", &[""])]
#[case::hostile("- [ ] a\u{1b}[2Jb\u{202e}c\n", &["a␛[2Jb\u{fffd}c"])]
fn steps_are_tasks_or_else_numbered_items(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(steps(text), expected);
}

#[test]
fn blocks_preserve_order_style_and_depth() {
    let text = "# A\n\nb **c** `d` [e](f) <https://g>\n\n- h\n  ```sh\n  i\tj\n  ```\n---\n> k\n";
    let page = RunbookPage::parse(text);
    let kinds: Vec<_> = page
        .blocks
        .iter()
        .map(|block| match &block.kind {
            BlockKind::Heading(level) => format!("{level}# {}", block.text()),
            BlockKind::Text => {
                format!("{}p{} {}", block.indent, u8::from(block.quoted), block.text())
            }
            BlockKind::Item(mark) => format!("{}{mark} {}", block.indent, block.text()),
            BlockKind::Code(lines, written) => format!("{} {lines:?} {written:?}", block.indent),
            BlockKind::Table(rows) => format!("{} {rows:?}", block.indent),
            BlockKind::Rule => "---".into(),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "1# A",
            "0p0 b c d e (f) https://g",
            "0• h",
            "1 [\"i    j\"] \"i\\tj\\n\"",
            "---",
            "0p1 k"
        ]
    );
    let styles: Vec<TextStyle> = page.blocks[1].spans.iter().map(|span| span.style).collect();
    assert_eq!(
        styles,
        [TextStyle::Plain, TextStyle::Strong, TextStyle::Plain, TextStyle::Code, TextStyle::Plain]
    );
}

#[test]
fn the_code_of_a_step_is_the_first_below_it() {
    let page =
        RunbookPage::parse("- [ ] a\n\n  text\n\n  ```\n  one\n  ```\n- [ ] b\n\n```\ntwo\n```\n");
    let block_index = |step| page.blocks.iter().position(|b| b.step == Some(step)).expect("a step");
    assert_eq!(page.code_for_block(block_index(0)), Some("one\n"));
    assert_eq!(page.code_for_block(block_index(1)), None);
    assert_eq!(page.code_for_block(page.blocks.len() - 1), Some("two\n"));
}

fn by(name: &str, minute: i64, body: EventBody) -> Event {
    let at = Utc::now() + TimeDelta::minutes(minute);
    let command = CommandId::new();
    Event {
        id: EventId::derived(command, 0),
        incident: IncidentId::new(),
        seq: 1,
        at,
        recorded_at: at,
        actor: Actor::Person(PersonRef::new(name, name)),
        command,
        because: None,
        verdicts: Vec::new(),
        undo: None,
        body,
        extra: <_>::default(),
    }
}

fn noted(name: &str, text: &str) -> Event {
    by(name, 0, EventBody::NoteAdded { text: text.into() })
}

/// Returns who ticked each step.
fn ticked(text: &str, events: &[Event]) -> Vec<Option<String>> {
    let ticks = find_ticks("pay/5xx", &RunbookPage::parse(text).steps, events);
    ticks.into_iter().map(|tick| tick.map(|tick| tick.by)).collect()
}

#[test]
fn ticks_are_matched_by_text_whoever_made_them() {
    let text = "- [ ] new one\n- [ ] look\n- [ ] restart\n";
    let events = [
        noted("ines", &tick_note("pay/5xx", 0, "look")),
        noted("tom", &tick_note("pay/5xx", 0, "look")),
        noted("tom", &tick_note("pay/4xx", 2, "restart")),
        noted("tom", "restart"),
    ];
    assert_eq!(ticked(text, &events), [None, Some("ines".into()), None]);
}

#[test]
fn steps_of_the_same_text_are_distinguished_by_number() {
    let events = [noted("ines", &tick_note("pay/5xx", 2, "look"))];
    let text = "1. look\n2. restart\n3. look\n";
    assert_eq!(ticked(text, &events), [None, None, Some("ines".into())]);
    let events = [noted("ines", "runbook pay/5xx · step 99999999999999999999 done: look")];
    assert_eq!(ticked(text, &events), [None, None, None]);
}

#[test]
fn withdrawn_note_ticks_nothing() {
    let tick = noted("ines", &tick_note("pay/5xx", 0, "look"));
    let body = EventBody::NoteCorrected { note: tick.id, text: "(withdrawn)".into() };
    let events = [tick, by("ines", 1, body)];
    assert_eq!(ticked("- [ ] look\n", &events), [None]);
}

#[test]
fn very_long_step_is_matched_again() {
    let long = "word ".repeat(200);
    let page = RunbookPage::parse(&format!("- [ ] {long}\n"));
    let events = [noted("ines", &tick_note("pay/5xx", 0, &page.steps[0].text))];
    assert!(find_ticks("pay/5xx", &page.steps, &events)[0].is_some());
}

#[test]
fn table_has_its_columns_one_below_the_other() {
    let page =
        RunbookPage::parse_body("| pod | state |\n|---|---|\n| a-1 | *down* |\n| b | up |\n\nend");
    let rows = [["pod", "state"], ["a-1", "down"], ["b", "up"]];
    let rows = rows.map(|row| row.map(ToOwned::to_owned).to_vec()).to_vec();
    assert_eq!(page.blocks[0].kind, BlockKind::Table(rows));
    let lines = ["pod  state", "───  ─────", "a-1  down", "b    up"];
    assert_eq!(page.blocks[0].preformatted(), lines);
    assert_eq!(page.blocks[1].text(), "end");
    assert_eq!(page.blocks.len(), 2);
}
