//! Problems in the panes: one with its incidents, its form, the one behind a fault that recurs; hints; and
//! the calendar of changes.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use redphone::backend::Similar;
use redphone::backend::lists::{IncidentBrief, Suspicion};
use redphone::model::change::{Change, ChangeApproval, ChangeKind, ChangeState};
use redphone::model::command::Link;
use redphone::model::known_error::KnownError;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::status::Category;
use redphone::model::{Actor, ChangeId, Command, Envelope, Impact, IncidentCommand, ProblemId};
use redphone::sync::Sourced;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::screens::{ListItem, ScreenData, ScreenKind};
use rstest::rstest;
use uuid::Uuid;

use crate::support::company;
use crate::support::memory::Memory;
use crate::support::requests::{envelope, ines};
use crate::support::stage::Stage;

fn id() -> ProblemId {
    ProblemId(Uuid::from_u128(0x99))
}

fn problem() -> Problem {
    let opened_at = company::now() - TimeDelta::days(3);
    let problem = Problem::new(id(), "The session store has too few connections", opened_at);
    Problem {
        services: vec!["auth".into()],
        cause: "The pool has a fixed size.".into(),
        owner: Some(ines()),
        ..problem
    }
}

fn record(stage: &Stage, command: Command) {
    let command = Envelope { at: stage.now, ..envelope(command) };
    stage.memory.carry_out(&command).expect("it is right");
}

/// The busy company with a problem to which INC-2048 links.
fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    record(&stage, Command::RecordProblem(problem()));
    let link = Link::Problem { id: id(), title: problem().title };
    let incident = stage.incident_id(2048);
    stage.execute_as_other(incident, IncidentCommand::Link { link });
    stage
}

fn shown(stage: &Stage) -> Option<ScreenKind> {
    stage.app.screens.shown().map(|screen| screen.kind)
}

/// Returns the problem as it would be sent.
fn sent(stage: &Stage) -> Problem {
    let mut problems = stage.submitted.iter().filter_map(|envelope| match &envelope.command {
        Command::RecordProblem(problem) => Some(problem.clone()),
        _ => None,
    });
    problems.next_back().expect("a problem is sent")
}

#[rstest]
fn problem_is_read_with_its_incidents(#[values((200, 60), (126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = stage(size);
    stage.keys("g p");
    assert!(stage.screen().contains("The session store has too few"), "{}", stage.screen());
    stage.keys("Enter");
    assert_eq!(shown(&stage), Some(ScreenKind::Problem));
    let screen = stage.screen();
    for expected in ["INC-2048", "The pool has a fixed size.", "Ines Moreau"] {
        assert!(screen.contains(expected), "{expected}\n{screen}");
    }
    stage.keys("Enter");
    assert_eq!(stage.app.reading.target, Some(stage.incident_id(2048)));
    // Back to the problem, to the list, and to the panes.
    for expected in [Some(ScreenKind::Problem), Some(ScreenKind::Problems), None] {
        stage.keys("Esc");
        assert_eq!(shown(&stage), expected);
    }
}

#[rstest]
fn problem_without_incidents_is_read_as_well(
    #[values((200, 60), (126, 36), (80, 24), (60, 20))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    record(&stage, Command::RecordProblem(problem()));
    stage.keys("g p Enter");
    assert_eq!(shown(&stage), Some(ScreenKind::Problem));
    let screen = stage.screen();
    for expected in ["The pool has a fixed size.", "Ines Moreau", "No incident links to it"] {
        assert!(screen.contains(expected), "{expected}\n{screen}");
    }
}

#[test]
fn list_stays_in_sight_below_a_long_problem() {
    let mut stage = Stage::busy_at((40, 12));
    let cause = "The pool has a fixed size, which was right for one instance. ".repeat(9);
    record(&stage, Command::RecordProblem(Problem { cause, ..problem() }));
    let link = Link::Problem { id: id(), title: problem().title };
    let incident = stage.incident_id(2048);
    stage.execute_as_other(incident, IncidentCommand::Link { link });
    stage.keys("g p Enter");
    assert!(stage.screen().contains("INC-2048"), "{}", stage.screen());
}

