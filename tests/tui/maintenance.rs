//! The screen of maintenance windows, and how one is ended or lasts longer.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::Actor;
use redphone::model::maintenance::{
    MaintenanceChange, MaintenanceWindow, Mute, NewWindow, Recurrence, Repeats,
};
use redphone::model::oncall::Day;
use redphone::tui::core::mode::Mode;
use rstest::rstest;
use uuid::Uuid;

use crate::support::stage::Stage;

/// Returns a window on checkout from one minute until another.
fn window(now: DateTime<Utc>, id: u128, title: &str, from: i64, until: i64) -> MaintenanceWindow {
    let new = NewWindow {
        title: title.into(),
        filter: "service:checkout".parse().unwrap(),
        from: now + TimeDelta::minutes(from),
        until: now + TimeDelta::minutes(until),
        recurrence: None,
        comment: String::new(),
        mutes_people: false,
        public_text: None,
    };
    new.into_window(Uuid::from_u128(id), Actor::Integration("Deployer".into()), now)
}

fn stage() -> Stage {
    let mut stage = Stage::busy_at((126, 36));
    let now = stage.now;
    stage.memory.add_window(window(now, 1, "The pool is replaced", -5, 60));
    stage.memory.add_window(window(now, 2, "Backups", 30, 60));
    stage.memory.add_window(window(now, 3, "Long ago", -600, -500));
    stage.keys("g s");
    stage
}

#[test]
fn windows_stand_in_parts_by_when_they_mute() {
    let screen = stage().screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(at("Now · 1") < at("The pool is replaced"));
    assert!(at("The pool is replaced") < at("Next · 1"));
    assert!(at("Next · 1") < at("Backups"));
    assert!(at("Ended · 1") < at("Long ago"));
    assert!(screen.contains("service:checkout"), "{screen}");
}

#[rstest]
#[case::ended("e", "e", 60)]
#[case::extended("e", "h", 120)]
fn choice_changes_the_window(#[case] menu: &str, #[case] choice: &str, #[case] until: i64) {
    let mut stage = stage();
    stage.keys(menu);
    assert!(stage.screen().contains("end it now"), "{}", stage.screen());
    stage.keys(choice);
    let request = stage.maintained.remove(0);
    assert_eq!((request.id, request.expected), (Uuid::from_u128(1), Some(1)));
    match request.change {
        MaintenanceChange::End => assert_eq!(choice, "e"),
        MaintenanceChange::Change(new) => {
            assert_eq!(new.until, stage.now + TimeDelta::minutes(until));
        }
        MaintenanceChange::Create(_) => panic!("it is created"),
    }
}

#[test]
fn form_shows_what_is_muted_before_it_is_sent() {
    let mut stage = stage();
    stage.keys("n");
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content("The pool is replaced again");
        form.fields[1].set_content("service:nowhere env=prod");
        form.fields[3].set_content("2h");
    }
    stage.keys("^s");
    assert!(stage.screen().contains("no open incident is muted now"), "{}", stage.screen());
    assert!(stage.maintained.is_empty());
    stage.keys("^s");
    let request = stage.maintained.remove(0);
    let MaintenanceChange::Create(new) = request.change else { panic!("it is no new one") };
    assert_eq!(new.title, "The pool is replaced again");
    assert_eq!(new.filter.to_string(), "service:nowhere env=prod");
    assert_eq!(new.until - new.from, TimeDelta::hours(2));
}

#[rstest]
#[case("", "2h")]
#[case("service:", "2h")]
#[case("service:checkout", "whenever")]
fn wrong_form_sends_nothing(#[case] filter: &str, #[case] until: &str) {
    let mut stage = stage();
    stage.keys("n");
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content("The pool is replaced");
        form.fields[1].set_content(filter);
        form.fields[3].set_content(until);
    }
    stage.keys("^s ^s");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{}", stage.screen());
    assert!(stage.maintained.is_empty());
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns the panes with the form of a window that comes again twice a week, since long ago.
fn form_of_weekly() -> (Stage, NewWindow) {
    let mut stage = Stage::busy_at((126, 36));
    let now = stage.now;
    let recurrence = Recurrence {
        repeats: Repeats::Weekly,
        days: vec![Day::Mon, Day::Thu],
        zone: "Europe/Berlin".into(),
        // The end of this day in Berlin.
        last: Some(time("2035-05-31T21:59:59Z")),
    };
    let new = NewWindow {
        title: "Backups".into(),
        filter: "host=db-*".parse().unwrap(),
        from: time("2026-01-05T01:00:07.250Z"),
        until: time("2026-01-05T02:30:11.500Z"),
        recurrence: Some(recurrence),
        comment: "Every table\nand its index".into(),
        mutes_people: true,
        public_text: Some("Orders may be slow.".into()),
    };
    let by = Actor::Integration("Deployer".into());
    stage.memory.add_window(new.clone().into_window(Uuid::from_u128(1), by, now));
    stage.keys("g s");
    stage.keys("e c");
    (stage, new)
}

fn content(stage: &Stage, label: &str) -> String {
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("no form: {}", stage.screen()) };
    form.field(label).unwrap_or_else(|| panic!("{label}")).content()
}

fn fill_in(stage: &mut Stage, filled: &[(&str, &str)]) {
    let Mode::Form(form) = &mut stage.app.ui.mode else { panic!("no form") };
    for (label, content) in filled {
        let field = form.fields.iter_mut().find(|field| field.label == *label);
        field.unwrap_or_else(|| panic!("{label}")).set_content(content);
    }
}

