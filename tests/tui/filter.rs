//! Filters: free text and terms while they are typed, completed and active.

use crossterm::event::{KeyCode, KeyModifiers};
use insta::assert_snapshot;
use ratatui::style::Modifier;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::input::fuzzy::{Hit, WordMatcher};
use rstest::rstest;

use crate::support::stage::Stage;

pub fn line(stage: &Stage) -> String {
    match &stage.app.ui.mode {
        Mode::Filter(line) => line.text().to_owned(),
        _ => panic!("a filter is typed:\n{}", stage.screen()),
    }
}

#[rstest]
#[case("pymnt", "Card payments fail at checkout", true)]
#[case("paymnts", "Card payments fail at checkout", true)]
#[case("pay", "Card payments fail at checkout", true)]
#[case("PAY", "card PAYments", true)]
#[case("ment", "Card payments fail", true)]
#[case("chkout", "payments/checkout", true)]
#[case("über", "Zahlung über PayPal", true)]
#[case("uber", "Zahlung über PayPal", true)]
#[case("支払", "a 支払いが失敗", true)]
#[case("pay", "Primary disk of analytics is busy", false)]
#[case("pay", "Primary", false)]
#[case("pay", "p a y", false)]
#[case("db", "disk of the build", false)]
#[case("ab", "a b", false)]
#[case("logns", "Logins time out", true)]
#[case("lgt", "Logins time out", false)]
#[case("", "anything", true)]
fn fuzzy_search_finds_letters_close_together(
    #[case] word: &str,
    #[case] text: &str,
    #[case] found: bool,
) {
    assert_eq!(WordMatcher::new(word).matches(text), found);
    assert_eq!(
        !WordMatcher::new(word).matched_graphemes(text).is_empty(),
        found && !word.is_empty()
    );
}

#[test]
fn rows_are_filtered_while_typing() {
    let mut stage = Stage::busy();
    let all = stage.app.queue.rows.len();
    stage.keys("/");
    stage.write("pymnt");
    assert_eq!(stage.titles(), ["Card payments fail at checkout"]);
    assert!(stage.screen().contains("/ pymnt"), "{}", stage.screen());
    assert!(stage.screen().contains(&format!("1 of {all}")), "{}", stage.screen());
    stage.keys("^u");
    assert_eq!(stage.app.queue.rows.len(), all);
    stage.write("p2 -status:triggered");
    assert_eq!(
        stage.titles(),
        ["Images load 4 s slower than yesterday", "Stale prices in the catalog"]
    );
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    assert_eq!(stage.app.queue.rows.len(), 2);
    let title = format!("2 of {all} · p2 -status:triggered ─");
    assert!(stage.screen().contains(&title), "{}", stage.screen());
    // The first line still has the counts of all open incidents.
    assert!(stage.screen().lines().next().unwrap().contains("P1 2"));
    stage.keys("Esc");
    assert_eq!(stage.app.queue.rows.len(), all);
}

#[test]
fn matched_letters_are_highlighted() {
    let mut stage = Stage::busy();
    stage.filter("pymnt");
    let buffer = stage.buffer();
    let marked: String = buffer
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::UNDERLINED))
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert_eq!(marked, "pymnt");
}

#[test]
fn filtered_rows_stay_in_queue_order() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    let found = stage.numbers();
    stage.keys("Esc");
    let all: Vec<u32> = stage.numbers().into_iter().filter(|n| found.contains(n)).collect();
    assert_eq!(found, all);
    assert_eq!(found.len(), 12);
}

#[test]
fn cancelling_restores_the_active_filter() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    stage.keys("Enter j j");
    let (selected, rows) = (stage.selected(), stage.numbers());
    stage.filter("p1");
    assert_ne!(stage.numbers(), rows);
    stage.keys("Esc");
    assert_eq!((stage.selected(), stage.numbers()), (selected, rows));
    stage.keys("Esc");
    assert!(!stage.app.queue.is_filtered());
}

#[test]
fn filter_line_opens_with_the_active_filter() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    stage.keys("Enter /");
    stage.write("-status:acknowledged");
    assert_eq!(line(&stage), "disk -status:acknowledged");
    assert_eq!(stage.app.queue.rows.len(), 4);
}

#[test]
fn selection_returns_as_soon_as_its_incident_passes() {
    let mut stage = Stage::busy();
    stage.keys("j j j");
    let before = stage.selected();
    stage.keys("/");
    stage.write("p1");
    assert_ne!(stage.selected(), before);
    stage.keys("Backspace Backspace");
    assert_eq!(stage.selected(), before);
}

