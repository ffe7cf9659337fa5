use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::check::{self, BadField, FieldProblem};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::Link;
use redphone::model::decide::{Context, absorb, decide};
use redphone::model::event::EventBody;
use redphone::model::review::{ActionItem, ActionKind, ReviewState, Section};
use redphone::model::status::{Category, Classification, Role};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, Impact, IncidentCommand, IncidentId,
    IncidentNumber, PersonRef, Priority, Rejection, RejectionKind, Rules, Status, Urgency,
};
use rstest::rstest;

use crate::support::model::{Bench, at, declaration, envelope, ines, note, resolve, tariq};

#[test]
fn second_command_reports_who_was_first() {
    let mut bench = Bench::new();
    bench.ask(1, IncidentCommand::Acknowledge);
    let refusal = bench.refusal(3, IncidentCommand::Acknowledge);
    let by = Actor::Person(tariq());
    let first = Rejection::AlreadyAcknowledged { by: Some(by.clone()), at: at(1) };
    assert_eq!((refusal.kind(), refusal), (RejectionKind::Conflict, first));
    bench.ask(4, IncidentCommand::MoveStatus { to: Status::Identified });
    let refusal = bench.refusal(5, IncidentCommand::MoveStatus { to: Status::Identified });
    let (status, when) = (Status::Identified, at(4));
    assert_eq!(refusal, Rejection::AlreadyAtStage { status, by: by.clone(), at: when });
    bench.ask(6, IncidentCommand::Assign { to: Some(tariq()) });
    let refusal = bench.refusal(7, IncidentCommand::Assign { to: Some(tariq()) });
    assert_eq!(refusal, Rejection::AlreadyOwned { by: tariq() });
    bench.resolve(8);
    let refusal = bench.refusal(9, resolve());
    let (status, when) = (Status::Resolved, at(8));
    assert_eq!(refusal, Rejection::AlreadyEnded { status, merged_into: None, by, at: when });
}

fn everything_for_open_incidents() -> Vec<IncidentCommand> {
    vec![
        IncidentCommand::Acknowledge,
        IncidentCommand::MoveStatus { to: Status::Monitoring },
        IncidentCommand::Assign { to: Some(tariq()) },
        IncidentCommand::SetTeam { team: Some("search".into()) },
        IncidentCommand::GiveRole { role: Role::Scribe, person: ines(), given: true },
        IncidentCommand::Escalate {
            level: 2,
            to: vec![ines()],
            reason: Some("no answer".into()),
            automatic: None,
            all_must_acknowledge: false,
        },
        IncidentCommand::Prioritize { impact: Impact::Low, urgency: Urgency::Low },
        IncidentCommand::OverridePriority { priority: Priority::P4, reason: "test store".into() },
        IncidentCommand::Snooze { until: at(10_000) },
        IncidentCommand::Pause { reason: "waiting on partner".into() },
        IncidentCommand::Merge { into: IncidentId::new() },
        IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: "test".into() },
        IncidentCommand::RepeatAlert { text: "again".into(), count: None },
        resolve(),
    ]
}

#[test]
fn commands_for_open_incidents_are_refused_once_it_ended() {
    for ask in everything_for_open_incidents() {
        let open = Bench::new();
        assert!(open.try_as(tariq(), 1, ask.clone()).is_ok(), "{ask:?}");
        let mut over = Bench::new();
        over.ask(
            1,
            IncidentCommand::Reclassify { to: Classification::ServiceRequest, reason: "r".into() },
        );
        let refusal = over.refusal(2, ask.clone());
        let (status, by) = (Status::Reclassified, Actor::Person(tariq()));
        let ended = Rejection::AlreadyEnded { status, merged_into: None, by, at: at(1) };
        assert_eq!(refusal, ended, "{ask:?}");
        assert_eq!(refusal.kind(), RejectionKind::Conflict, "{ask:?}");
    }
}

fn action(owner: PersonRef) -> ActionItem {
    let (id, text, kind) = (uuid::Uuid::nil(), "page earlier".into(), ActionKind::Detect);
    ActionItem { id, text, owner: Some(owner), due: None, kind, done: false }
}

