//! The screens of reviews, action items, problems and changes.

use chrono::{NaiveDate, TimeDelta};
use redphone::backend::BackendError;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::Link;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::{
    Actor, ChangeId, Command, IncidentCommand, IncidentId, PersonRef, ProblemId,
};
use redphone::tui::core::message::{Message, Timer};
use redphone::tui::core::state::notices::Toast;
use rstest::rstest;
use uuid::Uuid;

use crate::support::company;
use crate::support::requests::{envelope, ines, resolve};
use crate::support::stage::Stage;

/// The keys that open the screens.
const SCREENS: [&str; 4] = ["g r", "g a", "g p", "g c"];

fn item(number: u128, text: &str, owner: Option<PersonRef>, days: Option<i64>) -> ActionItem {
    let due = days.map(|days| company::now().date_naive() + TimeDelta::days(days));
    let id = Uuid::from_u128(number);
    ActionItem { id, text: text.into(), owner, due, kind: ActionKind::Prevent, done: false }
}

fn record(stage: &Stage, command: Command) {
    let command = redphone::model::Envelope { at: stage.now, ..envelope(command) };
    stage.memory.carry_out(&command).expect("it is right");
}

fn change(number: u128, title: &str, hours: i64, state: ChangeState) -> Command {
    let start = company::now() + TimeDelta::hours(hours);
    let has_ended = !matches!(state, ChangeState::Running | ChangeState::Planned);
    Command::RecordChange(Change {
        id: ChangeId(Uuid::from_u128(number)),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec!["checkout".into(), "payments-gateway".into()],
        by: Actor::Person(ines()),
        starts_at: start,
        ends_at: has_ended.then(|| start + TimeDelta::minutes(12)),
        state,
        url: None,
        approval: None,
        extra: <_>::default(),
    })
}

/// The busy company, with something in each list.
fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    let id = |stage: &Stage, number: u64| stage.incident_id(number);
    let (logins, prices) = (id(&stage, 2048), id(&stage, 2047));
    let problem = Problem {
        id: ProblemId(Uuid::from_u128(0x99)),
        title: "The session store has too few connections".into(),
        state: ProblemState::KnownError,
        services: vec!["auth".into()],
        cause: "The pool has a fixed size.".into(),
        workaround: "Restart the oldest instance.".into(),
        opened_at: company::now() - TimeDelta::days(3),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    record(&stage, Command::RecordProblem(problem));
    record(&stage, change(1, "payments-gateway v44", 20, ChangeState::Planned));
    record(&stage, change(2, "Move the ledger to the new cluster", -1, ChangeState::Running));
    record(&stage, change(3, "checkout v811", -30, ChangeState::RolledBack));
    let write = |section, text: &str| IncidentCommand::WriteReview { section, text: text.into() };
    for (incident, command) in [
        (logins, IncidentCommand::Link { link }),
        (logins, resolve()),
        (prices, write(Section::Summary, "Prices were a day old.")),
        (
            prices,
            IncidentCommand::SetActionItem {
                item: item(1, "Alert on old prices", Some(ines()), Some(-2)),
            },
        ),
        (
            prices,
            IncidentCommand::SetActionItem {
                item: item(2, "Ask the supplier for a feed", None, Some(5)),
            },
        ),
        (
            logins,
            IncidentCommand::SetActionItem { item: item(3, "Size the pool by load", None, None) },
        ),
    ] {
        stage.execute_as_other(incident, command);
    }
    stage
}

#[rstest]
#[case("g r", "state:draft", 2)]
#[case("g a", "state:overdue owner:me", 1)]
#[case("g a", "owner:none", 2)]
#[case("g p", "state:known service:auth", 1)]
#[case("g c", "-state:done service:payments", 3)]
fn lists_are_filtered_by_texts_and_terms(
    #[case] keys: &str,
    #[case] filter: &str,
    #[case] count: usize,
) {
    let mut stage = stage((126, 36));
    stage.keys(keys);
    stage.keys("/");
    stage.write(filter);
    let items = &stage.app.screens.shown().expect("the list").items;
    assert_eq!(items.len(), count, "{}", stage.screen());
}

