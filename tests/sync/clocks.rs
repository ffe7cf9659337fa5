//! The times of commands are corrected by the difference of the clocks, in the outbox.

use chrono::{DateTime, SubsecRound, TimeDelta, Timelike, Utc};
use redphone::backend::Backend;
use redphone::model::{Command, Envelope, IncidentCommand, IncidentId};
use redphone::sync::remote::Remote;

use super::fixtures::{RemoteFixture, all_sent, until};
use crate::support::commands;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{ask, declare_as, declared};

/// Returns the present time as a clock gives it, never with full milliseconds.
fn clock() -> DateTime<Utc> {
    let now = Utc::now();
    now.with_nanosecond(now.nanosecond() / 1_000 * 1_000 + 7).unwrap()
}

fn declaration(reported_at: DateTime<Utc>, detected_at: DateTime<Utc>) -> Envelope {
    let mut declaration = commands::declaration("Cards fail");
    (declaration.reported_at, declaration.detected_at) = (reported_at, detected_at);
    declare_as(declaration).1
}

fn times(envelope: &Envelope) -> (DateTime<Utc>, DateTime<Utc>) {
    let Command::Incident { command: IncidentCommand::Declare(declared), .. } = &envelope.command
    else {
        panic!("{envelope:?}")
    };
    (declared.reported_at, declared.detected_at)
}

async fn enqueue(remote: &Remote, envelope: &Envelope) {
    remote.enqueue(vec![envelope.clone()]).await.unwrap();
}

#[tokio::test]
async fn times_of_a_clock_are_corrected_and_typed_ones_stay() {
    let fixture = RemoteFixture::new().await;
    let behind = TimeDelta::minutes(6);
    fixture.stub.set_clock(behind);
    let remote = fixture.remote().await;
    let now = clock();
    let typed = (now - TimeDelta::hours(3)).trunc_subsecs(0);
    let declared = [
        declaration(now, now),
        declaration(now, now - TimeDelta::minutes(10)),
        declaration(now, typed),
        declaration(typed, typed),
    ];
    let id = declared_id(&declared[0]);
    let until_time = now + TimeDelta::hours(1);
    let recorded = (now + TimeDelta::hours(2)).trunc_subsecs(3);
    let others = [
        ask(id, IncidentCommand::Snooze { until: until_time }),
        ask(id, IncidentCommand::Snooze { until: recorded }),
        ask(id, IncidentCommand::Snooze { until: typed + TimeDelta::hours(9) }),
    ];
    for envelope in declared.iter().chain(&others) {
        enqueue(&remote, envelope).await;
    }
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    let sent = fixture.stub.sent();
    let of = |one: &Envelope| sent.iter().find(|sent| sent.id == one.id).unwrap();
    assert_eq!(times(of(&declared[0])), (now + behind, now + behind));
    let ten_before = now + behind - TimeDelta::minutes(10);
    assert_eq!(times(of(&declared[1])), (now + behind, ten_before));
    assert_eq!(times(of(&declared[2])), (now + behind, typed));
    assert_eq!(times(of(&declared[3])), (typed, typed));
    let snoozed = |one: &Envelope| match &of(one).command {
        Command::Incident { command: IncidentCommand::Snooze { until }, .. } => *until,
        other => panic!("{other:?}"),
    };
    assert_eq!(snoozed(&others[0]), until_time + behind);
    assert_eq!(snoozed(&others[1]), recorded);
    assert_eq!(snoozed(&others[2]), typed + TimeDelta::hours(9));
    for envelope in declared.iter().chain(&others) {
        assert_eq!(of(envelope).at, envelope.at + behind);
    }
}

fn declared_id(envelope: &Envelope) -> IncidentId {
    match &envelope.command {
        Command::Incident { incident, .. } => *incident,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn command_is_sent_again_with_the_same_times() {
    let fixture = RemoteFixture::new().await;
    fixture.stub.set_clock(TimeDelta::minutes(-6));
    let remote = fixture.remote().await;
    fixture.stub.set_mode(StubMode::ResponsesLost);
    let now = clock();
    let declared = declaration(now, now);
    enqueue(&remote, &declared).await;
    until(&remote, |listing| listing.pending().any(|entry| entry.attempts > 0)).await;
    // The next measurement is a little different, and another process sends.
    drop(remote);
    fixture.stub.set_clock(TimeDelta::minutes(-6) - TimeDelta::milliseconds(1_400));
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    let sent = fixture.stub.sent();
    assert!(sent.len() >= 2);
    assert!(sent.iter().all(|one| *one == sent[0]), "{sent:#?}");
}

#[tokio::test]
async fn offline_command_is_corrected_by_a_later_measurement() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Logins fail").await;
    let ahead = TimeDelta::minutes(6);
    fixture.stub.set_clock(-ahead);
    fixture.stub.set_mode(StubMode::Offline);
    let remote = fixture.remote().await;
    let wrong = clock() + ahead;
    let mut declared = declaration(wrong, wrong);
    declared.at = wrong;
    let mut noted = ask(id, IncidentCommand::AddNote { text: "offline".into() });
    noted.at = wrong;
    enqueue(&remote, &declared).await;
    enqueue(&remote, &noted).await;
    drop(remote);
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    let sent = fixture.stub.sent();
    assert!(sent.iter().all(|one| one.at == wrong - ahead), "{sent:#?}");
    let row = fixture.store.incident(declared_id(&declared)).await.unwrap().incident.summary;
    assert_eq!(row.reported_at, (wrong - ahead).trunc_subsecs(0));
}

#[tokio::test]
async fn declaration_refused_by_its_time_is_sent_again_corrected() {
    let fixture = RemoteFixture::new().await;
    fixture.stub.refuse_future();
    // The clock was right when it was measured, and is set ahead then.
    fixture.stub.set_clock(TimeDelta::zero());
    let remote = fixture.remote().await;
    remote.capabilities().await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    let wrong = clock() + TimeDelta::minutes(20);
    let declared = declaration(wrong, wrong);
    enqueue(&remote, &declared).await;
    fixture.stub.set_clock(TimeDelta::minutes(-20));
    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{listing:#?}");
    let sent: Vec<_> = fixture.stub.sent().iter().map(|one| times(one).0).collect();
    assert_eq!(sent.last(), Some(&(wrong - TimeDelta::minutes(20))), "{sent:?}");
    // One that is refused for another reason is refused once.
    let bad = IncidentCommand::AddNote { text: String::new() };
    enqueue(&remote, &ask(declared_id(&declared), bad)).await;
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 1, "{listing:#?}");
}