#[test]
fn import_refuses_what_commands_refuse() {
    let mut bench = Bench::new();
    let loud = PersonRef::new("ines", "x".repeat(101));
    let late = at(60 * 24 * 366 * 100);
    for (body, expected) in [
        (EventBody::Assigned { to: Some(loud.clone()) }, "to: has 101"),
        (
            EventBody::RoleGiven { role: Role::Scribe, person: loud.clone(), given: true },
            "person: has 101",
        ),
        (
            EventBody::Escalated {
                level: 1,
                to: vec![loud.clone()],
                reason: None,
                automatic: None,
                all_must_acknowledge: false,
            },
            "to: has 101",
        ),
        (
            EventBody::Escalated {
                level: 1,
                to: vec![ines(); 201],
                reason: None,
                automatic: None,
                all_must_acknowledge: false,
            },
            "to: has 201 entries",
        ),
        (
            EventBody::Escalated {
                level: 1,
                to: vec![],
                reason: Some("x".repeat(70_000)),
                automatic: None,
                all_must_acknowledge: false,
            },
            "reason: has 69 KiB",
        ),
        (
            EventBody::StakeholdersUpdated {
                message: "soon".into(),
                next_due: Some(late),
                public: None,
            },
            "next_due: 2126",
        ),
        (EventBody::ActionItemSet { item: action(loud) }, "owner: has 101"),
    ] {
        let event = Event { body, ..bench.events.remove(0) };
        let refused = check::event(&event).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
        bench.events.push(event);
    }
    // Some exported people have no full name.
    let body = EventBody::Assigned { to: Some(PersonRef::new("ines", "")) };
    check::event(&Event { body, ..bench.events.remove(0) }).unwrap();
}

#[rstest]
#[case("https://wiki.example/a?b=ü#c")]
#[case("HTTP://localhost:8080")]
#[case("https://ines@[::1]/x")]
#[case("mailto:ines@example.org")]
#[case("tel:+4930123456")]
#[case("slack://channel?id=C1")]
#[case("file:///srv/runbooks/db.md")]
fn absolute_url_may_be_linked(#[case] url: &str) {
    let link = Link::Url(url.into());
    assert!(Bench::new().try_as(tariq(), 1, IncidentCommand::Link { link }).is_ok());
}

#[rstest]
#[case("not a url")]
#[case("status.example.com/incidents/7")]
#[case("//status.example.com")]
#[case("https:")]
#[case("https://")]
#[case("https:///path")]
#[case("http://:80/")]
#[case("https://a.example/b c")]
#[case("mailto:")]
#[case("javascript:alert(1)")]
#[case("7://a.example")]
#[case("://a.example")]
fn text_that_is_no_absolute_url_is_not_linked(#[case] text: &str) {
    let mut bench = Bench::new();
    let link = Link::Url(text.into());
    let refusal = bench.refusal(1, IncidentCommand::Link { link: link.clone() });
    assert_eq!(refusal, bad("url", FieldProblem::NotAUrl));
    // Stores and exports of earlier versions may have it.
    let event = Event { body: EventBody::Linked { link: link.clone() }, ..bench.events.remove(0) };
    check::event(&event).unwrap();
    check::event(&Event { body: EventBody::Unlinked { link }, ..event }).unwrap();
}

/// Returns the rejection of a command with a wrong field.
fn bad(field: &'static str, problem: FieldProblem) -> Rejection {
    Rejection::Field(BadField { field, problem })
}

const TOO_LONG_A_NAME: FieldProblem = FieldProblem::TooManyChars { count: 101, max: 100 };