#[rstest]
#[case::in_the_list("g p i")]
#[case::on_its_screen("g p Enter i")]
fn form_changes_the_problem(#[case] keys: &str) {
    let mut stage = stage((126, 36));
    stage.keys(keys);
    assert_eq!(stage.form().value("Title"), problem().title);
    assert_eq!(stage.form().value("Owner"), "Ines Moreau");
    stage.focus_field("Workaround");
    stage.write("Restart the oldest instance.");
    stage.keys("^s");
    let change = sent(&stage);
    assert_eq!(change.workaround, "Restart the oldest instance.");
    assert_eq!((change.cause, change.owner), (problem().cause, Some(ines())));
    assert_eq!(stage.submitted[0].expected_seq, Some(1));
    stage.settle();
    let screen = stage.app.screens.shown().expect("the screen").data.clone();
    let ScreenData::Problems(rows) = screen else { panic!("{screen:?}") };
    assert_eq!(rows[0].problem.workaround, "Restart the oldest instance.");
    assert_eq!(rows[0].problem.revision, 2);
}

#[test]
fn form_without_a_change_sends_nothing() {
    let mut stage = stage((126, 36));
    stage.keys("g p i ^s");
    assert!(stage.submitted.is_empty());
    assert_eq!(stage.form().notice.as_deref(), Some("nothing was changed"));
}

#[test]
fn problem_is_recorded_apart_from_incidents() {
    let mut stage = stage((126, 36));
    stage.keys("g p +");
    stage.write("Certificates end unseen");
    stage.keys("^s");
    let new = sent(&stage);
    assert_eq!((new.title.as_str(), new.state), ("Certificates end unseen", ProblemState::Open));
    assert_eq!(stage.submitted.len(), 1);
    stage.settle();
    assert!(stage.screen().contains("Certificates end unseen"), "{}", stage.screen());
}

#[test]
fn accepted_cause_without_workaround_is_refused_in_its_field() {
    let mut stage = stage((126, 36));
    stage.keys("g p i");
    stage.focus_field("State");
    stage.keys("Right");
    assert_eq!(stage.form().value("State"), "known error");
    stage.keys("^s");
    assert!(stage.submitted.is_empty());
    let field = stage.form().field("Workaround").expect("the field");
    assert!(field.error.is_some());
}

/// The busy company, with two incidents of a service that has no others.
fn recurring() -> Memory {
    let memory = company::busy(company::now());
    let (now, high) = (company::now(), Impact::High);
    for (minutes, title, category) in
        [(30, "Pay is slow", Category::Performance), (3, "Pay is broken again", Category::Security)]
    {
        company::declare(&memory, now, minutes, title, "zebra", high, high, |declaration| {
            declaration.category = Some(category);
        });
    }
    memory
}

/// Opens the panes with the later of the two selected.
fn later(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open(recurring(), size);
    stage.keys("/");
    stage.write("broken");
    stage.keys("Enter");
    stage.settle();
    stage
}

#[test]
fn fault_that_recurs_becomes_a_problem_in_two_keys() {
    let mut stage = later((126, 36));
    stage.keys("P");
    stage.settle();
    // The memory knows no fingerprints: the list is made that of a store.
    let other = stage.incident_id(2048);
    let screen = stage.app.screens.open.as_deref_mut().expect("the list");
    let ScreenData::Similar(found) = &mut screen.data else { panic!("a list of incidents") };
    let first = found.similar.first().expect("the earlier one").clone();
    found.similar =
        [first.id, other].map(|id| Similar { id, same_fault: true, ..first.clone() }).to_vec();
    // Three orders lead back to the first one, with the items recomputed.
    stage.keys("S S S");
    let items = &stage.app.screens.shown().expect("the list").items;
    let listed: Vec<String> = items.iter().map(|item| item.key.clone()).collect();
    assert_eq!(listed.len(), 2);
    stage.keys("+");
    assert_eq!(stage.form().value("Title"), "Pay is slow");
    assert_eq!(stage.form().field("Services").expect("it").entered_names(), ["zebra"]);
    stage.keys("^s");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    let problem = sent(&stage);
    let linked: Vec<_> = stage
        .submitted
        .iter()
        .filter_map(|envelope| match &envelope.command {
            Command::Incident { incident, command, .. } => {
                Some((incident.to_string(), command.clone()))
            }
            _ => None,
        })
        .collect();
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    let expected = listed.into_iter().map(|id| (id, IncidentCommand::Link { link: link.clone() }));
    assert_eq!(linked, expected.collect::<Vec<_>>());
}

/// Replaces the record that is read.
fn reread(stage: &mut Stage, change: impl FnOnce(&mut redphone::backend::Detail)) {
    let shown = stage.app.reading.shown.clone().expect("it is read");
    let mut detail = (*shown.detail).clone();
    change(&mut detail);
    let read = Sourced::fresh((detail, (*shown.events).clone()));
    stage.send(Message::Detail(shown.id, Ok(Box::new(read)), stage.now));
}