#[test]
fn wrong_term_is_named_and_the_others_stay_active() {
    let mut stage = Stage::busy();
    stage.filter("disk statsu:open ");
    assert_eq!(stage.app.queue.rows.len(), 12, "the right terms hold");
    assert!(stage.screen().contains("! statsu: is not a filter term: did you mean status:?"));
    let buffer = stage.buffer();
    let marked: String = buffer
        .content
        .iter()
        .filter(|cell| {
            cell.modifier.contains(Modifier::UNDERLINED | Modifier::BOLD)
                && cell.fg == ratatui::style::Color::Reset
        })
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert_eq!(marked, "statsu:open");
    stage.keys("Enter");
    assert!(stage.screen().contains("left out \"statsu:open\": statsu: is not a filter term"));
    assert_eq!(stage.app.queue.filter().to_string(), "disk");
    stage.filter("age>soon ");
    assert_eq!(stage.app.queue.rows.len(), 19, "a filter of wrong terms alone hides nothing");
}

#[test]
fn empty_result_says_how_to_see_all_again() {
    let mut stage = Stage::busy();
    stage.filter("zebra");
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("nothing matches zebra"), "{screen}");
    assert!(screen.contains("Esc clears the filter: 19 incidents are open"), "{screen}");
    stage.keys("Esc");
    assert_eq!(stage.app.queue.rows.len(), 19);
}

#[rstest]
#[case("sta", "Tab", "status: ")]
#[case("status:mon", "Tab", "status:monitoring ")]
#[case("-status:mon", "Tab", "-status:monitoring ")]
#[case("p1 is:sn", "Tab", "p1 is:snoozed ")]
#[case("service:pay", "Tab", "service:payments-gateway ")]
#[case("owner:od", "Tab", "owner:odile ")]
#[case("owner:m", "Tab", "owner:me")]
#[case("owner:m", "Tab Tab", "owner:tomo")]
#[case("owner:m", "Tab Tab Tab", "owner:me")]
#[case("owner:m", "S-Tab", "owner:tomo")]
#[case("team:da", "Tab", "team:data ")]
#[case("cat:sec", "Tab", "cat:security ")]
#[case("sla:la", "Tab", "sla:late ")]
#[case("idle>8", "Tab", "idle>8h ")]
#[case("payments", "Tab", "payments")]
#[case("service:ünï", "Tab", "service:ünïcode-サービス ")]
fn terms_are_completed(#[case] typed: &str, #[case] keys: &str, #[case] expected: &str) {
    let mut stage = Stage::busy();
    stage.filter(typed);
    stage.keys(keys);
    // A completed key is followed by its values without a blank.
    assert_eq!(line(&stage), expected.replace("status: ", "status:"));
}

#[test]
fn completions_of_a_term_are_shown() {
    let mut stage = Stage::busy();
    stage.filter("owner:");
    let screen = stage.screen();
    assert!(screen.contains("19 of 19  me  none  ines  odile  tomo"), "{screen}");
    assert!(!screen.contains("needs a value"), "it is still being typed");
    stage.write(" ");
    assert!(stage.screen().contains("! owner: needs a value"), "{}", stage.screen());
}

#[test]
fn earlier_filters_are_recalled_with_the_arrows() {
    let mut stage = Stage::busy();
    for text in ["p1", "disk", "p1"] {
        stage.filter(text);
        stage.keys("Enter");
    }
    assert_eq!(stage.remembered, ["p1", "disk", "p1"]);
    assert_eq!(stage.app.queue.filter_history, ["disk", "p1"], "each once, the last one last");
    // The filters of an earlier run come first.
    stage.send(Message::Filters(vec!["owner:me".into(), "p1".into()]));
    stage.keys("/ ^u");
    stage.write("half");
    stage.keys("Up");
    assert_eq!(line(&stage), "p1");
    stage.keys("Up Up Up");
    assert_eq!(line(&stage), "owner:me");
    assert_eq!(stage.app.queue.filter().to_string(), "owner:me", "it is in force at once");
    stage.keys("Down Down Down");
    assert_eq!(line(&stage), "half", "what was typed is not lost");
}

#[test]
fn filter_stays_active_across_panes_and_zoom() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    stage.keys("Enter 2 z z 4 1");
    assert_eq!(stage.app.queue.rows.len(), 12);
    // From another pane, the key also moves the focus to the queue.
    stage.keys("2 z /");
    assert_eq!(line(&stage), "disk ");
    assert!(stage.screen().contains("/ disk"), "{}", stage.screen());
}

