//! The command palette: its input, its effects and its display.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::model::check::FieldProblem;
use redphone::model::command::{Command, IncidentCommand, Link};
use redphone::model::id::InvalidNumber;
use redphone::model::status::{Category, Role};
use redphone::model::{Impact, IncidentNumber, PersonRef, Priority, Status};
use redphone::tui::Options;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::form::Kind;
use redphone::tui::input::parse_time::TimeError;
use redphone::tui::metrics::Span;
use redphone::tui::palette::{EnterError, Palette};
use redphone::tui::theme::Depth;
use redphone::tui::verb::argument_error::ArgumentError;
use redphone::verbs::Problem;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

fn palette(stage: &Stage) -> &Palette {
    match &stage.app.ui.mode {
        Mode::Palette(palette) => palette,
        _ => panic!("the palette is open:\n{}", stage.screen()),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as it is asked for")]
fn tomo() -> Option<PersonRef> {
    Some(company::tomo())
}

#[rstest]
#[case("ack", IncidentCommand::Acknowledge)]
#[case("acknowledge", IncidentCommand::Acknowledge)]
#[case("own", IncidentCommand::Assign { to: Some(company::me()) })]
#[case("assign tomo", IncidentCommand::Assign { to: tomo() })]
#[case("assign @tomo", IncidentCommand::Assign { to: tomo() })]
#[case("ASSIGN Tomo Hayashi", IncidentCommand::Assign { to: tomo() })]
#[case("assign tom", IncidentCommand::Assign { to: tomo() })]
#[case("assign me", IncidentCommand::Assign { to: Some(company::me()) })]
#[case("assi tomo", IncidentCommand::Assign { to: tomo() })]
#[case("snooze 4h", IncidentCommand::Snooze { until: company::now() + TimeDelta::hours(4) })]
#[case("snooze 45m", IncidentCommand::Snooze { until: company::now() + TimeDelta::minutes(45) })]
#[case("snooze tomorrow", IncidentCommand::Snooze { until: "2031-05-21T09:00:00Z".parse().unwrap() })]
#[case("snooze change", IncidentCommand::Snooze { until: redphone::model::time::UNTIL_CHANGED })]
#[case("recovery 2h", IncidentCommand::SetExpectedRecovery { at: Some(company::now() + TimeDelta::hours(2)) })]
#[case("impact-began 20m", IncidentCommand::SetImpactBegan { at: Some(company::now() - TimeDelta::minutes(20)) })]
#[case("involve-team data", IncidentCommand::InvolveTeam { team: "data".into(), involved: true })]
#[case("priority high low", IncidentCommand::Prioritize { impact: Impact::High, urgency: Impact::Low })]
#[case("prioritize med l", IncidentCommand::Prioritize { impact: Impact::Medium, urgency: Impact::Low })]
#[case("move identified", IncidentCommand::MoveStatus { to: Status::Identified })]
#[case("move acknowledged", IncidentCommand::Acknowledge)]
#[case("status mon", IncidentCommand::MoveStatus { to: Status::Monitoring })]
#[case("note  rolled back: looking", IncidentCommand::AddNote { text: "rolled back: looking".into() })]
#[case("link https://a.example/b", IncidentCommand::Link { link: Link::Url("https://a.example/b".into()) })]
#[case("category security", IncidentCommand::Categorize { category: Some(Category::Security) })]
#[case("category unknown", IncidentCommand::Categorize { category: None })]
#[case("service search", IncidentCommand::SetServices { services: vec!["search".into()] })]
#[case(
    "services checkout, search",
    IncidentCommand::SetServices { services: vec!["checkout".into(), "search".into()] }
)]
#[case("team data", IncidentCommand::SetTeam { team: Some("data".into()) })]
#[case("team none", IncidentCommand::SetTeam { team: None })]
#[case(
    "role scribe tomo",
    IncidentCommand::GiveRole { role: Role::Scribe, person: company::tomo(), given: true }
)]
fn command_line_submits_what_its_key_would(#[case] line: &str, #[case] expected: IncidentCommand) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert_eq!(stage.submitted_commands(), [expected], "{}", stage.screen());
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    assert!(stage.app.inflight.undo.is_some(), "and it can be undone");
}

