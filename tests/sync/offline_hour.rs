//! An hour of triage offline, with a kill and a restart in the middle, and then a reconnect: all
//! commands arrive once, in order, with the times at which they were requested.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::model::command::Declaration;
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef, Status,
};
use redphone::sync::remote::Remote;

use super::fixtures::{RemoteFixture, all_sent};
use crate::support::remote_stub::StubMode;
use crate::support::requests::{declaration, ines, resolve};

/// The commands of the hour, in order.
struct Hour {
    done: Vec<Envelope>,
    at: DateTime<Utc>,
}

impl Hour {
    async fn act(
        &mut self,
        remote: &Remote,
        minutes: i64,
        id: IncidentId,
        command: IncidentCommand,
    ) {
        self.at += TimeDelta::minutes(minutes);
        let envelope = Envelope {
            id: CommandId::new(),
            at: self.at,
            actor: Actor::Person(ines()),
            command: Command::incident(id, command),
            expected_seq: None,
        };
        remote.enqueue(vec![envelope.clone()]).await.unwrap();
        self.done.push(envelope);
    }

    async fn declare(&mut self, remote: &Remote, title: &str) -> IncidentId {
        let id = IncidentId::new();
        let at = self.at;
        let declared = Declaration {
            detected_at: at - TimeDelta::minutes(1),
            reported_at: at,
            ..declaration(title)
        };
        self.act(remote, 0, id, IncidentCommand::Declare(Box::new(declared))).await;
        id
    }
}

#[tokio::test]
async fn hour_of_offline_work_arrives_as_it_was_done() {
    let fixture = RemoteFixture::new().await;
    let began = Utc::now() - TimeDelta::minutes(65);
    let before = began - TimeDelta::minutes(20);
    let (existing, mut declared) = crate::support::requests::declare_as(Declaration {
        detected_at: before,
        reported_at: before,
        ..declaration("Logins time out")
    });
    declared.at = before;
    fixture.store.execute(&declared).await.unwrap();
    let remote = fixture.remote().await;
    remote.incident(existing).await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    let mut hour = Hour { done: Vec::new(), at: began };

    hour.act(&remote, 1, existing, IncidentCommand::Acknowledge).await;
    hour.act(&remote, 2, existing, IncidentCommand::Assign { to: Some(ines()) }).await;
    let cards = hour.declare(&remote, "Cards fail").await;
    hour.act(&remote, 1, cards, IncidentCommand::Acknowledge).await;
    hour.act(&remote, 4, cards, IncidentCommand::AddNote { text: "since v812".into() }).await;
    hour.act(
        &remote,
        3,
        existing,
        IncidentCommand::Snooze { until: hour.at + TimeDelta::minutes(10) },
    )
    .await;
    hour.act(&remote, 5, existing, IncidentCommand::Wake).await;
    // A move that is undone after half a minute.
    hour.act(&remote, 2, cards, IncidentCommand::MoveStatus { to: Status::Identified }).await;
    hour.at += TimeDelta::seconds(30);
    hour.act(&remote, 0, cards, IncidentCommand::UndoMove).await;

    // The program ends here without a shutdown, and is started again. (Real processes are killed in
    // `processes`, and in a terminal in `tests/pty`.)
    drop(remote);
    let remote = fixture.remote_of("ines").await;
    let seen = remote.incident(cards).await.unwrap().incident;
    assert_eq!(seen.summary.status, Status::Acknowledged);
    assert_eq!(seen.summary.label(), "new");

    hour.act(&remote, 6, cards, IncidentCommand::MoveStatus { to: Status::Investigating }).await;
    hour.act(&remote, 9, cards, IncidentCommand::AddNote { text: "rolled back".into() }).await;
    hour.act(&remote, 5, cards, resolve()).await;
    hour.act(&remote, 6, cards, IncidentCommand::Reopen { reason: "it is back".into() }).await;
    hour.act(&remote, 3, cards, resolve()).await;
    hour.act(
        &remote,
        2,
        existing,
        IncidentCommand::UpdateStakeholders {
            message: "soon".into(),
            next_due: None,
            public: None,
        },
    )
    .await;
    hour.act(&remote, 8, existing, resolve()).await;

    // Meanwhile a colleague writes a note. It is in the store before the offline commands arrive.
    let mut note = crate::support::requests::ask(
        existing,
        IncidentCommand::AddNote { text: "is anybody there?".into() },
    );
    note.actor = Actor::Person(PersonRef::new("tomo", "Tomo Kishi"));
    fixture.store.execute(&note).await.unwrap();

    fixture.stub.set_mode(StubMode::Online);
    remote.send_now().await.unwrap();
    let listing = all_sent(&remote).await;
    assert_eq!(listing.refused().count(), 0, "{:#?}", listing.refused().collect::<Vec<_>>());

    for id in [cards, existing] {
        let submitted: Vec<&Envelope> = hour
            .done
            .iter()
            .filter(|e| matches!(&e.command, Command::Incident { incident, .. } if *incident == id))
            .collect();
        let events = fixture.events(id).await;
        let happened: Vec<_> = events
            .iter()
            .filter(|event| ![declared.id, note.id].contains(&event.command))
            .map(|event| (event.command, event.at.timestamp_millis()))
            .collect();
        let wanted: Vec<_> = submitted.iter().map(|e| (e.id, e.at.timestamp_millis())).collect();
        assert_eq!(happened, wanted, "each once, in order, with its time");
        let recorded = events.iter().filter(|event| event.actor == Actor::Person(ines()));
        assert!(recorded.clone().all(|event| event.recorded_at >= event.at));
    }
    let row = fixture.store.incident(existing).await.unwrap().incident.summary;
    let acknowledged = row.acknowledged_at.unwrap().timestamp_millis();
    assert_eq!(acknowledged, hour.done[0].at.timestamp_millis(), "the level was kept");
    let row = fixture.store.incident(cards).await.unwrap().incident.summary;
    assert!(row.number.is_some());
    assert_eq!(row.status, Status::Resolved);
    // The time of a report is stored to the second.
    assert_eq!((row.reported_at - began + TimeDelta::seconds(1)).num_minutes(), 3);
    assert_eq!((row.acknowledged_at.unwrap() - row.reported_at).num_minutes(), 1);
}
