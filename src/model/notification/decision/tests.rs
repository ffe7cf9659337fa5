use rstest::rstest;
use uuid::Uuid;

use super::*;
use crate::model::command::Declaration;
use crate::model::id::CoverId;
use crate::model::maintenance::Mute;
use crate::model::oncall::{CoverState, TimeSpan};
use crate::model::status::{Category, Source};
use crate::model::{
    Actor, CommandId, Event, EventBody, EventId, Impact, Incident, IncidentId, LastWord, PersonRef,
    Priority,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn incident() -> Summary {
    let declaration = Declaration {
        alerts: None,
        title: "Card payments fail".into(),
        services: vec!["checkout".into()],
        impact: Impact::High,
        urgency: Impact::High,
        category: Some(Category::Application),
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: at(0),
        reported_at: at(0),
        team: None,
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
    };
    let event = Event {
        id: EventId::new(),
        incident: IncidentId::new(),
        seq: 1,
        at: at(0),
        recorded_at: at(0),
        actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
        command: CommandId::new(),
        because: None,
        verdicts: Vec::new(),
        undo: None,
        body: EventBody::Declared {
            number: None,
            priority: Priority::P1,
            declaration: Box::new(declaration),
        },
        extra: <_>::default(),
    };
    Incident::from_declaration(&event).unwrap().summary
}

fn notification() -> Notification {
    Notification {
        id: Uuid::now_v7(),
        incident: IncidentId::new(),
        event: EventId::new(),
        kind: MessageKind::Page,
        level: 1,
        round: 1,
        person: PersonRef::new("ines", "Ines Moreau"),
        contact: "phone".into(),
        channel: "ntfy".into(),
        earlier_uses: 0,
        planned_at: at(0),
        due: at(0),
        state: NotificationState::Sending,
        attempts: 1,
        next_try: None,
        updated_at: at(0),
        provider_id: None,
        reason: None,
        perhaps_twice: false,
        after_acknowledgement: false,
        reminder: None,
        bundled_into: None,
        text: None,
        until: None,
        cover: None,
        extra: <_>::default(),
    }
}

#[rstest]
#[case(0, None, PageDecision::Send)]
#[case(86_401, None, EXPIRED)]
#[case(3599, Some(3600), PageDecision::Send)]
#[case(3600, Some(3600), PageDecision::Cancel("it is of no use any more"))]
fn notice_is_sent_while_it_is_of_use(
    #[case] now: i64,
    #[case] until: Option<i64>,
    #[case] expected: PageDecision,
) {
    let notice =
        Notification { incident: IncidentId::NONE, until: until.map(at), ..notification() };
    assert_eq!(decide_notice(&notice, &[], at(now)), expected);
}

#[rstest]
#[case::open(CoverState::Open, &[], PageDecision::Send)]
#[case::of_another(CoverState::Open, &["tomasz"], PageDecision::Send)]
#[case::declined(CoverState::Open, &["ines"], ANSWERED)]
#[case::accepted(CoverState::Accepted, &[], ANSWERED)]
#[case::withdrawn(CoverState::Withdrawn, &[], ANSWERED)]
fn notice_about_cover_is_sent_while_it_can_be_accepted(
    #[case] state: CoverState,
    #[case] declined_by: &[&str],
    #[case] expected: PageDecision,
) {
    let span = TimeSpan { from: at(0), to: at(7200) };
    let cover = Cover::new(CoverId::new(), "payments", "omar", span);
    let declined_by = declined_by.iter().map(|handle| (*handle).to_owned()).collect();
    let covers = [Cover { state, declined_by, ..cover }];
    let incident = IncidentId::NONE;
    let notice = Notification { incident, cover: Some(covers[0].id), ..notification() };
    assert_eq!(decide_notice(&notice, &covers, at(3600)), expected);
    assert_eq!(decide_notice(&notice, &covers, at(7200)), ANSWERED);
    assert_eq!(decide_notice(&notice, &[], at(3600)), ANSWERED);
}

const ANSWERED: PageDecision =
    PageDecision::Cancel("the request for cover was answered or withdrawn");

#[rstest]
#[case(ReminderKind::Pause, true, PageDecision::Send)]
#[case(ReminderKind::Pause, false, ACTED)]
#[case(ReminderKind::Update, true, PageDecision::Hold(None))]
fn pause_does_not_hold_back_its_own_reminder(
    #[case] kind: ReminderKind,
    #[case] paused: bool,
    #[case] expected: PageDecision,
) {
    let reminder = Notification {
        kind: MessageKind::Reminder,
        reminder: Some(kind),
        after_acknowledgement: true,
        ..notification()
    };
    let row = Summary { paused, status: Status::Acknowledged, ..incident() };
    assert_eq!(decide_page(&reminder, &row, at(0)), expected);
}

const ENDED: PageDecision = PageDecision::Cancel("the incident has ended");
const ACKNOWLEDGED: PageDecision = PageDecision::Cancel("somebody has acknowledged the incident");
const ACTED: PageDecision =
    PageDecision::Cancel("somebody has done something about the incident since");
const EXPIRED: PageDecision = PageDecision::Cancel("it was due more than a day ago");

#[rstest]
#[case(Status::Triggered, PageDecision::Send)]
#[case(Status::Acknowledged, ACKNOWLEDGED)]
#[case(Status::Investigating, ACKNOWLEDGED)]
#[case(Status::Identified, ACKNOWLEDGED)]
#[case(Status::Monitoring, ACKNOWLEDGED)]
#[case(Status::Resolved, ENDED)]
#[case(Status::Closed, ENDED)]
#[case(Status::Merged, ENDED)]
#[case(Status::Reclassified, ENDED)]
fn pages_are_sent_for_what_nobody_has_seen(#[case] status: Status, #[case] expected: PageDecision) {
    let row = Summary { status, ..incident() };
    assert_eq!(decide_page(&notification(), &row, at(0)), expected);
}

#[rstest]
#[case(Some(at(10)), false, at(9), PageDecision::Hold(Some(at(10))))]
#[case(Some(at(10)), false, at(10), PageDecision::Send)]
#[case(None, true, at(9), PageDecision::Hold(None))]
#[case(Some(at(10)), true, at(9), PageDecision::Hold(Some(at(10))))]
#[case(None, false, at(86_400), PageDecision::Send)]
#[case(None, false, at(86_401), EXPIRED)]
#[case(None, true, at(86_401), EXPIRED)]
fn pages_wait_while_the_incident_does_and_expire(
    #[case] snoozed_until: Option<DateTime<Utc>>,
    #[case] paused: bool,
    #[case] now: DateTime<Utc>,
    #[case] expected: PageDecision,
) {
    let row = Summary { snoozed_until, paused, ..incident() };
    assert_eq!(decide_page(&notification(), &row, now), expected);
}

#[rstest]
#[case(None, PageDecision::Cancel("a maintenance window mutes the incident"))]
#[case(Some(at(5)), PageDecision::Send)]
fn pages_about_muted_incidents_are_cancelled(
    #[case] ended_at: Option<DateTime<Utc>>,
    #[case] expected: PageDecision,
) {
    let title = "The pool is replaced".into();
    let mute = Mute { window: Uuid::nil(), title, since: at(0), until: at(9), ended_at };
    let row = Summary { muted: Some(mute), ..incident() };
    assert_eq!(decide_page(&notification(), &row, at(6)), expected);
}

#[test]
fn incident_that_was_reopened_is_not_paged_again() {
    let row = Summary { acknowledged_at: Some(at(0)), ..incident() };
    assert_eq!(decide_page(&notification(), &row, at(1)), ACKNOWLEDGED);
}

#[rstest]
#[case(Status::Triggered, 0, PageDecision::Send)]
#[case(Status::Resolved, 0, PageDecision::Send)]
#[case(Status::Closed, 86_401, EXPIRED)]
fn update_is_sent_whatever_happens_since(
    #[case] status: Status,
    #[case] now: i64,
    #[case] expected: PageDecision,
) {
    let kind = MessageKind::Update;
    let update = Notification { kind, after_acknowledgement: true, ..notification() };
    let row = Summary { status, paused: true, snoozed_until: Some(at(90_000)), ..incident() };
    assert_eq!(decide_page(&update, &row, at(now)), expected);
}

#[rstest]
#[case(Status::Acknowledged, None, PageDecision::Send)]
#[case(Status::Acknowledged, Some(0), PageDecision::Send)]
#[case(Status::Acknowledged, Some(1), ACTED)]
#[case(Status::Triggered, None, ACTED)]
#[case(Status::Closed, None, ENDED)]
fn reminder_is_sent_until_somebody_acts(
    #[case] status: Status,
    #[case] acted_at: Option<i64>,
    #[case] expected: PageDecision,
) {
    let reminder = Notification {
        kind: MessageKind::Reminder,
        reminder: Some(ReminderKind::Acknowledgement),
        after_acknowledgement: true,
        ..notification()
    };
    let ines = PersonRef::new("ines", "Ines Moreau");
    let word = |seconds| LastWord::new(at(seconds), ines.clone(), "a note", true);
    let last_word = acted_at.and_then(word);
    let row = Summary { status, last_word, ..incident() };
    assert_eq!(decide_page(&reminder, &row, at(2)), expected);
}

fn result(outcome: AttemptOutcome) -> AttemptResult {
    AttemptResult {
        ended_at: at(2),
        outcome,
        provider_id: Some("m1".into()),
        answer: "503".into(),
        retry_after: None,
    }
}

/// Applies a result to the notification after a number of attempts.
fn applied(attempts: u32, result: &AttemptResult) -> Notification {
    let mut notification = Notification { attempts, ..notification() };
    apply_result(&mut notification, result);
    notification
}

#[rstest]
#[case(AttemptOutcome::Accepted, NotificationState::Sent, None, false)]
#[case(AttemptOutcome::Temporary, NotificationState::Waiting, Some(at(7)), false)]
#[case(AttemptOutcome::Permanent, NotificationState::Failed, None, false)]
#[case(AttemptOutcome::Uncertain, NotificationState::Waiting, Some(at(7)), true)]
#[case(AttemptOutcome::Interrupted, NotificationState::Waiting, Some(at(7)), true)]
fn each_outcome_leads_to_a_state(
    #[case] outcome: AttemptOutcome,
    #[case] state: NotificationState,
    #[case] next_try: Option<DateTime<Utc>>,
    #[case] perhaps_twice: bool,
) {
    let after = applied(1, &result(outcome));
    assert_eq!((after.state, after.next_try), (state, next_try));
    assert_eq!((after.perhaps_twice, after.updated_at), (perhaps_twice, at(2)));
    let is_sent = state == NotificationState::Sent;
    assert_eq!(after.reason.as_deref(), (!is_sent).then_some("503"));
    assert_eq!(after.provider_id.is_some(), is_sent);
}

#[rstest]
#[case(1, None, 5)]
#[case(2, None, 10)]
#[case(4, None, 40)]
#[case(7, None, 300)]
#[case(15, None, 300)]
#[case(1, Some(60), 60)]
#[case(4, Some(20), 40)]
#[case(1, Some(7200), 1800)]
fn wait_doubles_and_respects_the_provider(
    #[case] attempts: u32,
    #[case] retry_after_s: Option<u64>,
    #[case] wait_s: i64,
) {
    let retry_after = retry_after_s.map(Duration::from_secs);
    let result = AttemptResult { retry_after, ..result(AttemptOutcome::Temporary) };
    assert_eq!(applied(attempts, &result).next_try, Some(at(2 + wait_s)));
}

#[rstest]
#[case(15, NotificationState::Waiting)]
#[case(16, NotificationState::Failed)]
fn number_of_attempts_is_bounded(#[case] attempts: u32, #[case] state: NotificationState) {
    // This also holds for a page that was delayed for hours before its first attempt.
    let result = AttemptResult { ended_at: at(9000), ..result(AttemptOutcome::Temporary) };
    let after = applied(attempts, &result);
    assert_eq!((after.state, after.next_try.is_some()), (state, !state.is_final()));
}

#[test]
fn call_for_help_outlives_the_acknowledgement_before_it() {
    let called = Notification { after_acknowledgement: true, ..notification() };
    let mut row = Summary { acknowledged_at: Some(at(-5)), ..incident() };
    row.status = Status::Investigating;
    assert_eq!(decide_page(&called, &row, at(1)), PageDecision::Send);
    row.status = Status::Resolved;
    assert_eq!(decide_page(&called, &row, at(1)), ENDED);
}

#[rstest]
#[case::urgent_page(MessageKind::Page, Some(Priority::P1), 0)]
#[case::minor_page(MessageKind::Page, Some(Priority::P4), 3)]
#[case::page_of_unknown_priority(MessageKind::Page, None, 0)]
#[case::update_of_an_urgent_incident(MessageKind::Update, Some(Priority::P1), 4)]
#[case::notice(MessageKind::Reminder, None, 4)]
fn pages_rank_before_other_messages(
    #[case] kind: MessageKind,
    #[case] priority: Option<Priority>,
    #[case] rank: usize,
) {
    assert_eq!(throttle_rank(kind, priority), rank);
}