#[test]
fn beginning_of_two_names_does_nothing() {
    let mut stage = Stage::busy();
    // Of assign and of ask-role.
    stage.type_in_palette("as tomo");
    stage.keys("Enter");
    assert!(palette(&stage).command.is_none(), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
}

#[rstest]
#[case("assign zoe", "nobody is called \"zoe\"")]
#[case("assign tmoo", "did you mean tomo?")]
#[case("snooze soon", "is no time: write 30m, 4h")]
#[case("snooze 2031-05-20 10:00", "that time has passed")]
#[case("recovery soon", "is no time: write 30m, 4h")]
#[case("recovery 2031-05-20 10:00", "that time has passed")]
#[case("priority p7", "is no priority: write p1 to p4, or impact and urgency")]
#[case("priority high", "say the urgency too, as in high medium")]
#[case("move resolved", "is not a later stage, up to monitoring")]
#[case("merge 9999", "INC-9999 is no other open incident")]
#[case("merge x", "is not an incident number")]
#[case("link example.com", "is no URL: it begins with https://")]
#[case("category weather", "there is no category \"weather\"")]
#[case("service chekcout", "there is no service \"chekcout\": did you mean checkout?")]
#[case("service search search", "is there twice")]
#[case("team sails", "there is no team \"sails\"")]
#[case("role king tomo", "is not a role and who has it")]
#[case("escalate 2", "there is no escalation policy for its team")]
#[case("window 5d", "is no window: choose from 24h, 7d, 30d, 90d")]
#[case("go up", "is not an incident number: write it as INC-2041 or 2041")]
#[case("users-affected 1,200", "\"1,200\" is not a number")]
#[case("users-affected 1.200", "\"1.200\" is not a number")]
#[case("users-affected 1 200", "\"1 200\" is not a number")]
#[case("users-affected 12,5%", "\"12,5%\" is not a number")]
#[case("users-affected 5% 6%", "\"5% 6%\" is not a number")]
#[case("close", "resolve it before closing it")]
#[case("undo", "nothing was done in the last 10 s")]
fn error_names_the_accepted_values(#[case] line: &str, #[case] expected: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert_eq!(palette(&stage).input, line, "what was typed is still there");
}

#[rstest]
#[case("link example.com", ArgumentError::NotAUrl("example.com".into()))]
#[case("merge 9999", ArgumentError::NotOpen(IncidentNumber(9999)))]
#[case("merge x", InvalidNumber("x".into()).into())]
#[case("priority high", Problem::UrgencyMissing(Impact::High).into())]
#[case("priority p7", Problem::NotAPriority("p7".into()).into())]
#[case("snooze soon", TimeError::NotATime("soon".into()).into())]
#[case("snooze 2031-05-20 10:00", TimeError::Passed.into())]
#[case("service search search", ArgumentError::List(FieldProblem::Duplicate("search".into())))]
#[case(
    "service chekcout",
    Problem::UnknownName {
        problem: "there is no service",
        text: "chekcout".into(),
        suggestion: "did you mean checkout?".into(),
    }
    .into()
)]
#[case(
    "window 5d",
    ArgumentError::NotAWindow {
        text: "5d".into(),
        accepted: "24h, 7d, 30d, 90d, month, last-month, 2026-03, 2026-03-01..2026-04-01".into(),
    }
)]
#[case(
    "team ",
    ArgumentError::Missing { action: "team", accepted: "a team, or none" }
)]
fn wrong_argument_has_a_typed_reason(#[case] line: &str, #[case] expected: ArgumentError) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert_eq!(palette(&stage).enter_preview, Some(Err(EnterError::Argument(expected))));
}