#[rstest]
#[case(IncidentCommand::Wake, Rejection::NotSnoozed)]
#[case(IncidentCommand::Unpause, Rejection::NotPaused)]
#[case(IncidentCommand::UndoMove, Rejection::NoMoveToUndo { status: Status::Triggered })]
#[case(IncidentCommand::Close, Rejection::CloseUnresolved)]
#[case(IncidentCommand::PublishReview, Rejection::PublishUnresolved)]
#[case(IncidentCommand::Reopen { reason: "x".into() }, Rejection::NeedsNoReopening { status: Status::Triggered })]
#[case(IncidentCommand::MoveStatus { to: Status::Resolved }, bad("status", FieldProblem::NotAStage(Status::Resolved)))]
#[case(IncidentCommand::MoveStatus { to: Status::Triggered }, bad("status", FieldProblem::NotAStage(Status::Triggered)))]
#[case(note("  \n "), bad("note", FieldProblem::NoText))]
#[case(IncidentCommand::Snooze { until: at(-5) }, bad("until", FieldProblem::Passed))]
#[case(IncidentCommand::Assign { to: None }, Rejection::AlreadyUnowned)]
#[case(IncidentCommand::Categorize { category: Some(Category::Application) }, Rejection::AlreadyCategorized { category: Category::Application })]
#[case(IncidentCommand::SetServices { services: vec!["a".into(), "a".into()] }, bad("services", FieldProblem::Duplicate("a".into())))]
#[case(IncidentCommand::SetServices { services: vec!["a\nb".into()] }, bad("services", FieldProblem::LineBreak))]
#[case(IncidentCommand::Prioritize { impact: Impact::High, urgency: Urgency::High }, Rejection::AlreadyPrioritized { priority: Priority::P1, impact: Impact::High, urgency: Urgency::High })]
#[case(IncidentCommand::Describe { title: None, symptoms: None, labels: None, runbook: None }, Rejection::NothingToChange)]
#[case(IncidentCommand::Escalate { level: 0, to: vec![], reason: None, automatic: None, all_must_acknowledge: false, }, Rejection::LevelAlreadyCalled { level: 0 })]
#[case(IncidentCommand::Unlink { link: Link::Url("https://example.org".into()) }, Rejection::NotLinked { link: Link::Url("https://example.org".into()) })]
#[case(IncidentCommand::GiveRole { role: Role::Scribe, person: ines(), given: false }, Rejection::RoleUnchanged { role: Role::Scribe, person: ines(), given: false })]
#[case(IncidentCommand::Assign { to: Some(PersonRef::new("ines", "x".repeat(101))) }, bad("assignee", TOO_LONG_A_NAME))]
#[case(IncidentCommand::Assign { to: Some(PersonRef::new("ines", "Ines\nMoreau")) }, bad("assignee", FieldProblem::LineBreak))]
#[case(IncidentCommand::GiveRole { role: Role::Scribe, person: PersonRef::new("ines", "x".repeat(101)), given: true }, bad("person", TOO_LONG_A_NAME))]
#[case(IncidentCommand::Escalate { level: 1, to: vec![PersonRef::new("", "Ines")], reason: None, automatic: None, all_must_acknowledge: false, }, bad("to", FieldProblem::Empty))]
#[case(IncidentCommand::Escalate { level: 1, to: vec![ines(); 201], reason: None, automatic: None, all_must_acknowledge: false, }, bad("to", FieldProblem::TooManyEntries { count: 201, max: 200 }))]
#[case(IncidentCommand::Escalate { level: 1, to: vec![ines()], reason: Some("x".repeat(70_000)), automatic: None, all_must_acknowledge: false, }, bad("reason", FieldProblem::TooManyBytes { bytes: 70_000, max: 65_536 }))]
#[case(IncidentCommand::UpdateStakeholders { message: "soon".into(), next_due: Some(at(60 * 24 * 366 * 100)), public: None }, bad("next_due", FieldProblem::OutOfRange(at(60 * 24 * 366 * 100))))]
#[case(IncidentCommand::SetActionItem { item: action(PersonRef::new("ines", "x".repeat(101))) }, bad("owner", TOO_LONG_A_NAME))]
fn command_that_does_not_apply_says_why(
    #[case] ask: IncidentCommand,
    #[case] rejection: Rejection,
) {
    assert_eq!(Bench::new().refusal(3, ask), rejection);
}

#[test]
fn merge_into_itself_or_an_ended_incident_is_refused() {
    let bench = Bench::new();
    let own = bench.incident.summary.id;
    let refusal = bench.refusal(1, IncidentCommand::Merge { into: own });
    assert_eq!(refusal, Rejection::MergeIntoItself);
    let mut other = Bench::new();
    other.incident.summary.number = Some(IncidentNumber(7));
    let made = envelope(2, ines(), own, IncidentCommand::Merge { into: other.incident.summary.id });
    let context = Context { now: at(2), rules: &other.rules };
    let events = absorb(&other.incident, &bench.incident, &made, context).unwrap();
    assert!(
        matches!(&events[..], [e] if matches!(e.body, EventBody::Absorbed { from, .. } if from == own))
    );
    other.resolve(1);
    let context = Context { now: at(2), rules: &other.rules };
    let refusal = absorb(&other.incident, &bench.incident, &made, context).unwrap_err();
    let (number, status) = (Some(IncidentNumber(7)), Status::Resolved);
    assert_eq!(refusal, Rejection::MergeTargetEnded { number, status });
}

