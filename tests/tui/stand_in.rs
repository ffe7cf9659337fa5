//! Taking the pager on the screen on call, and giving it back.

use chrono::TimeDelta;
use redphone::backend::BackendError;
use redphone::model::administration::AdministrationChange;
use redphone::model::directory::TeamOverride;
use redphone::model::id::CoverId;
use redphone::model::oncall::{Cover, CoverAnswer, Override, TimeSpan};
use redphone::sync::remote::OutboxSnapshot;
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::core::mode::Mode;
use redphone::tui::picker::Pick;
use rstest::rstest;

use super::oncall::directory;
use crate::support::stage::Stage;

/// The screen on call, with the selection on a team by its position.
fn stage(downs: usize) -> Stage {
    let mut stage = Stage::busy();
    let directory = directory(stage.now);
    stage.set_directory(directory);
    stage.keys("g o");
    for _ in 0..downs {
        stage.keys("j");
    }
    stage
}

const PAYMENTS: usize = 0;
const PLATFORM: usize = 1;
const SECURITY: usize = 3;

/// The override with which the viewer replaces Léa until her turn ends.
fn expected(stage: &Stage) -> TeamOverride {
    let span = Override {
        person: "ines".into(),
        from: stage.now,
        to: stage.now + TimeDelta::hours(11),
        covers: Some("lea".into()),
    };
    TeamOverride { team: "platform".into(), span }
}

#[test]
fn pager_changes_after_a_question_and_back() {
    let mut stage = stage(PLATFORM);
    stage.keys("t");
    let screen = stage.screen();
    assert!(screen.contains("Take the pager of platform?"), "{screen}");
    assert!(screen.contains("You stand in for Léa Fontanel until We 09:41."), "{screen}");
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::ConfirmStandIn(_)), "Enter says nothing");
    assert!(stage.administered.is_empty());
    stage.keys("y");
    let added = AdministrationChange::AddOverride(expected(&stage));
    assert_eq!(stage.administered.pop().expect("a request").change, added);
    assert!(stage.screen().contains("you are on call for platform now"), "{}", stage.screen());
    stage.refresh_directory();
    let screen = stage.screen();
    let line = screen.lines().find(|line| line.contains("platform")).expect("the team");
    assert!(line.contains("◆ Ines More"), "{line}");

    stage.keys("t");
    assert!(stage.screen().contains("you are on call for platform already"), "{}", stage.screen());
    stage.app.notices.toast = None;
    assert!(stage.keys_line().contains("give it back"), "{}", stage.keys_line());
    stage.keys("u");
    let screen = stage.screen();
    assert!(screen.contains("Give back the pager of platform?"), "{screen}");
    assert!(screen.contains("By the schedule Léa Fontanel is on call."), "{screen}");
    stage.keys("y");
    let removed = AdministrationChange::RemoveOverride(expected(&stage));
    assert_eq!(stage.administered.pop().expect("a request").change, removed);
    stage.refresh_directory();
    stage.app.notices.toast = None;
    assert!(!stage.keys_line().contains("give it back"), "{}", stage.keys_line());
}

#[test]
fn no_leaves_everything_as_it_is() {
    let mut stage = stage(PLATFORM);
    stage.keys("t n");
    assert!(stage.administered.is_empty());
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[rstest]
#[case(PAYMENTS, "t", "you are on call for payments already")]
#[case(PAYMENTS, "u", "you do not stand in for anybody on payments now")]
#[case(SECURITY, "t", "security has no on-call schedule, so there is no pager to take")]
#[case(SECURITY, "s", "security has no on-call schedule, so there is no pager to take")]
fn refusal_says_why(#[case] team: usize, #[case] key: &str, #[case] expected: &str) {
    let mut stage = stage(team);
    stage.keys(key);
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[test]
fn turn_without_an_end_needs_the_command_line() {
    let mut stage = stage(PLATFORM);
    let mut directory = stage.memory.directory_now();
    directory.schedules[1].rotation = vec!["lea".into()];
    stage.set_directory(directory);
    stage.keys("t");
    assert!(stage.screen().contains("the schedule platform never changes"), "{}", stage.screen());
}

#[test]
fn read_only_panes_do_not_change_who_is_on_call() {
    let mut stage = stage(PLATFORM);
    stage.app.session.read_only = true;
    stage.keys("t");
    assert!(stage.screen().contains("opened read-only"), "{}", stage.screen());
}

#[test]
fn unreachable_api_refuses_and_nothing_is_queued() {
    let mut stage = stage(PLATFORM);
    stage.learn(BackendUpdate::Outbox(OutboxSnapshot::default().into()));
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: stage.now,
        error: BackendError::Unreachable("the API is gone".into()),
        retry_at: stage.now + TimeDelta::seconds(8),
    }));
    stage.keys("t");
    assert!(stage.screen().contains("the API can't be reached"), "{}", stage.screen());
    assert!(stage.administered.is_empty() && stage.submitted.is_empty());
}