#[rstest]
#[case("g r")]
#[case("g a")]
#[case("g p Enter")]
fn enter_opens_the_incident_and_back_returns(#[case] keys: &str) {
    let mut stage = stage((126, 36));
    stage.keys(keys);
    let key = |stage: &Stage| {
        let shown = stage.app.screens.shown().expect("the list");
        shown.selected_item().expect("an item").key.clone()
    };
    let before = key(&stage);
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_none() && stage.app.reading.target.is_some());
    stage.keys("Esc");
    assert_eq!(key(&stage), before);
}

#[rstest]
fn failing_list_says_why_and_what_was_read_stays(#[values(0, 1, 2, 3)] screen: usize) {
    let gone = || Some(BackendError::Unreachable("the API is gone".into()));
    let mut stage = stage((126, 36));
    stage.memory.fail(gone());
    stage.keys(SCREENS[screen]);
    assert!(stage.screen().contains("the API is gone"), "{}", stage.screen());
    stage.memory.fail(None);
    stage.keys("R");
    let items = stage.app.screens.shown().expect("the list").items.len();
    assert!(items > 0, "{}", stage.screen());
    stage.memory.fail(gone());
    stage.keys("R");
    assert!(stage.screen().contains("not read since"), "{}", stage.screen());
    assert_eq!(stage.app.screens.shown().expect("the list").items.len(), items);
}

#[test]
fn finished_item_goes_to_the_end_of_the_list() {
    let mut stage = stage((126, 36));
    stage.keys("g a");
    let first = |stage: &Stage| {
        let shown = stage.app.screens.shown().expect("the list");
        shown.items.first().expect("an item").text.clone()
    };
    assert!(first(&stage).starts_with("Alert on old prices"), "{}", stage.screen());
    let mut done = item(1, "Alert on old prices", Some(ines()), Some(-2));
    done.done = true;
    let prices: IncidentId = stage.incident_id(2047);
    stage.execute_as_other(prices, IncidentCommand::SetActionItem { item: done });
    stage.send(Message::Elapsed(Timer::Screen));
    assert!(first(&stage).starts_with("Ask the supplier"), "{}", stage.screen());
}

#[test]
fn lists_are_copied_as_text() {
    let mut stage = stage((126, 36));
    stage.keys("g a y a");
    let text = stage.copied.last().expect("a text").clone();
    assert_eq!(text.lines().count(), 3, "{text}");
    let day: NaiveDate = company::now().date_naive() - TimeDelta::days(2);
    assert!(text.contains(&format!("due {day}, overdue")), "{text}");
}

#[test]
fn contributing_factors_are_counted_in_all_reviews() {
    let mut stage = stage((126, 36));
    for (number, factors) in [(2047, "Config, capacity"), (2048, "config")] {
        let id = stage.incident_id(number);
        let write =
            IncidentCommand::WriteReview { section: Section::Factors, text: factors.into() };
        stage.execute_as_other(id, write);
    }
    stage.keys("g r");
    assert!(stage.screen().contains("Factors: config 2 · capacity 1"), "{}", stage.screen());
    stage.keys("/");
    stage.write("factor:capacity");
    assert!(stage.screen().contains("Factors: capacity 1 · config 1"), "{}", stage.screen());
}

#[rstest]
#[case("g s", "nor silences of amtool · n creates one")]
#[case("g m", "in the settings or of their own · A adds one of yours")]
#[case("g t", "notify the people they call · g m shows how")]
#[case("g p", "an incident is linked to one · +")]
#[case("g a", "with the review of an incident · V on an incident opens it")]
fn empty_list_names_the_key_that_helps(#[case] keys: &str, #[case] expected: &str) {
    let mut stage = Stage::busy_at((126, 36));
    stage.keys(keys);
    let screen = stage.screen();
    assert!(screen.contains(expected), "{screen}");
    assert!(!screen.contains("0/0"), "it has no position: {screen}");
}