#[rstest]
#[case(7 * 1440, true)]
#[case(7 * 1440 + 1, false)]
fn a_closed_incident_is_reopened_only_within_seven_days(#[case] after: i64, #[case] may: bool) {
    let mut bench = Bench::new();
    bench.resolve(1);
    for item in ClosingItem::ALL {
        bench.ask(
            2,
            IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes },
        );
    }
    bench.ask(3, IncidentCommand::Close);
    let outcome =
        bench.try_as(tariq(), 3 + after, IncidentCommand::Reopen { reason: "back".into() });
    match outcome {
        Ok(_) => assert!(may),
        Err(refusal) => {
            assert!(!may);
            assert_eq!(refusal, Rejection::ReopenedTooLate { closed_at: at(3), days: 7 });
        }
    }
}

#[test]
fn a_review_is_published_when_every_section_is_written() {
    let mut bench = Bench::new();
    bench.resolve(1);
    for section in &Section::ALL[1..] {
        bench.ask(2, IncidentCommand::WriteReview { section: *section, text: "as it was".into() });
    }
    assert_eq!(
        bench.refusal(3, IncidentCommand::PublishReview),
        Rejection::ReviewLacks { sections: vec![Section::Summary] }
    );
    bench.ask(4, IncidentCommand::WriteReview { section: Section::Summary, text: "short".into() });
    bench.ask(5, IncidentCommand::PublishReview);
    assert_eq!(bench.incident.review.published_at, Some(at(5)));
    assert_eq!(
        bench.refusal(7, IncidentCommand::PublishReview),
        Rejection::ReviewAlreadyPublished { at: at(5) }
    );
}

#[test]
fn a_review_is_submitted_returned_and_submitted_again() {
    let submit = || IncidentCommand::SubmitReview { returned: None };
    let returned = |reason: &str| IncidentCommand::SubmitReview { returned: Some(reason.into()) };
    let mut bench = Bench::new();
    assert_eq!(bench.refusal(1, submit()), Rejection::PublishUnresolved);
    bench.resolve(1);
    assert_eq!(
        bench.refusal(2, submit()),
        Rejection::ReviewLacks { sections: Section::REQUIRED.to_vec() }
    );
    for section in Section::REQUIRED {
        bench.ask(2, IncidentCommand::WriteReview { section, text: "as it was".into() });
    }
    assert_eq!(bench.incident.review.state(), ReviewState::Draft);
    assert_eq!(bench.refusal(3, returned("why")), Rejection::ReviewNotSubmitted);
    bench.ask(3, submit());
    assert_eq!(bench.incident.review.state(), ReviewState::InReview);
    assert_eq!(bench.incident.review.submitted_at, Some(at(3)));
    assert_eq!(bench.refusal(4, submit()), Rejection::ReviewAlreadySubmitted);
    assert_eq!(bench.refusal(4, returned(" ")), bad("returned", FieldProblem::NoText));
    bench.ask(4, returned("the impact lacks the refunds"));
    assert_eq!(bench.incident.review.state(), ReviewState::Draft);
    bench.ask(5, submit());
    bench.ask(6, IncidentCommand::PublishReview);
    assert_eq!(bench.incident.review.state(), ReviewState::Published);
    let refusal = Rejection::ReviewAlreadyPublished { at: at(6) };
    assert_eq!(bench.refusal(7, returned("late")), refusal);
}

#[rstest]
#[case("", FieldProblem::Empty)]
#[case("a\nb", FieldProblem::LineBreak)]
#[case("a\rb", FieldProblem::LineBreak)]
#[case(&"x".repeat(10_000), FieldProblem::TooManyChars { count: 10_000, max: 200 })]
fn a_wrong_title_is_refused_with_a_sentence(#[case] title: &str, #[case] problem: FieldProblem) {
    let made = envelope(
        0,
        ines(),
        IncidentId::new(),
        IncidentCommand::Declare(Box::new(declaration(title))),
    );
    let rules = Rules::default();
    let refusal = decide(None, &made, Context { now: at(0), rules: &rules }).unwrap_err();
    assert_eq!(refusal, bad("title", problem));
}