#[rstest]
#[case("undo")]
#[case("close")]
fn disabled_action_has_a_typed_reason(#[case] line: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    let preview = &palette(&stage).enter_preview;
    assert!(matches!(preview, Some(Err(EnterError::Disabled(_)))), "{preview:?}");
}

#[rstest]
#[case("category")]
#[case("service")]
#[case("team ")]
#[case("window")]
#[case("go")]
fn missing_argument_is_reported(#[case] line: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    let name = line.trim();
    assert_eq!(palette(&stage).input, format!("{name} "), "it goes on to the argument");
    stage.keys("Enter");
    assert!(stage.screen().contains(&format!("! {name} takes ")), "{}", stage.screen());
}

#[rstest]
#[case("assign", "Assign INC-2051")]
#[case("assign ", "Assign INC-2051")]
#[case("snooze", "Snooze INC-2051")]
#[case("note ", "Note on INC-2051")]
#[case("resolve", "Resolve INC-2051")]
#[case("update restored", "checkout: service is restored")]
#[case("copy", "Copy of INC-2051")]
fn command_without_argument_acts_as_its_key(#[case] line: &str, #[case] seen: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert!(stage.screen().contains(seen), "{}", stage.screen());
}

#[rstest]
#[case("assi", "assign ")]
#[case("zo", "zoom")]
#[case("assign tom", "assign tomo")]
#[case("service check", "service checkout")]
#[case("service checkout sea", "service checkout search")]
#[case("move ident", "move identified")]
#[case("priority p2", "prioritize p2")]
#[case("window 30", "window 30d")]
#[case("2048", "2048")]
#[case("copy sum", "copy summary")]
fn command_line_is_completed(#[case] typed: &str, #[case] expected: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(typed);
    stage.keys("Tab");
    assert_eq!(palette(&stage).input, expected);
}

#[test]
fn priority_is_overridden_with_a_reason() {
    let mut stage = Stage::busy();
    stage.type_in_palette("priority p3");
    assert!(stage.screen().contains("Enter override the priority of INC-2051: P3, asks why"));
    stage.keys("Enter");
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("a form:\n{}", stage.screen()) };
    assert_eq!(form.kind, Kind::Override { priority: Priority::P3 });
}

#[test]
fn irreversible_command_asks_for_confirmation() {
    let mut stage = Stage::busy();
    stage.type_in_palette("merge INC-2048");
    assert!(stage.screen().contains("Enter merge INC-2051 into INC-2048, asks first"));
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Confirm(_)), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
    stage.keys("y");
    assert!(matches!(&stage.submitted_commands()[..], [IncidentCommand::Merge { .. }]));
}

#[test]
fn command_acts_on_all_selected_incidents() {
    let mut stage = Stage::busy();
    stage.keys("Space Space");
    stage.type_in_palette("assign tomo");
    assert!(stage.screen().contains("Commands · 2 incidents"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Confirm(_)));
    stage.keys("y");
    // Tomo already owns the second incident.
    assert_eq!(stage.submitted_commands(), [IncidentCommand::Assign { to: tomo() }]);
}

#[test]
fn target_is_fixed_when_the_palette_opens() {
    let mut stage = Stage::busy();
    let id = stage.app.selected().expect("a row").id;
    stage.type_in_palette("own");
    let now = stage.now;
    let (high, new) = (Impact::High, "The vault is open");
    company::declare(&stage.memory, now, 50, new, "vault", high, high, |_| {});
    stage.refresh();
    stage.keys("Enter");
    let Command::Incident { incident, .. } = &stage.submitted[0].command else { panic!() };
    assert_eq!(*incident, id);
}

#[test]
fn number_jumps_to_its_incident() {
    let mut stage = Stage::busy();
    stage.type_in_palette("2048");
    stage.keys("Enter");
    assert_eq!(stage.selected(), "INC-2048");
    stage.type_in_palette("go INC-2050");
    stage.keys("Enter");
    assert_eq!(stage.selected(), "INC-2050");
}