#[test]
fn number_hidden_by_the_filter_is_opened_and_announced() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    stage.keys("Enter g");
    stage.write("2051");
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("Card payments fail at checkout"), "{screen}");
    assert!(screen.contains("INC-2051 is hidden by the filter"), "{screen}");
    // Verbs act on the incident that is shown.
    stage.keys("a");
    assert_eq!(stage.submitted.len(), 1);
    stage.keys("Esc");
    assert_eq!(stage.app.queue.rows.len(), 12, "the filter stays");
}

#[test]
fn pasted_text_is_inserted_without_line_breaks() {
    let mut stage = Stage::busy();
    stage.keys("/");
    stage.send(Message::Paste("disk\u{1b}[31m p3\nsecond".into()));
    assert_eq!(line(&stage), "disk[31m p3");
    stage.key(KeyCode::Home, KeyModifiers::NONE);
    stage.key(KeyCode::Delete, KeyModifiers::NONE);
    assert_eq!(line(&stage), "isk[31m p3");
    stage.keys("End ^w ^w");
    assert_eq!(line(&stage), "");
    stage.keys("Backspace");
    assert!(matches!(stage.app.ui.mode, Mode::Panes), "backspace on nothing leaves");
}

#[rstest]
fn filter_screens_match_their_snapshots(
    #[values((200, 60), (126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let stage = || Stage::busy_at(size);
    let name = |what: &str| format!("{what}_{}x{}", size.0, size.1);
    let mut typing = stage();
    typing.keys("/");
    typing.write("pay status:t");
    assert_snapshot!(name("typing"), typing.screen());
    let mut wrong = stage();
    wrong.keys("/");
    wrong.write("disk statsu:open p4");
    assert_snapshot!(name("wrong_term"), wrong.screen());
    let mut filtered = stage();
    filtered.keys("/");
    filtered.write("disk p4");
    filtered.keys("Enter");
    assert_snapshot!(name("filtered"), filtered.screen());
    filtered.keys("/ ^u z e b r a Enter");
    assert_snapshot!(name("nothing_found"), filtered.screen());
    let mut grouped = stage();
    grouped.keys("f j");
    assert_snapshot!(name("grouped"), grouped.screen());
    let mut history = stage();
    history.keys("v e j j");
    assert_snapshot!(name("history"), history.screen());
    let mut views = stage();
    views.keys("v");
    assert_snapshot!(name("views"), views.screen());
    let mut sorts = stage();
    sorts.keys("S");
    assert_snapshot!(name("sorts"), sorts.screen());
}

#[test]
fn rows_that_match_only_nearly_come_last_and_are_marked() {
    let mut stage = Stage::busy();
    stage.filter("disk");
    let exact = stage.numbers();
    assert!(!stage.screen().contains('~'), "{}", stage.screen());
    // The letters of `dsk` are in no text side by side, those of `payments` are.
    stage.keys("^u");
    stage.write("dsk");
    assert_eq!(stage.numbers(), exact, "the order is that of the queue");
    assert!(stage.screen().matches('~').count() > 2, "{}", stage.screen());
    stage.keys("^u");
    stage.write("logins");
    let all = stage.titles();
    let is_exact = |title: &String| title.to_lowercase().contains("logins");
    assert!(all.is_sorted_by_key(|title| !is_exact(title)), "{all:?}");
}

#[rstest]
#[case("cafe", "Le café ferme", vec![3, 4, 5, 6])]
#[case("strasse", "Straße", vec![0, 1, 2, 3, 4, 5])]
#[case("決済", "カード決済が", vec![3, 4])]
#[case("ГОР", "на Йо\u{308}го́рке", vec![5, 6, 7])]
fn folded_match_is_highlighted_where_it_is(
    #[case] word: &str,
    #[case] text: &str,
    #[case] graphemes: Vec<usize>,
) {
    let word = WordMatcher::new(word);
    assert_eq!(word.hit(text), Some(Hit::Exact));
    assert_eq!(word.matched_graphemes(text), graphemes);
}

#[test]
fn word_that_was_meant_as_a_term_is_named() {
    let mut stage = Stage::busy();
    stage.filter("critical ");
    assert!(stage.screen().contains("did you mean priority:critical?"), "{}", stage.screen());
    stage.keys("^u");
    stage.write("security ");
    stage.keys("Enter");
    assert!(stage.screen().contains("did you mean cat:security?"), "{}", stage.screen());
}