#[rstest]
#[case("\u{1b}[31mred\u{1b}[0m")]
#[case("שירות התשלומים נפל")]
#[case("pay\u{200b}ments")]
#[case("🔥🔥 決済サービス停止")]
#[case(&"é".repeat(200))]
fn odd_title_is_stored_unchanged(#[case] title: &str) {
    let bench = Bench::with(declaration(title));
    assert_eq!(bench.incident.summary.title, title);
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[rstest]
#[case(
    time("1969-12-31T23:59:59Z"),
    at(0),
    bad("detected_at", FieldProblem::OutOfRange(time("1969-12-31T23:59:59Z")))
)]
#[case(
    at(0),
    time("2101-01-01T00:00:00Z"),
    bad("reported_at", FieldProblem::OutOfRange(time("2101-01-01T00:00:00Z")))
)]
#[case(at(5), at(0), bad("detected_at", FieldProblem::AfterReport))]
#[case(at(0), at(6), bad("reported_at", FieldProblem::InTheFuture(at(6))))]
fn a_wrong_time_is_refused_with_a_sentence(
    #[case] detected_at: DateTime<Utc>,
    #[case] reported_at: DateTime<Utc>,
    #[case] rejection: Rejection,
) {
    let mut declared = declaration("x");
    (declared.detected_at, declared.reported_at) = (detected_at, reported_at);
    let made = envelope(0, ines(), IncidentId::new(), IncidentCommand::Declare(Box::new(declared)));
    let rules = Rules::default();
    let refusal = decide(None, &made, Context { now: at(0), rules: &rules }).unwrap_err();
    assert_eq!(refusal, rejection);
}