#[test]
fn accepted_cause_stands_on_the_record_and_is_linked() {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys("Enter");
    let error = KnownError {
        problem: id(),
        title: "Too few connections".into(),
        workaround: "restart the oldest".into(),
        same_fault: 2,
        alike: 0,
    };
    reread(&mut stage, |detail| detail.known_errors = vec![error]);
    let screen = stage.screen();
    assert!(screen.contains("Too few connections · restart the oldest"), "{screen}");
    stage.keys("l k");
    let link = Link::Problem { id: id(), title: "Too few connections".into() };
    assert_eq!(stage.submitted_commands(), [IncidentCommand::Link { link }]);
}

#[test]
fn hint_of_similar_incidents_is_followed_by_a_key() {
    let mut stage = later((126, 36));
    stage.keys("Enter");
    stage.settle();
    reread(&mut stage, |detail| {
        for similar in &mut detail.similar {
            similar.same_fault = true;
            similar.category = Some(Category::Performance);
        }
        assert!(!detail.similar.is_empty());
    });
    assert!(stage.screen().contains("[I sets it]"), "{}", stage.screen());
    stage.keys("I");
    let category = Some(Category::Performance);
    assert_eq!(stage.submitted_commands(), [IncidentCommand::Categorize { category }]);
}

fn change(number: u128, title: &str, hours: i64, state: ChangeState) -> Change {
    let starts_at = company::now() + TimeDelta::hours(hours);
    let is_over = matches!(state, ChangeState::Done | ChangeState::Failed);
    Change {
        id: ChangeId(Uuid::from_u128(number)),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec!["checkout".into()],
        by: Actor::Person(ines()),
        starts_at,
        ends_at: is_over.then(|| starts_at + TimeDelta::minutes(12)),
        state,
        url: None,
        approval: (state == ChangeState::Planned).then_some(ChangeApproval::Requested),
        extra: <_>::default(),
    }
}

#[test]
fn calendar_has_the_changes_by_day() {
    let mut stage = Stage::busy_at((126, 36));
    for one in [
        change(1, "payments-gateway v44", 40, ChangeState::Planned),
        change(2, "checkout v811", -1, ChangeState::Failed),
        change(3, "checkout v700", -24 * 40, ChangeState::Done),
    ] {
        record(&stage, Command::RecordChange(one));
    }
    stage.keys("g c");
    let count = |stage: &Stage| stage.app.screens.shown().expect("the list").items.len();
    let all = count(&stage);
    stage.keys("S S S");
    let screen = stage.screen();
    assert!(screen.contains("planned, requested") && screen.contains("1 failed"), "{screen}");
    assert!(screen.contains("today"), "{screen}");
    assert!(!screen.contains("checkout v700") && count(&stage) < all, "{screen}");
    // The window is moved by weeks.
    stage.keys("[ [ [ [ [");
    assert!(stage.screen().contains("checkout v700"), "{}", stage.screen());
}

/// The clock shows 22:41: the change began yesterday at 20:41 and ends tomorrow at 00:41, and the
/// one that runs without an end began before these two weeks.
#[test]
fn calendar_has_a_change_on_each_of_its_days() {
    let mut stage = Stage::busy_at((126, 36));
    let long = Change {
        ends_at: Some(company::now() + TimeDelta::hours(2)),
        ..change(1, "migration of orders-db", -26, ChangeState::Done)
    };
    let endless = change(2, "rollout of the new login", -24 * 9, ChangeState::Running);
    record(&stage, Command::RecordChange(long));
    record(&stage, Command::RecordChange(endless));
    stage.keys("g c S S S");
    let shown = |stage: &Stage, title: &str| -> Vec<(String, String)> {
        let list = stage.app.screens.shown().expect("the list");
        let items = list.items.iter().filter(|item| item.text.contains(title));
        let day = |section: &str| section.split(' ').nth(1).unwrap_or_default().to_owned();
        let parts = |item: &ListItem| {
            (day(item.section.as_deref().unwrap_or_default()), item.notes.join(""))
        };
        items.map(parts).collect()
    };
    let expected = [("05-19", "day 1/3"), ("05-20", "day 2/3"), ("05-21", "day 3/3")];
    let expected = expected.map(|(day, note)| (format!("2031-{day}"), note.to_owned()));
    assert_eq!(shown(&stage, "migration"), expected);
    // It runs since the 11th: the third of its days is the first of the calendar.
    let days = shown(&stage, "rollout");
    assert_eq!(days.first().map(|(day, note)| (&**day, &**note)), Some(("2031-05-13", "day 3")));
    assert_eq!(days.last().map(|(day, note)| (&**day, &**note)), Some(("2031-05-20", "day 10")));
    let keys: BTreeSet<&String> =
        stage.app.screens.shown().expect("the list").items.iter().map(|item| &item.key).collect();
    assert_eq!(keys.len(), stage.app.screens.shown().expect("the list").items.len());
    stage.keys("G");
    assert!(stage.screen().contains("day 3/3 migration of orders-db"), "{}", stage.screen());
    // In another order it is one change.
    stage.keys("[ S S");
    assert_eq!(shown(&stage, "migration").len(), 1);
}