#[rstest]
#[case(BackendError::NotAllowed("the token may not do this".into()), "the token may not do this")]
#[case(BackendError::Unreachable("no answer".into()), "whether it was done shows")]
fn refused_change_says_why(#[case] error: BackendError, #[case] expected: &str) {
    let mut stage = stage(PLATFORM);
    stage.memory.fail(Some(error));
    stage.keys("t y");
    assert!(stage.screen().contains("taking the pager of platform"), "{}", stage.screen());
    stage.keys("!");
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert!(stage.app.inflight.stand_in.is_none(), "it can be tried again");
}

#[test]
fn question_comes_again_if_somebody_else_was_faster() {
    let mut stage = stage(PLATFORM);
    stage.keys("t");
    let mut directory = stage.memory.directory_now();
    directory.schedules[1].overrides.push(Override {
        person: "omar".into(),
        from: stage.now,
        to: stage.now + TimeDelta::hours(2),
        covers: None,
    });
    stage.set_directory(directory);
    stage.keys("y");
    assert!(stage.administered.is_empty());
    assert!(stage.screen().contains("You stand in for Omar Haddadi"), "{}", stage.screen());
    stage.keys("y");
    assert_eq!(stage.administered.len(), 1);
}

#[test]
fn details_list_the_overrides() {
    let mut stage = stage(PAYMENTS);
    let mut directory = stage.memory.directory_now();
    directory.schedules[0].overrides.push(Override {
        person: "tomo".into(),
        from: stage.now + TimeDelta::days(60),
        to: stage.now + TimeDelta::days(61),
        covers: Some("omar".into()),
    });
    stage.set_directory(directory);
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("Overrides"), "{screen}");
    assert!(screen.contains("Tomo Hayashi for Omar Haddadi"), "{screen}");
}

#[test]
fn keys_of_the_pager_do_nothing_on_other_screens() {
    let mut stage = Stage::busy();
    stage.keys("g f t u");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    assert!(stage.administered.is_empty());
}

#[test]
fn cover_is_requested_and_withdrawn_by_keys() {
    let mut stage = stage(PAYMENTS);
    stage.keys("c");
    let screen = stage.screen();
    assert!(screen.contains("Do you want cover on payments?"), "{screen}");
    assert!(screen.contains("You are on call as before until somebody accepts."), "{screen}");
    stage.keys("y");
    let change = stage.administered.pop().expect("a request").change;
    let AdministrationChange::RequestCover(cover) = change else { panic!("{change:?}") };
    assert_eq!((cover.schedule.as_str(), cover.person.as_str()), ("payments", "ines"));
    assert_eq!(cover.from, stage.now);
    stage.refresh_directory();
    stage.app.notices.toast = None;
    assert!(stage.screen().contains("Ines Moreau wants cover for payments"), "{}", stage.screen());
    stage.keys("x");
    assert!(stage.screen().contains("Do you want no cover on payments any more?"));
    stage.keys("y");
    let change = stage.administered.pop().expect("a request").change;
    assert!(
        matches!(change, AdministrationChange::WithdrawCover(ref answer) if answer.id == cover.id)
    );
    stage.refresh_directory();
    stage.app.notices.toast = None;
    assert!(!stage.screen().contains("wants cover"), "{}", stage.screen());
}

#[test]
fn swap_is_offered_for_a_shift_of_somebody_else() {
    let mut stage = stage(PAYMENTS);
    stage.keys("s");
    let Mode::Pick(picker) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
    let Pick::Swap(shift) = picker.items[0].pick.clone() else { panic!("{:?}", picker.items) };
    assert!(picker.items.len() <= 9);
    assert_ne!(shift.person, "ines");
    assert!(shift.span.from > stage.now);
    stage.keys("1");
    let screen = stage.screen();
    assert!(screen.contains("Offer a swap on payments?"), "{screen}");
    assert!(screen.contains("In return you are on call for"), "{screen}");
    assert!(stage.administered.is_empty(), "it asks first");
    stage.keys("y");
    let change = stage.administered.pop().expect("a request").change;
    let AdministrationChange::RequestCover(cover) = change else { panic!("{change:?}") };
    assert_eq!((cover.person.as_str(), cover.in_return), ("ines", Some(shift.span)));
    assert_eq!(cover.from, stage.now);
}

