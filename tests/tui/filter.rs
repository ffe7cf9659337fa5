//! Finding: filters, views, orders, groups.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyModifiers};
use insta::assert_snapshot;
use ratatui::style::Modifier;
use redphone::config::PanesSettings;
use redphone::config::panes::{Column, SavedView};
use redphone::model::queue::Sort;
use redphone::model::{Impact, IncidentNumber, Status};
use redphone::tui::Options;
use redphone::tui::fuzzy::Close;
use redphone::tui::message::Message;
use redphone::tui::mode::Mode;
use redphone::tui::queue::Line;
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

pub fn busy() -> Stage {
    Stage::open(company::busy(company::now()), (126, 36))
}

pub fn titles(stage: &Stage) -> Vec<String> {
    stage.app.queue.rows.iter().map(|row| row.summary.title.clone()).collect()
}

/// Numbers of the rows, without `INC-`.
pub fn numbers(stage: &Stage) -> Vec<u32> {
    let number = |number: Option<IncidentNumber>| number.expect("it is stored").0;
    let rows = stage.app.queue.rows.iter();
    rows.map(|row| u32::try_from(number(row.summary.number)).expect("a number")).collect()
}

pub fn filter(stage: &mut Stage, text: &str) {
    stage.keys("/ ^u");
    stage.write(text);
}