#[test]
fn calendar_has_all_changes_of_its_days() {
    let mut stage = Stage::busy_at((126, 36));
    for number in 1_000..1_120 {
        let one = change(number, "planned", 24 * 40, ChangeState::Planned);
        record(&stage, Command::RecordChange(one));
    }
    let one = change(200, "checkout v811", -24, ChangeState::Done);
    record(&stage, Command::RecordChange(one));
    stage.keys("g c S S S");
    let screen = stage.screen();
    assert!(screen.contains("checkout v811") && !screen.contains("planned"), "{screen}");
}

#[rstest]
fn calendar_shows_today_at_every_size(
    #[values((200, 60), (126, 36), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
) {
    let mut stage = Stage::busy_at(size);
    stage.keys("g c S S S");
    let screen = stage.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let row = lines.iter().position(|line| line.contains("20*")).expect("today");
    let column = lines[row].split("20*").next().map_or(0, |before| before.chars().count());
    // The number of its changes is below it, so that it is not read as a day.
    let below = lines.get(row + 1).and_then(|line| line.chars().nth(column));
    assert!(below.is_some_and(|ch| ch == '·' || ch.is_ascii_digit()), "{screen}");
}

#[rstest]
#[case((40, 12), "failed: checkout v811")]
#[case((60, 20), "failed       checkout v811")]
fn failed_change_stands_out_at_every_size(#[case] size: (u16, u16), #[case] expected: &str) {
    let mut stage = Stage::busy_at(size);
    let one = change(1, "checkout v811", -1, ChangeState::Failed);
    record(&stage, Command::RecordChange(one));
    stage.keys("g c");
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn calendar_without_changes_says_how_it_is_moved() {
    let mut stage = Stage::busy_at((126, 36));
    let one = change(1, "payments-gateway v44", 40, ChangeState::Planned);
    record(&stage, Command::RecordChange(one));
    stage.keys("g c ] ] ] ] ]");
    let screen = stage.screen();
    assert!(screen.contains("There is no change in these two weeks · [ goes back"), "{screen}");
    stage.keys("[ [ [ [ [");
    assert!(stage.screen().contains("payments-gateway v44"), "{}", stage.screen());
}

#[rstest]
#[case(1)]
#[case(2)]
fn change_leads_to_the_incidents_of_which_it_is_suspected(#[case] count: usize) {
    let mut stage = Stage::busy_at((126, 36));
    record(&stage, Command::RecordChange(change(2, "checkout v811", 1, ChangeState::Running)));
    stage.keys("g c");
    let rows: Vec<IncidentBrief> = stage
        .app
        .fetched
        .snapshot
        .iter()
        .flat_map(|snapshot| &snapshot.rows)
        .take(count)
        .map(|row| IncidentBrief::from(&**row))
        .collect();
    let screen = stage.app.screens.open.as_deref_mut().expect("the list");
    let selected = screen.selected_item().expect("a change").index;
    let ScreenData::Changes(changes, suspicions) = &mut screen.data else { panic!("changes") };
    suspicions.push(Suspicion {
        change: changes[selected].id,
        incident_count: u32::try_from(count).expect("few"),
        incidents: rows.clone(),
    });
    assert!(stage.screen().contains(&rows[0].label()), "{}", stage.screen());
    stage.keys("Enter");
    assert!(stage.screen().contains("Suspect of"), "{}", stage.screen());
    stage.keys("Enter");
    if count > 1 {
        assert!(matches!(stage.app.ui.mode, Mode::Pick(_)));
        stage.keys("Enter");
    }
    assert_eq!(stage.app.reading.target, Some(rows[0].id));
    stage.keys("Esc");
    assert_eq!(shown(&stage), Some(ScreenKind::Changes));
}