#[rstest]
#[case::a_note(note("second"), at(0))]
#[case::an_owner(IncidentCommand::Assign { to: Some(ines()) }, at(0))]
#[case::a_move(IncidentCommand::MoveStatus { to: Status::Identified }, at(8))]
#[case::an_end(resolve(), at(8))]
fn backward_clock_dates_no_event_before_its_predecessor(
    #[case] command: IncidentCommand,
    #[case] then: DateTime<Utc>,
) {
    let mut bench = Bench::new();
    bench.ask(8, IncidentCommand::Acknowledge);
    bench.ask(10, note("first"));
    let made = envelope(-500, tariq(), bench.incident.summary.id, command);
    let context = Context { now: at(-400), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    assert_eq!((events[0].at, events[0].seq), (then, 4));
}

#[rstest]
#[case::an_acknowledgement(IncidentCommand::Acknowledge)]
#[case::an_owner(IncidentCommand::Assign { to: Some(ines()) })]
#[case::a_note(note("first look"))]
#[case::a_resolution(resolve())]
fn concurrent_events_do_not_shift_the_time_of_a_command(#[case] command: IncidentCommand) {
    let mut bench = Bench::new();
    bench.ask(58, note("somebody else was here"));
    let made = envelope(5, ines(), bench.incident.summary.id, command);
    let context = Context { now: at(60), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    assert_eq!((events[0].at, events[0].recording_delay()), (at(5), Some(TimeDelta::minutes(55))));
    bench.incident.apply_next(&events[0]).unwrap();
    assert_eq!(bench.incident.summary.last_event_at, at(58));
}

#[test]
fn late_arriving_move_can_still_be_undone_alone() {
    let mut bench = Bench::new();
    bench.ask(10, IncidentCommand::Acknowledge);
    let made = envelope(
        5,
        tariq(),
        bench.incident.summary.id,
        IncidentCommand::MoveStatus { to: Status::Identified },
    );
    let context = Context { now: at(12), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    assert!(events[0].at > at(10) && events[0].at < at(11));
    bench.incident.apply_next(&events[0]).unwrap();
    assert_eq!(bench.incident.stage_before_move(), Some(Status::Acknowledged));
}

#[test]
fn update_sent_earlier_but_arriving_later_is_not_the_last() {
    let mut bench = Bench::new();
    let update = |message: &str| IncidentCommand::UpdateStakeholders {
        message: message.into(),
        next_due: None,
        public: None,
    };
    bench.ask(50, update("rolled back"));
    let made = envelope(5, ines(), bench.incident.summary.id, update("we look into it"));
    let context = Context { now: at(60), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    bench.incident.apply_next(&events[0]).unwrap();
    assert_eq!(bench.incident.stakeholder_message.as_deref(), Some("rolled back"));
    assert_eq!(bench.incident.summary.updated_at, Some(at(50)));
}

#[test]
fn no_event_is_later_than_the_deciding_clock() {
    let bench = Bench::new();
    let made = envelope(9_000, tariq(), bench.incident.summary.id, note("from a fast clock"));
    let context = Context { now: at(10), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    assert_eq!(events[0].at, at(10));
}

#[test]
fn replayed_command_creates_the_same_events() {
    let bench = Bench::new();
    let made = envelope(3, tariq(), bench.incident.summary.id, IncidentCommand::Acknowledge);
    let context = Context { now: at(3), rules: &bench.rules };
    let first = decide(Some(&bench.incident), &made, context).unwrap();
    assert_eq!(first, decide(Some(&bench.incident), &made, context).unwrap());
    assert_ne!(first[0].id.0, made.id.0);
}

#[test]
fn offline_command_is_dated_when_it_was_given() {
    let bench = Bench::new();
    let made = envelope(3, tariq(), bench.incident.summary.id, IncidentCommand::Acknowledge);
    let context = Context { now: at(90), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    assert_eq!((events[0].at, events[0].recorded_at), (at(3), at(90)));
}

#[rstest]
#[case::a_snooze_that_is_over_meanwhile(IncidentCommand::Snooze { until: at(30) }, &[], &[], true)]
#[case::a_snooze_that_was_over_then(IncidentCommand::Snooze { until: at(2) }, &[], &[], false)]
#[case::the_end_of_a_snooze(IncidentCommand::Wake, &[(1, IncidentCommand::Snooze { until: at(30) })], &[], true)]
#[case::a_move_taken_back(IncidentCommand::UndoMove, &[(3, IncidentCommand::Acknowledge)], &[], true)]
#[case::a_move_taken_back_too_late(IncidentCommand::UndoMove, &[(1, IncidentCommand::Acknowledge)], &[], false)]
#[case::a_reopening_after_months(IncidentCommand::Reopen { reason: "back".into() }, &[(1, resolve())], &[2], true)]
fn command_made_in_time_is_not_refused_for_arriving_late(
    #[case] command: IncidentCommand,
    #[case] before: &[(i64, IncidentCommand)],
    #[case] closed_at: &[i64],
    #[case] may: bool,
) {
    let mut bench = Bench::new();
    for (minute, earlier) in before {
        bench.ask(*minute, earlier.clone());
    }
    for minute in closed_at {
        for item in ClosingItem::ALL {
            bench.ask(
                *minute,
                IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes },
            );
        }
        bench.ask(*minute, IncidentCommand::Close);
    }
    // The command was requested three minutes after the declaration, and arrives a year later.
    let made = envelope(3, tariq(), bench.incident.summary.id, command);
    let context = Context { now: at(365 * 1440), rules: &bench.rules };
    let decided = decide(Some(&bench.incident), &made, context);
    assert_eq!(decided.is_ok(), may, "{decided:?}");
    if let Ok(events) = decided {
        assert_eq!(events[0].at, at(3));
    }
}

#[test]
fn next_stakeholder_update_is_due_from_the_last_one() {
    let bench = Bench::new();
    let update = IncidentCommand::UpdateStakeholders {
        message: "we are on it".into(),
        next_due: None,
        public: None,
    };
    let made = envelope(3, tariq(), bench.incident.summary.id, update);
    let context = Context { now: at(90), rules: &bench.rules };
    let events = decide(Some(&bench.incident), &made, context).unwrap();
    let redphone::model::EventBody::StakeholdersUpdated { next_due, .. } = &events[0].body else {
        panic!("{events:?}")
    };
    assert_eq!(*next_due, Some(at(33)));
}

#[test]
fn command_on_an_unknown_incident_says_so() {
    let rules = Rules::default();
    let context = Context { now: at(0), rules: &rules };
    let made = envelope(0, ines(), IncidentId::new(), IncidentCommand::Acknowledge);
    assert_eq!(decide(None, &made, context).unwrap_err(), Rejection::NoSuchIncident);
}

#[test]
fn an_envelope_reads_back_from_json_as_it_was() {
    let mut commands = everything_for_open_incidents();
    commands.push(IncidentCommand::Declare(Box::new(declaration("x"))));
    commands.push(note("two\nlines"));
    for command in commands {
        let made = Envelope {
            id: CommandId::new(),
            at: at(0) + TimeDelta::milliseconds(123),
            actor: Actor::Integration("Alertmanager".into()),
            command: Command::incident(IncidentId::new(), command),
            expected_seq: None,
        };
        let json = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&json).unwrap(), made, "{json}");
    }
}