fn line(stage: &Stage) -> String {
    match &stage.app.mode {
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
fn words_are_found_where_their_letters_are_close(
    #[case] word: &str,
    #[case] text: &str,
    #[case] found: bool,
) {
    assert_eq!(Close::new(word).is_in(text), found);
    assert_eq!(!Close::new(word).places(text).is_empty(), found && !word.is_empty());
}

#[test]
fn rows_are_filtered_as_one_types() {
    let mut stage = busy();
    let all = stage.app.queue.rows.len();
    stage.keys("/");
    stage.write("pymnt");
    assert_eq!(titles(&stage), ["Card payments fail at checkout"]);
    assert!(stage.screen().contains("/ pymnt"), "{}", stage.screen());
    assert!(stage.screen().contains(&format!("1 of {all}")), "{}", stage.screen());
    stage.keys("^u");
    assert_eq!(stage.app.queue.rows.len(), all);
    stage.write("p2 -status:triggered");
    assert_eq!(
        titles(&stage),
        ["Images load 4 s slower than yesterday", "Stale prices in the catalog"]
    );
    stage.keys("Enter");
    assert!(matches!(stage.app.mode, Mode::Panes));
    assert_eq!(stage.app.queue.rows.len(), 2);
    let title = format!("2 of {all} · p2 -status:triggered ─");
    assert!(stage.screen().contains(&title), "{}", stage.screen());
    // What is open in all is still on the first line.
    assert!(stage.screen().lines().next().unwrap().contains("P1 2"));
    stage.keys("Esc");
    assert_eq!(stage.app.queue.rows.len(), all);
}

#[test]
fn the_letters_that_are_found_are_marked() {
    let mut stage = busy();
    filter(&mut stage, "pymnt");
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
fn the_order_stays_that_of_the_queue() {
    let mut stage = busy();
    filter(&mut stage, "disk");
    let found = numbers(&stage);
    stage.keys("Esc");
    let all: Vec<u32> = numbers(&stage).into_iter().filter(|n| found.contains(n)).collect();
    assert_eq!(found, all);
    assert_eq!(found.len(), 12);
}

#[test]
fn giving_up_restores_what_was_in_force() {
    let mut stage = busy();
    filter(&mut stage, "disk");
    stage.keys("Enter j j");
    let (selected, rows) = (stage.selected(), numbers(&stage));
    filter(&mut stage, "p1");
    assert_ne!(numbers(&stage), rows);
    stage.keys("Esc");
    assert_eq!((stage.selected(), numbers(&stage)), (selected, rows));
    stage.keys("Esc");
    assert!(!stage.app.queue.is_filtered());
}

#[test]
fn an_open_filter_goes_on_from_the_one_in_force() {
    let mut stage = busy();
    filter(&mut stage, "disk");
    stage.keys("Enter /");
    stage.write("-status:acknowledged");
    assert_eq!(line(&stage), "disk -status:acknowledged");
    assert_eq!(stage.app.queue.rows.len(), 4);
}

#[test]
fn what_was_selected_is_selected_again_as_soon_as_it_passes() {
    let mut stage = busy();
    stage.keys("j j j");
    let before = stage.selected();
    stage.keys("/");
    stage.write("p1");
    assert_ne!(stage.selected(), before);
    stage.keys("Backspace Backspace");
    assert_eq!(stage.selected(), before);
}

#[test]
fn a_wrong_term_is_named_and_the_others_stay_in_force() {
    let mut stage = busy();
    filter(&mut stage, "disk statsu:open ");
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
    filter(&mut stage, "age>soon ");
    assert_eq!(stage.app.queue.rows.len(), 19, "a filter of wrong terms alone hides nothing");
}

#[test]
fn nothing_found_says_how_to_see_all_again() {
    let mut stage = busy();
    filter(&mut stage, "zebra");
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
    let mut stage = busy();
    filter(&mut stage, typed);
    stage.keys(keys);
    // A key alone goes on to its values without a blank.
    assert_eq!(line(&stage), expected.replace("status: ", "status:"));
}

#[test]
fn what_a_term_may_become_is_shown() {
    let mut stage = busy();
    filter(&mut stage, "owner:");
    let screen = stage.screen();
    assert!(screen.contains("19 of 19  me  none  ines  odile  tomo"), "{screen}");
    assert!(!screen.contains("needs a value"), "it is still being typed");
    stage.write(" ");
    assert!(stage.screen().contains("! owner: needs a value"), "{}", stage.screen());
}

#[test]
fn filters_used_before_are_found_with_the_arrows() {
    let mut stage = busy();
    for text in ["p1", "disk", "p1"] {
        filter(&mut stage, text);
        stage.keys("Enter");
    }
    assert_eq!(stage.remembered, ["p1", "disk", "p1"]);
    assert_eq!(stage.app.queue.past, ["disk", "p1"], "each once, the last one last");
    // What an earlier run has left comes before.
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
fn a_filter_is_kept_across_panes_and_zoom() {
    let mut stage = busy();
    filter(&mut stage, "disk");
    stage.keys("Enter 2 z z 4 1");
    assert_eq!(stage.app.queue.rows.len(), 12);
    // From another pane, the queue is gone to.
    stage.keys("3 z /");
    assert_eq!(line(&stage), "disk ");
    assert!(stage.screen().contains("/ disk"), "{}", stage.screen());
}

#[rstest]
#[case('m', "mine", "owner:me")]
#[case('u', "unowned", "owner:none")]
#[case('p', "past SLA", "sla:late")]
#[case('f', "acked and forgotten", "-status:triggered idle>2h")]
#[case('s', "snoozed", "is:snoozed")]
#[case('r', "resolved, not closed", "status:resolved")]
#[case('e', "everything", "is:any")]
fn a_view_is_one_key(#[case] key: char, #[case] name: &str, #[case] text: &str) {
    let mut stage = busy();
    stage.keys("v");
    stage.write(&key.to_string());
    assert_eq!(stage.app.queue.filter().to_string(), text);
    assert!(stage.screen().contains(&format!("{name} · ")), "{}", stage.screen());
    stage.keys("v a");
    assert!(!stage.app.queue.is_filtered());
    assert_eq!(stage.app.queue.order(), Sort::Urgent);
    assert!(stage.screen().contains("open · most urgent first"), "{}", stage.screen());
}

#[test]
fn what_nobody_has_looked_after_for_hours_is_a_view() {
    let mut stage = busy();
    stage.keys("v f");
    let forgotten = stage.app.queue.rows.iter().map(|row| &row.summary);
    for row in forgotten.clone() {
        assert!(row.status != Status::Triggered, "{row:?}");
        assert!(stage.now - row.last_event_at > TimeDelta::hours(2), "{row:?}");
    }
    assert_eq!(forgotten.count(), 9);
}

#[test]
fn views_of_ones_own_come_with_their_keys() {
    let own = |name: &str, filter: &str, key| SavedView {
        name: name.into(),
        filter: filter.parse().expect("a filter"),
        sort: Sort::Oldest,
        key,
    };
    let views = vec![own("old disks", "disk", Some('m')), own("web \u{1b}[31m", "team:web", None)];
    let settings = PanesSettings { views, ..PanesSettings::default() };
    let memory = company::busy(company::now());
    let mut stage =
        Stage::with(memory, (126, 36), Depth::Indexed, Options { settings, ..options() });
    stage.connect();
    stage.keys("v");
    assert!(stage.screen().contains("old disks"), "{}", stage.screen());
    assert!(!stage.screen().contains('\u{1b}'));
    stage.keys("m");
    assert_eq!(stage.app.queue.view.as_deref(), Some("old disks"));
    assert_eq!((stage.app.queue.rows.len(), stage.app.queue.order()), (12, Sort::Oldest));
    let shown = "old disks · 12 of 19 · oldest first";
    assert!(stage.screen().contains(shown), "{}", stage.screen());
    // Typing makes it something else; giving that up, it is the view again.
    stage.keys("/");
    stage.write("p1");
    assert_eq!(stage.app.queue.view, None);
    stage.keys("Esc");
    assert_eq!(stage.app.queue.view.as_deref(), Some("old disks"));
    stage.keys("Esc");
    assert_eq!((stage.app.queue.rows.len(), stage.app.queue.order()), (19, Sort::Urgent));
}

#[rstest]
#[case('n', "newest first", "Card payments fail at checkout")]
#[case('o', "oldest first", "Disk of worker 14 is 91 % full")]
#[case('p', "by priority", "Card payments fail at checkout")]
#[case('s', "by service", "Logins time out for one in five")]
#[case('w', "by owner, unowned first", "Card payments fail at checkout")]
#[case('c', "last changed first", "Card payments fail at checkout")]
fn an_order_holds_until_another_is_chosen(
    #[case] key: char,
    #[case] told: &str,
    #[case] first: &str,
) {
    let mut stage = busy();
    stage.keys("S");
    stage.write(&key.to_string());
    assert!(stage.screen().contains(&format!("open · {told}")), "{}", stage.screen());
    assert_eq!(titles(&stage)[0], first);
    stage.pass(1);
    assert_eq!(titles(&stage)[0], first);
    stage.keys("S u");
    assert!(stage.screen().contains("open · most urgent first"));
}

#[test]
fn rows_are_grouped_by_service_and_folded() {
    let mut stage = busy();
    stage.keys("j");
    let selected = stage.selected();
    stage.keys("f");
    assert_eq!(stage.selected(), selected, "the group of what is selected is unfolded");
    let queue = &stage.app.queue;
    assert_eq!(queue.groups.iter().filter(|group| !group.folded).count(), 1);
    let screen = stage.screen();
    let workers = screen.lines().find(|line| line.contains("▸ workers")).expect("a head");
    assert!(workers.contains("12 P4"), "{workers}");
    assert!(workers.contains("4 unack "), "{workers}");
    stage.keys("f");
    assert!(stage.app.queue.groups.is_empty());
    assert_eq!(stage.selected(), selected);
}

fn on_workers() -> Stage {
    let mut stage = busy();
    stage.keys("f");
    for _ in 0..20 {
        if stage.app.queue.head.as_deref() == Some("workers") {
            return stage;
        }
        stage.keys("j");
    }
    panic!("no group of workers:\n{}", stage.screen());
}

#[test]
fn a_group_is_folded_and_unfolded() {
    let mut stage = on_workers();
    let folded = stage.app.queue.lines.len();
    stage.keys("Right");
    assert_eq!(stage.app.queue.lines.len(), folded + 12);
    assert_eq!(stage.app.queue.head.as_deref(), Some("workers"), "its head stays selected");
    stage.keys("j j");
    assert!(stage.app.queue.head.is_none());
    stage.keys("Left");
    assert_eq!(stage.app.queue.lines.len(), folded);
    assert_eq!(stage.app.queue.head.as_deref(), Some("workers"));
    stage.keys("Enter");
    assert_eq!(stage.app.queue.lines.len(), folded + 12);
    stage.keys("Enter");
    assert_eq!(stage.app.queue.lines.len(), folded);
}

#[test]
fn a_group_is_selected_as_a_whole_and_verbs_do_not_guess() {
    let mut stage = on_workers();
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("that is a group: Space selects its incidents, Right shows"));
    stage.keys("Space");
    assert_eq!(stage.app.marked.len(), 12);
    assert!(stage.screen().contains("12 selected"), "{}", stage.screen());
    stage.keys("*");
    assert!(stage.app.marked.is_empty());
}

#[test]
fn the_head_of_a_group_stays_selected_when_it_moves() {
    let mut stage = on_workers();
    company::declare(
        &stage.memory,
        stage.now,
        1,
        "Disks are gone",
        "workers",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert_eq!(stage.app.queue.head.as_deref(), Some("workers"));
    let queue = &stage.app.queue;
    assert!(queue.index <= 2, "it has come to the top: {}", stage.screen());
    let row = stage.screen().lines().find(|l| l.contains("▸ workers")).unwrap().to_owned();
    assert!(row.contains("13 P1") && row.contains("Disks are gone"), "{row}");
    assert!(row.contains('▌'), "{row}");
}

#[test]
fn an_incident_jumped_to_unfolds_its_group() {
    let mut stage = busy();
    stage.keys("f g");
    let hidden = stage
        .app
        .queue
        .rows
        .iter()
        .find(|row| row.summary.service() == Some("workers"))
        .and_then(|row| row.summary.number)
        .expect("a worker's incident");
    stage.write(&hidden.0.to_string());
    stage.keys("Enter");
    assert_eq!(stage.selected(), hidden.to_string());
}

#[test]
fn a_number_that_the_filter_hides_is_read_and_told() {
    let mut stage = busy();
    filter(&mut stage, "disk");
    stage.keys("Enter g");
    stage.write("2051");
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("Card payments fail at checkout"), "{screen}");
    assert!(screen.contains("INC-2051 is hidden by the filter"), "{screen}");
    // Verbs are about what is read.
    stage.keys("a");
    assert_eq!(stage.submitted.len(), 1);
    stage.keys("Esc");
    assert_eq!(stage.app.queue.rows.len(), 12, "the filter stays");
}

#[test]
fn columns_are_those_that_were_chosen_in_their_order() {
    let columns = vec![Column::Title, Column::Owner, Column::Priority, Column::Number];
    let settings = PanesSettings { columns, ..PanesSettings::default() };
    let memory = company::busy(company::now());
    let mut stage =
        Stage::with(memory, (126, 36), Depth::Indexed, Options { settings, ..options() });
    stage.connect();
    let screen = stage.screen();
    let header = screen.lines().nth(2).expect("a header");
    let place = |name: &str| header.find(name).unwrap_or_else(|| panic!("{name} in {header}"));
    assert!(place("TITLE") < place("OWNER"));
    assert!(place("OWNER") < place("PRI"));
    assert!(place("PRI") < place("INC"));
    assert!(!header.contains("STATUS"), "{header}");
    assert_snapshot!("columns_126x36", screen);
}

#[test]
fn what_is_declared_out_of_sight_is_told() {
    let mut stage = busy();
    filter(&mut stage, "service:search");
    stage.keys("Enter");
    let head = stage.app.queue.lines.first().copied();
    assert_eq!(head, Some(Line::Row(0)));
    company::declare(
        &stage.memory,
        stage.now,
        1,
        "Something else",
        "mail",
        Impact::High,
        Impact::High,
        |_| {},
    );
    stage.refresh();
    assert!(stage.screen().lines().next().unwrap().contains("P1 3"), "line 1 counts all");
    assert_eq!(stage.app.queue.rows.len(), 1);
}

#[test]
fn pasted_text_is_typed_without_what_breaks_a_line() {
    let mut stage = busy();
    stage.keys("/");
    stage.send(Message::Paste("disk\u{1b}[31m p3\nsecond".into()));
    assert_eq!(line(&stage), "disk[31m p3");
    stage.key(KeyCode::Home, KeyModifiers::NONE);
    stage.key(KeyCode::Delete, KeyModifiers::NONE);
    assert_eq!(line(&stage), "isk[31m p3");
    stage.keys("End ^w ^w");
    assert_eq!(line(&stage), "");
    stage.keys("Backspace");
    assert!(matches!(stage.app.mode, Mode::Panes), "backspace on nothing leaves");
}

#[rstest]
fn looks(#[values((200, 60), (126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let stage = || Stage::open(company::busy(company::now()), size);
    let name = |what: &str| format!("{what}_{}x{}", size.0, size.1);
    let mut typing = stage();
    typing.keys("/");
    typing.write("pay status:t");
    assert_snapshot!(name("typing"), typing.screen());
    let mut wrong = stage();
    wrong.keys("/");
    wrong.write("disk statsu:open p4");
    assert_snapshot!(name("wrong_term"), wrong.screen());
    let mut kept = stage();
    kept.keys("/");
    kept.write("disk p4");
    kept.keys("Enter");
    assert_snapshot!(name("filtered"), kept.screen());
    kept.keys("/ ^u z e b r a Enter");
    assert_snapshot!(name("nothing_found"), kept.screen());
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
