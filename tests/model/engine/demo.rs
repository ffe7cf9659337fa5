//! The demo runs the engine as any program does, with channels that stay within the process.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use redphone::backend::demo::{self, Options};
use redphone::backend::{Backend, NotificationEntry, NotificationSearch};
use redphone::engine::{Engine, EngineOptions, EngineSettings, StandIns, SystemClock};
use redphone::model::command::Declaration;
use redphone::model::notification::{AnswerSettings, NotificationState};
use redphone::model::{
    Actor, Command, CommandId, Envelope, EventBody, IncidentCommand, IncidentId,
};

use crate::support::commands;
use crate::support::wait::until;

async fn notifications(demo: &demo::Demo, incident: Option<IncidentId>) -> Vec<NotificationEntry> {
    let search =
        NotificationSearch { incident, person: None, states: Vec::new(), limit: 100, after: None };
    demo.store.notifications(&search).await.unwrap().rows
}

#[tokio::test]
async fn people_of_the_demo_are_notified() {
    let demo = demo::open_empty(Options::default()).await.unwrap();
    let clock = Arc::new(SystemClock);
    let store = Arc::new(demo.store.clone());
    let engine = Engine::new(EngineOptions {
        backend: Arc::clone(&store) as _,
        ledger: store,
        settings: EngineSettings {
            sender: Arc::new(StandIns::new(demo.seed(), Arc::clone(&clock) as _)),
            contacts: Arc::new(demo.contacts()),
            signals: Arc::default(),
            levels: demo.rules().levels,
            calendars: Arc::default(),
            calendar_reader: None,
            answers: AnswerSettings::default(),
            publish: redphone::engine::PublishSettings::default(),
            trackers: Arc::default(),
        },
        clock,
        receives_alerts: false,
    });
    let id = IncidentId::new();
    // The first level is due.
    let reported_at = Utc::now() - TimeDelta::minutes(6);
    let declaration = Declaration {
        team: Some("payments".into()),
        detected_at: reported_at,
        reported_at,
        ..commands::declaration("Card payments fail")
    };
    let envelope = Envelope {
        id: CommandId::new(),
        at: Utc::now(),
        actor: Actor::Person(demo.me.clone()),
        command: Command::incident(id, IncidentCommand::Declare(Box::new(declaration))),
        expected_seq: None,
    };
    demo.store.execute(&envelope).await.unwrap();
    let is_sent = until("the push is sent", async || {
        let rows = notifications(&demo, Some(id)).await;
        rows.iter().any(|row| row.notification.state == NotificationState::Sent)
    });
    tokio::select! {
        () = engine.run(std::future::pending()) => panic!("the engine ends"),
        () = is_sent => {}
    }
    let rows = notifications(&demo, Some(id)).await;
    let mut channels: Vec<&str> =
        rows.iter().map(|row| row.notification.channel.as_str()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["call", "push", "sms"]);
    assert!(rows.iter().all(|row| row.notification.person.handle == demo.me.handle), "{rows:?}");
}

#[tokio::test]
async fn new_demo_calls_nobody_for_its_history() {
    let options = Options { incidents: 300, ..Options::default() };
    let demo = demo::open(options, &mut |_, _| {}).await.unwrap();
    assert_eq!(notifications(&demo, None).await.len(), 0);
    // Levels that were due before the demo began are on record, so that they are not called late.
    let now = Utc::now();
    let directory = demo.store.directory().await.unwrap();
    let rows = demo.store.changes(None, std::time::Duration::ZERO).await.unwrap().rows;
    let triggered: Vec<_> =
        rows.iter().filter(|row| redphone::model::escalation::awaits_calls(row)).collect();
    assert!(!triggered.is_empty());
    for row in triggered {
        let begin = now - TimeDelta::seconds(30);
        let next = redphone::model::escalation::next_call(row, &directory, begin);
        let is_called = !matches!(next, redphone::model::escalation::NextCall::Now(_));
        let timeline =
            demo.store.timeline(row.id, redphone::backend::TimelineRange::Last(50)).await;
        let levels = timeline.unwrap();
        let levels =
            levels.iter().filter(|event| matches!(event.body, EventBody::Escalated { .. }));
        assert!(is_called, "{next:?} of {row:?} with {} levels", levels.count());
    }
}