#[test]
fn form_holds_all_of_a_window_and_changes_nothing_by_itself() {
    let (mut stage, new) = form_of_weekly();
    for (label, expected) in [
        ("Again", "every week"),
        ("Days", "mon, thu"),
        ("Zone", "Europe/Berlin"),
        ("Last", "2035-05-31"),
        ("People", "muted as well"),
    ] {
        assert_eq!(content(&stage, label), expected, "{label}");
    }
    stage.keys("^s ^s");
    let request = stage.maintained.remove(0);
    assert_eq!(request.change, MaintenanceChange::Change(new));
}

/// The expected recurrence of a case.
type Expected = (Repeats, &'static str, &'static str, Option<&'static str>);

#[rstest]
#[case::days(&[("Days", "Sunday, wed, wednesday")],
    Some((Repeats::Weekly, "wed, sun", "Europe/Berlin", Some("2035-05-31T21:59:59Z"))))]
#[case::daily(&[("Again", "every day"), ("Days", ""), ("Last", "")],
    Some((Repeats::Daily, "", "Europe/Berlin", None)))]
#[case::zone(&[("Zone", "")],
    Some((Repeats::Weekly, "mon, thu", "UTC", Some("2035-05-31T23:59:59Z"))))]
#[case::last_day(&[("Last", "2034-12-31")],
    Some((Repeats::Weekly, "mon, thu", "Europe/Berlin", Some("2034-12-31T22:59:59Z"))))]
#[case::last_time(&[("Last", "2034-12-31 12:00")],
    Some((Repeats::Weekly, "mon, thu", "Europe/Berlin", Some("2034-12-31T12:00:00Z"))))]
#[case::once(&[("Again", "once"), ("Days", ""), ("Last", ""), ("Until", "2034-12-31 12:00")], None)]
fn form_changes_how_a_window_comes_again(
    #[case] filled: &[(&str, &str)],
    #[case] expected: Option<Expected>,
) {
    let (mut stage, before) = form_of_weekly();
    fill_in(&mut stage, filled);
    stage.keys("^s ^s");
    assert_eq!(stage.maintained.len(), 1, "{}", stage.screen());
    let MaintenanceChange::Change(new) = stage.maintained.remove(0).change else {
        panic!("it is no change")
    };
    let recurrence = new.recurrence.as_ref().map(|one| {
        let days: Vec<String> = one.days.iter().map(ToString::to_string).collect();
        (one.repeats, days.join(", "), one.zone.clone(), one.last)
    });
    let expected = expected.map(|(repeats, days, zone, last)| {
        (repeats, days.to_owned(), zone.to_owned(), last.map(time))
    });
    assert_eq!(recurrence, expected);
    assert_eq!((new.from, new.mutes_people), (before.from, true));
}

#[test]
fn form_says_whether_reports_of_people_are_muted() {
    let (mut stage, _) = form_of_weekly();
    fill_in(&mut stage, &[("People", "not muted")]);
    stage.keys("^s ^s");
    let MaintenanceChange::Change(new) = stage.maintained.remove(0).change else {
        panic!("it is no change")
    };
    assert!(!new.mutes_people);
}

#[rstest]
#[case::no_day(&[("Days", "mon, someday")], "Days")]
#[case::days_of_each_day(&[("Again", "every day")], "Days")]
#[case::last_of_one(&[("Again", "once"), ("Days", ""), ("Until", "2034-12-31 12:00")], "Last")]
#[case::last_before_the_first(&[("Last", "2025-12-31")], "Last")]
#[case::no_time(&[("Last", "whenever")], "Last")]
#[case::no_zone(&[("Zone", "Moon/Crater")], "Zone")]
#[case::ends_before(&[("Until", "2026-01-04 12:00")], "Until")]
#[case::passed(&[("Again", "once"), ("Days", ""), ("Last", "")], "Until")]
fn field_that_can_not_be_read_is_named(#[case] filled: &[(&str, &str)], #[case] label: &str) {
    let (mut stage, _) = form_of_weekly();
    fill_in(&mut stage, filled);
    stage.keys("^s ^s");
    assert!(stage.maintained.is_empty());
    let Mode::Form(form) = &stage.app.ui.mode else { panic!("no form: {}", stage.screen()) };
    let wrong: Vec<&str> = form
        .fields
        .iter()
        .filter(|field| field.error.is_some())
        .map(|field| field.label.as_str())
        .collect();
    assert_eq!(wrong, [label]);
}

#[test]
fn window_that_was_ended_can_not_be_changed() {
    let mut stage = stage();
    stage.keys("e e");
    stage.keys("e h");
    assert_eq!(stage.maintained.len(), 1);
}

#[test]
fn muted_incident_says_by_what() {
    let now = Utc::now();
    let mute = Mute {
        window: Uuid::from_u128(1),
        title: "The pool is replaced".into(),
        since: now,
        until: now + TimeDelta::hours(1),
        ended_at: None,
    };
    let mut row = Stage::busy_at((126, 36)).memory.read(2048).0.incident.summary.clone();
    let is_unclaimed =
        |row: &redphone::model::Summary| redphone::tui::urgent::is_unclaimed(row, row.reported_at);
    row.status = redphone::model::Status::Triggered;
    (row.assignee, row.acknowledged_at, row.snoozed_until) = (None, None, None);
    row.priority = redphone::model::Priority::P1;
    assert!(is_unclaimed(&row));
    row.muted = Some(mute.clone());
    assert!(row.is_muted() && !is_unclaimed(&row), "it rings no bell");
    row.muted = Some(Mute { ended_at: Some(now), ..mute });
    assert!(is_unclaimed(&row), "it does once it is released");
}
