//! Two people whose commands conflict.

use std::time::Duration;

use redphone::backend::{Backend, BackendError};
use redphone::model::status::ResolutionAction;
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef,
};
use redphone::sync::remote::Remote;

use super::fixtures::{RemoteFixture, all_sent};
use crate::support::remote_stub::StubMode;
use crate::support::requests::declared;

fn by(who: &str, id: IncidentId, command: IncidentCommand) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at: chrono::Utc::now(),
        actor: Actor::Person(PersonRef::new(who.to_lowercase(), who)),
        command: Command::incident(id, command),
        expected_seq: None,
    }
}

async fn both_see_the_same(ines: &Remote, tomo: &Remote, id: IncidentId) {
    let (one, other) = (ines.incident(id).await.unwrap(), tomo.incident(id).await.unwrap());
    assert_eq!(one, other);
    let all = redphone::backend::TimelineRange::After(0);
    assert_eq!(ines.timeline(id, all).await.unwrap(), tomo.timeline(id, all).await.unwrap());
    let (one, other) =
        tokio::join!(ines.changes(None, Duration::ZERO), tomo.changes(None, Duration::ZERO));
    assert_eq!(one.unwrap().rows, other.unwrap().rows);
}

#[tokio::test]
async fn second_person_is_shown_who_was_first_and_when() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let (ines, tomo) = (fixture.remote_of("ines").await, fixture.remote_of("tomo").await);
    ines.incident(id).await.unwrap();
    tomo.incident(id).await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    // Both act while they are offline.
    for (remote, who) in [(&ines, "Ines"), (&tomo, "Tomo")] {
        remote.enqueue(vec![by(who, id, IncidentCommand::Acknowledge)]).await.unwrap();
        let assigned =
            IncidentCommand::Assign { to: Some(PersonRef::new(who.to_lowercase(), who)) };
        remote.enqueue(vec![by(who, id, assigned)]).await.unwrap();
        let noted = IncidentCommand::AddNote { text: format!("{who} was here") };
        remote.enqueue(vec![by(who, id, noted)]).await.unwrap();
        let seen = remote.incident(id).await.unwrap().incident;
        assert_eq!(seen.acknowledged_by.unwrap().name(), who, "each sees their own");
    }
    // Both senders would try again by themselves, and either could be first: one is not there until
    // the other has sent all.
    drop(tomo);
    fixture.stub.set_mode(StubMode::Online);
    ines.send_now().await.unwrap();
    all_sent(&ines).await;
    let tomo = fixture.remote_of("tomo").await;
    tomo.send_now().await.unwrap();
    let listing = all_sent(&tomo).await;
    let refused: Vec<_> = listing.refused().collect();
    assert_eq!(refused.len(), 1, "the acknowledgement alone: {refused:#?}");
    let Some(BackendError::Conflict(why)) = refused[0].refusal() else { panic!("{refused:?}") };
    assert_eq!(why.to_string(), "already acknowledged by Ines just now");
    // Two days later, and in another process, it contains the age.
    let later = chrono::Utc::now() + chrono::TimeDelta::days(2);
    let said = refused[0].refusal_sentence(later).unwrap();
    assert_eq!(said, "already acknowledged by Ines 2 d ago");
    let again = fixture.remote_of("tomo").await;
    let entry = again.entry(refused[0].id).await.unwrap().unwrap();
    assert_eq!(entry.refusal_sentence(later).unwrap(), said);
    drop(again);
    both_see_the_same(&ines, &tomo, id).await;
    let record = ines.incident(id).await.unwrap().incident;
    assert_eq!(record.acknowledged_by.unwrap().name(), "Ines");
    assert_eq!(record.summary.assignee.unwrap().handle, "tomo", "the last one leads");
    assert_eq!(fixture.notes(id).await, ["Ines was here", "Tomo was here"]);
}

#[tokio::test]
async fn conflicts_of_all_kinds_end_the_same_on_both_sides() {
    let fixture = RemoteFixture::new().await;
    let (ines, tomo) = (fixture.remote_of("ines").await, fixture.remote_of("tomo").await);
    let resolve = |who: &str| IncidentCommand::Resolve {
        action: ResolutionAction::Restart,
        detail: format!("{who} restarted it"),
        validation: "looked".into(),
    };
    let cases: Vec<(IncidentCommand, IncidentCommand)> = vec![
        (resolve("Ines"), resolve("Tomo")),
        (resolve("Ines"), IncidentCommand::MoveStatus { to: redphone::model::Status::Identified }),
        (IncidentCommand::Acknowledge, resolve("Tomo")),
        (
            IncidentCommand::Categorize {
                category: Some(redphone::model::status::Category::Security),
            },
            IncidentCommand::Categorize {
                category: Some(redphone::model::status::Category::Access),
            },
        ),
        (
            IncidentCommand::Snooze { until: chrono::Utc::now() + chrono::TimeDelta::hours(1) },
            IncidentCommand::AddNote { text: "wakes it".into() },
        ),
    ];
    for (mine, theirs) in cases {
        let id = declared(&*fixture.store, "Cards fail").await;
        fixture.stub.set_mode(StubMode::Offline);
        ines.enqueue(vec![by("Ines", id, mine)]).await.unwrap();
        tomo.enqueue(vec![by("Tomo", id, theirs)]).await.unwrap();
        fixture.stub.set_mode(StubMode::Online);
        let (one, other) = tokio::join!(ines.send_now(), tomo.send_now());
        one.unwrap();
        other.unwrap();
        all_sent(&ines).await;
        all_sent(&tomo).await;
        both_see_the_same(&ines, &tomo, id).await;
    }
    for remote in [&ines, &tomo] {
        for entry in remote.watch_outbox().borrow().refused() {
            let why = entry.refusal().unwrap().to_string();
            assert!(why.contains("by Ines") || why.contains("by Tomo"), "{why}");
        }
    }
}