#[rstest]
// 76 or 86 columns, less day (10), owner (16), number (10) and three gaps.
#[case((80, 24), 34)]
#[case((90, 24), 44)]
fn action_items_have_the_room_that_is_free(#[case] size: (u16, u16), #[case] room: usize) {
    let mut stage = stage(size);
    let text = "x".repeat(120);
    let prices: IncidentId = stage.incident_id(2047);
    let long = item(9, &text, Some(ines()), Some(1));
    stage.execute_as_other(prices, IncidentCommand::SetActionItem { item: long });
    stage.keys("g a");
    let shown = format!("{}…", "x".repeat(room - 1));
    assert!(stage.screen().contains(&format!(" {shown} ")), "{}", stage.screen());
}

#[rstest]
#[case::verb_of_an_incident("g f", "a", "acknowledge is for an incident · Enter opens it")]
#[case::verb_where_enter_shows_details("g c", "a", "acknowledge is for the panes · Esc goes back")]
#[case::span_of_time("g f", "[", "this list has no span of time")]
#[case::nothing_selected("g s", "e", "no maintenance window is selected")]
#[case::for_other_lists("g f", "+", "no problems and no recurring faults are on the screen")]
#[case::bound_nowhere("g f", "~", "~ does nothing here · ? shows the keys")]
fn key_that_does_nothing_on_a_list_is_explained(
    #[case] screen: &str,
    #[case] key: &str,
    #[case] expected: &str,
) {
    let mut stage = stage((126, 36));
    stage.keys(screen);
    stage.keys(key);
    assert_eq!(stage.keys_line(), format!("!  {expected}"));
    assert!(stage.app.screens.shown().is_some() && stage.submitted.is_empty());
}

#[test]
fn error_that_is_longer_than_the_line_is_read_to_its_end() {
    let mut stage = Stage::busy_at((40, 12));
    let text = "the team has no policy: set the team (c), or add a policy to the settings";
    stage.app.notices.toast = Some(Toast { text: text.into(), is_error: true });
    let screen = stage.screen();
    let rows: Vec<&str> = screen.lines().collect();
    // 39 columns, less those of the mark and one.
    assert_eq!(rows[9].trim_end(), " !  the team has no policy: set the");
    assert_eq!(rows[10].trim_end(), "    team (c), or add a policy to the");
    assert_eq!(rows[11].trim_end(), "    settings");
    stage.keys("j");
    assert!(stage.keys_line().contains("? help"), "{}", stage.screen());
}

#[test]
fn key_that_does_nothing_in_the_panes_is_explained() {
    let mut stage = Stage::busy();
    stage.keys("~");
    assert_eq!(stage.keys_line(), "!  ~ does nothing here · ? shows the keys");
}

#[rstest]
fn way_out_of_a_list_is_named_at_every_size(
    #[values((200, 60), (126, 36), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
    #[values("g o", "g f", "g h", "g r", "g a", "g p", "g c", "g t", "g m", "g s", "g N", "g v")]
    keys: &str,
) {
    let mut stage = stage(size);
    stage.keys(keys);
    assert!(stage.keys_line().contains("Esc back"), "{}", stage.screen());
}

#[rstest]
#[case("g f")]
#[case("g r")]
#[case("g a")]
#[case("g p")]
#[case("g c")]
#[case("g o")]
fn same_key_copies_the_selected_row_of_each_list(#[case] keys: &str) {
    let mut stage = stage((126, 36));
    stage.keys(keys);
    stage.keys("y t");
    assert_eq!(stage.copied.len(), 1, "{}", stage.screen());
}