#[test]
fn swap_for_a_shift_that_has_changed_is_not_offered() {
    let mut stage = stage(PAYMENTS);
    stage.keys("s 1");
    let Mode::ConfirmStandIn(question) = &stage.app.ui.mode else { panic!("{}", stage.screen()) };
    let shift = question.change.swap().expect("a shift");
    let mut directory = stage.memory.directory_now();
    directory.schedules[0].overrides.push(Override {
        person: "ines".into(),
        from: shift.span.from,
        to: shift.span.to,
        covers: None,
    });
    stage.set_directory(directory);
    stage.keys("y");
    assert!(stage.administered.is_empty());
    assert!(stage.screen().contains("is another one by now"), "{}", stage.screen());
}

#[test]
fn cover_of_another_is_accepted_by_keys() {
    let mut stage = stage(PAYMENTS);
    let mut directory = stage.memory.directory_now();
    let from = stage.now + TimeDelta::days(8);
    let span = TimeSpan { from, to: from + TimeDelta::days(1) };
    let cover = Cover::new(CoverId::new(), "payments", "omar", span);
    directory.covers.push(Cover { note: Some("wedding".into()), ..cover.clone() });
    stage.set_directory(directory);
    stage.keys("v");
    let screen = stage.screen();
    assert!(screen.contains("Stand in for Omar Haddadi on payments?"), "{screen}");
    assert!(screen.contains("wedding"), "{screen}");
    stage.keys("y");
    let change = stage.administered.pop().expect("a request").change;
    let expected = CoverAnswer { id: cover.id, schedule: "payments".into(), person: "ines".into() };
    assert_eq!(change, AdministrationChange::AcceptCover(expected));
}

#[test]
fn cover_of_another_is_declined_by_keys() {
    let mut stage = stage(PAYMENTS);
    let mut directory = stage.memory.directory_now();
    let from = stage.now + TimeDelta::days(8);
    let span = TimeSpan { from, to: from + TimeDelta::days(1) };
    let cover = Cover::new(CoverId::new(), "payments", "omar", span);
    directory.covers.push(cover.clone());
    stage.set_directory(directory);
    assert!(stage.keys_line().contains("decline"), "{}", stage.keys_line());
    stage.keys("d");
    let screen = stage.screen();
    assert!(screen.contains("Do not stand in for Omar Haddadi on payments?"), "{screen}");
    stage.keys("y");
    let change = stage.administered.pop().expect("a request").change;
    let expected = CoverAnswer { id: cover.id, schedule: "payments".into(), person: "ines".into() };
    assert_eq!(change, AdministrationChange::DeclineCover(expected));
    stage.refresh_directory();
    stage.app.notices.toast = None;
    assert!(!stage.keys_line().contains("decline"), "{}", stage.keys_line());
    stage.keys("d");
    let screen = stage.screen();
    assert!(screen.contains("you have declined to cover on payments already"), "{screen}");
    // A person who has declined may still accept.
    stage.keys("v");
    assert!(stage.screen().contains("Stand in for Omar Haddadi on payments?"));
}

#[test]
fn swap_for_a_shift_of_somebody_else_is_not_accepted() {
    let mut stage = stage(PAYMENTS);
    let mut directory = stage.memory.directory_now();
    let from = stage.now + TimeDelta::days(8);
    let span = TimeSpan { from, to: from + TimeDelta::days(1) };
    // Longer than a turn of anybody.
    let given = TimeSpan { from, to: from + TimeDelta::days(300) };
    let cover = Cover::new(CoverId::new(), "payments", "omar", span);
    directory.covers.push(Cover { in_return: Some(given), ..cover });
    stage.set_directory(directory);
    for key in ["v", "d"] {
        stage.keys(key);
        assert!(stage.screen().contains("want a shift of somebody else"), "{}", stage.screen());
    }
    assert!(stage.administered.is_empty());
}

#[rstest]
#[case(PLATFORM, "c", "you have no shift on platform in the next 90 days")]
#[case(PLATFORM, "s", "you have no shift on platform in the next 90 days")]
#[case(PAYMENTS, "v", "nobody else wants cover on payments")]
#[case(PAYMENTS, "d", "nobody else wants cover on payments")]
#[case(PAYMENTS, "x", "you want no cover on payments")]
fn refusal_about_cover_says_why(#[case] team: usize, #[case] key: &str, #[case] expected: &str) {
    let mut stage = stage(team);
    stage.keys(key);
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert!(stage.administered.is_empty());
}