#[test]
fn number_outside_the_queue_is_searched_for() {
    let mut stage = Stage::busy();
    stage.type_in_palette("9999");
    assert!(stage.screen().contains("not in the queue: it is looked for"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.screen().contains("INC-9999"), "{}", stage.screen());
}

#[test]
fn measures_window_is_chosen() {
    let mut stage = Stage::busy();
    stage.type_in_palette("window 30d");
    stage.keys("Enter");
    assert_eq!(stage.app.metrics.span, Span::Month);
    assert!(stage.screen().contains("30 d vs 30 d before"), "{}", stage.screen());
}

#[test]
fn last_used_command_comes_first() {
    let mut stage = Stage::busy();
    for line in ["zoom", "snooze 4h", "note not for a list", "zoom"] {
        stage.type_in_palette(line);
        stage.keys("Enter");
    }
    stage.settle();
    stage.keys(":");
    let lines: Vec<&str> = palette(&stage).choices.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(lines[..2], ["zoom", "snooze 4h"]);
    assert_eq!(lines.iter().filter(|line| **line == "zoom").count(), 1);
    assert!(!lines.contains(&"note not for a list"));
    stage.keys("Esc");
    stage.keys("j :");
    stage.keys("Down Enter");
    assert!(
        matches!(&stage.submitted_commands()[..], [IncidentCommand::Snooze { until }]
            if *until == company::now() + TimeDelta::hours(4)),
        "the same line, on what is selected now: {}",
        stage.screen()
    );
}

#[test]
fn inapplicable_commands_come_last_and_say_why() {
    let mut stage = Stage::busy();
    stage.keys(":");
    let choices = &palette(&stage).choices;
    let first_barred =
        choices.iter().position(|choice| choice.disabled_reason.is_some()).expect("one");
    assert!(choices[first_barred..].iter().all(|choice| choice.disabled_reason.is_some()));
    let close = choices.iter().find(|choice| choice.text == "close").expect("close");
    assert_eq!(close.disabled_reason.as_deref(), Some("resolve it before closing it"));
}

#[rstest]
#[case("clos")]
#[case("reope")]
#[case("close")]
fn prefix_of_a_name_never_runs_another_command(#[case] line: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Palette(_)), "{}", stage.screen());
    assert!(stage.screen().contains("! "), "it says why: {}", stage.screen());
}

#[test]
fn read_only_disables_every_verb() {
    let memory = company::busy(company::now());
    let options = Options { read_only: true, ..options() };
    let mut stage = Stage::with(memory, (126, 36), Depth::Indexed, options);
    stage.connect();
    stage.type_in_palette("assign tomo");
    assert!(stage.screen().contains("! opened read-only"), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.submitted.is_empty());
    stage.keys("^u");
    stage.write("zoom");
    stage.keys("Enter");
    assert!(stage.app.ui.zoomed, "what changes nothing works");
}

#[test]
fn quit_command_works_from_every_pane() {
    let mut stage = Stage::busy();
    stage.keys("z");
    stage.type_in_palette("quit");
    stage.keys("Enter");
    assert!(stage.is_quit);
}

#[test]
fn pasted_line_is_inserted_without_control_characters() {
    let mut stage = Stage::busy();
    stage.keys(":");
    stage.send(Message::Paste("note one\u{1b}[2J\nsecond".into()));
    assert_eq!(palette(&stage).input, "note one[2J");
    assert!(!stage.screen().contains('\u{1b}'));
}

#[rstest]
fn palette_matches_its_snapshots(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let name = |what: &str| format!("palette_{what}_{}x{}", size.0, size.1);
    let mut stage = Stage::busy_at(size);
    stage.keys(":");
    assert_snapshot!(name("all"), stage.screen());
    stage.write("pri");
    assert_snapshot!(name("searched"), stage.screen());
    stage.keys("Tab");
    assert_snapshot!(name("argument"), stage.screen());
    stage.write("p9");
    assert_snapshot!(name("wrong"), stage.screen());
    stage.keys("^u");
    stage.write("205");
    assert_snapshot!(name("numbers"), stage.screen());
}

#[test]
fn note_begun_in_the_palette_continues_in_its_form() {
    let mut stage = Stage::busy();
    stage.type_in_palette("note rolled back");
    stage.keys("Tab");
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("a form:\n{}", stage.screen()) };
    assert_eq!(form.contents(), ["rolled back"]);
    stage.write("\nto v811");
    stage.keys("^s");
    assert_eq!(
        stage.submitted_commands(),
        [IncidentCommand::AddNote { text: "rolled back\nto v811".into() }]
    );
}

#[rstest]
#[case("mine", "own")]
#[case("silence", "snooze")]
#[case("comment", "note")]
#[case("hand over", "assign")]
#[case("hand ov", "assign")]
#[case("history", "history")]
#[case("past", "history")]
#[case("others", "same-service")]
#[case("urgent", "most-urgent")]
fn another_word_for_an_action_finds_it_first(#[case] typed: &str, #[case] expected: &str) {
    let mut stage = Stage::busy();
    stage.type_in_palette(typed);
    assert_eq!(&*palette(&stage).choices[0].text, expected, "{}", stage.screen());
}

#[test]
fn hit_in_a_name_comes_before_any_in_a_description() {
    let mut stage = Stage::busy();
    for typed in ["note", "filter", "service", "queue", "own", "it", "the", "back", "wi"] {
        stage.type_in_palette(typed);
        let choices = &palette(&stage).choices;
        assert!(!choices.is_empty(), "{typed}");
        let in_name = |choice: &redphone::tui::palette::Choice| {
            // A synonym precedes the description.
            !choice.marks.is_empty() || choice.about_marks.first() == Some(&0)
        };
        let first_without = choices.iter().position(|choice| !in_name(choice));
        let rest = &choices[first_without.unwrap_or(choices.len())..];
        assert!(!rest.iter().any(|choice| !choice.marks.is_empty()), "{typed}");
        stage.keys("Esc");
    }
}

#[test]
fn scattered_letters_of_a_description_are_no_hit() {
    let mut stage = Stage::busy();
    for typed in ["mni", "sct", "zqx", "ilence", "omment"] {
        stage.type_in_palette(typed);
        for choice in &palette(&stage).choices {
            let words = format!("{} {}", choice.text, choice.about);
            assert!(words.contains(typed) || !choice.marks.is_empty(), "{typed}: {words}");
        }
        stage.keys("Esc");
    }
}

#[test]
fn beginning_of_a_handle_that_several_people_have_is_refused() {
    let mut stage = Stage::busy();
    let people = stage.app.fetched.directory.as_ref().unwrap().people.clone();
    let begins = |letter: char| people.iter().filter(|p| p.handle.starts_with(letter)).count();
    let shared = ('a'..='z').find(|letter| begins(*letter) > 1);
    let alone = ('a'..='z').find(|letter| begins(*letter) == 1).unwrap();
    stage.type_in_palette(&format!("assign {alone}"));
    stage.keys("Enter");
    let expected = people.iter().find(|person| person.handle.starts_with(alone)).cloned();
    let refused = stage.screen().contains("owns it");
    assert!(refused || stage.submitted_commands() == [IncidentCommand::Assign { to: expected }]);
    let Some(shared) = shared else { return };
    let mut stage = Stage::busy();
    stage.type_in_palette(&format!("assign {shared}"));
    stage.keys("Enter");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("write more of it"), "{}", stage.screen());
}

#[test]
fn ambiguous_beginning_of_a_verb_names_those_that_it_may_be() {
    let mut stage = Stage::busy();
    stage.keys(":");
    stage.write("re zzz");
    let screen = stage.screen();
    assert!(screen.contains("several begin with re: "), "{screen}");
}
