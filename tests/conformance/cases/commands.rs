//! Execution of commands.

use chrono::TimeDelta;
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::{CommandKind, Link};
use redphone::model::status::{Category, Classification, Role, Status};
use redphone::model::{
    Envelope, EventBody, Impact, Incident, IncidentCommand, IncidentId, IncidentNumber, PersonRef,
    Priority, Rejection, Urgency,
};

use crate::support::requests::{
    ask, declaration, declare, declare_as, declared, declared_as, done, ines, resolve,
};

pub async fn a_declaration_gets_a_number_and_a_row(backend: &dyn Backend) {
    let (id, envelope) = declare("checkout fails");
    let outcome = backend.execute(&envelope).await.unwrap();
    let row = outcome.row.unwrap();
    assert_eq!(outcome.incident, Some(id));
    assert_eq!((row.id, row.title.as_str(), row.seq), (id, "checkout fails", 1));
    assert_eq!(row.priority, Priority::P2);
    assert_eq!(backend.find_by_number(row.number.unwrap()).await.unwrap(), id);
    assert_eq!(backend.incident(id).await.unwrap().incident.summary, row);
    assert!(!outcome.replayed);
}

pub async fn numbers_are_given_in_order(backend: &dyn Backend) {
    let mut numbers = Vec::new();
    for title in ["one", "two", "three"] {
        let outcome = backend.execute(&declare(title).1).await.unwrap();
        numbers.push(outcome.row.unwrap().number.unwrap().0);
    }
    assert_eq!(numbers, [1, 2, 3]);
}

pub async fn repeated_command_returns_the_first_outcome(backend: &dyn Backend) {
    let id = declared(backend, "twice").await;
    let acknowledge = ask(id, IncidentCommand::Acknowledge);
    let first = backend.execute(&acknowledge).await.unwrap();
    done(backend, id, IncidentCommand::AddNote { text: "in between".into() }).await;
    let again = backend.execute(&acknowledge).await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.events, first.events);
    assert_eq!(again.row.unwrap().seq, 3);
    assert_eq!(backend.timeline(id, TimelineRange::After(0)).await.unwrap().len(), 3);
}

pub async fn an_id_stands_for_one_command(backend: &dyn Backend) {
    let (_, first) = declare("Card payments fail");
    backend.execute(&first).await.unwrap();
    let (other_id, mut other) = declare("Logins fail");
    other.id = first.id;
    let refused = backend.execute(&other).await.unwrap_err();
    let BackendError::Rejected(why) = &refused else { panic!("{refused:?}") };
    assert!(matches!(why.rejection, Rejection::IdReused), "{why:?}");
    assert!(matches!(backend.incident(other_id).await, Err(BackendError::NotFound(_))));
    other.id = redphone::model::CommandId::new();
    backend.execute(&other).await.unwrap();
}

pub async fn an_expected_position_is_checked(backend: &dyn Backend) {
    let id = declared(backend, "watched").await;
    let note = |seq: u32| {
        let note = IncidentCommand::AddNote { text: "note".into() };
        Envelope { expected_seq: Some(seq), ..ask(id, note) }
    };
    backend.execute(&note(1)).await.unwrap();
    let refused = backend.execute(&note(1)).await.unwrap_err();
    let BackendError::Conflict(why) = &refused else { panic!("{refused:?}") };
    let Rejection::ChangedMeanwhile { expected, current } = why.rejection else {
        panic!("{why:?}")
    };
    assert_eq!((expected, current), (1, 2));
    let outcomes = backend.execute_all(&[note(2), note(2), note(3)]).await;
    let done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true]);
}

pub async fn replayed_declaration_creates_no_second_incident(backend: &dyn Backend) {
    let (id, envelope) = declare("once");
    let first = backend.execute(&envelope).await.unwrap();
    let again = backend.execute(&envelope).await.unwrap();
    assert_eq!((again.incident, &again.events), (Some(id), &first.events));
    assert!(again.replayed);
    let mut other = envelope.clone();
    other.id = redphone::model::CommandId::new();
    let refused = backend.execute(&other).await.unwrap_err();
    assert_eq!(refused.to_string(), "already declared as INC-1");
    assert!(matches!(refused, BackendError::Conflict(_)));
}

pub async fn late_command_reports_who_was_first(backend: &dyn Backend) {
    let id = declared(backend, "late").await;
    done(backend, id, IncidentCommand::Acknowledge).await;
    let refused = backend.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap_err();
    assert!(matches!(refused, BackendError::Conflict(_)));
    assert_eq!(refused.to_string(), "already acknowledged by Ines Moreau just now");
    assert_eq!(backend.timeline(id, TimelineRange::After(0)).await.unwrap().len(), 2);
}

pub async fn an_unknown_incident_is_not_found(backend: &dyn Backend) {
    let id = IncidentId::new();
    for refused in [
        backend.execute(&ask(id, IncidentCommand::Acknowledge)).await.unwrap_err(),
        backend.incident(id).await.unwrap_err(),
        backend.timeline(id, TimelineRange::Last(10)).await.unwrap_err(),
        backend.find_by_number(IncidentNumber(4711)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, BackendError::NotFound(_)), "{refused}");
        assert!(!refused.is_temporary());
    }
}

pub async fn invalid_command_is_rejected(backend: &dyn Backend) {
    let id = declared(backend, "sense").await;
    let mut empty = declaration("x");
    empty.title = "  ".into();
    let mut backwards = declaration("x");
    backwards.detected_at = backwards.reported_at + chrono::TimeDelta::hours(1);
    let mut ancient = declaration("x");
    ancient.detected_at = "1969-12-31T23:59:59Z".parse().unwrap();
    for (command, field) in [
        (declare_as(empty).1, "title"),
        (declare_as(declaration(&"long ".repeat(2000))).1, "title"),
        (declare_as(backwards).1, "detected_at"),
        (declare_as(ancient).1, "detected_at"),
        (ask(id, IncidentCommand::AddNote { text: " \n".into() }), "note"),
        (ask(id, IncidentCommand::AddNote { text: "x".repeat(70_000) }), "note"),
        (ask(id, IncidentCommand::Close), "resolve it"),
    ] {
        let refused = backend.execute(&command).await.unwrap_err();
        assert!(matches!(refused, BackendError::Rejected(_)), "{refused}");
        assert!(refused.to_string().contains(field), "{refused} does not name {field}");
    }
    assert_eq!(backend.timeline(id, TimelineRange::After(0)).await.unwrap().len(), 1);
}

pub async fn an_incident_runs_through_its_lifecycle(backend: &dyn Backend) {
    let id = declared(backend, "whole way").await;
    done(backend, id, IncidentCommand::Acknowledge).await;
    done(backend, id, IncidentCommand::MoveStatus { to: Status::Monitoring }).await;
    done(backend, id, resolve()).await;
    for item in ClosingItem::ALL {
        let answer =
            IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes };
        done(backend, id, answer).await;
    }
    done(backend, id, IncidentCommand::Close).await;
    let record = backend.incident(id).await.unwrap().incident;
    assert_eq!(record.summary.status, Status::Closed);
    assert!(record.stages.iter().all(Option::is_some));
    done(backend, id, IncidentCommand::Reopen { reason: "it is back".into() }).await;
    let row = backend.incident(id).await.unwrap().incident.summary;
    assert_eq!((row.status, row.resolved_at), (Status::Investigating, None));
}

pub async fn undone_resolution_leaves_the_incident_open(backend: &dyn Backend) {
    let id = declared(backend, "resolved by mistake").await;
    done(backend, id, IncidentCommand::Acknowledge).await;
    let was = backend.incident(id).await.unwrap().incident;
    done(backend, id, resolve()).await;
    done(backend, id, IncidentCommand::UndoMove).await;
    let is = backend.incident(id).await.unwrap().incident;
    assert_eq!(is.summary.status, Status::Acknowledged);
    assert_eq!((is.summary.resolved_at, &is.resolution), (None, &None));
    assert_eq!(is.stages, was.stages);
}

pub async fn every_command_is_executed_or_refused_with_a_reason(backend: &dyn Backend) {
    let id = declared(backend, "all verbs").await;
    let bo = PersonRef::new("bo", "Bo Lindqvist");
    for what in [
        IncidentCommand::RepeatAlert { text: "again".into(), count: None },
        IncidentCommand::Assign { to: Some(bo.clone()) },
        IncidentCommand::SetTeam { team: Some("platform".into()) },
        IncidentCommand::GiveRole { role: Role::Scribe, person: bo.clone(), given: true },
        IncidentCommand::AskForRole { role: Role::Communications, person: ines() },
        IncidentCommand::AnswerRole { role: Role::Communications, accepted: true },
        IncidentCommand::SetExpectedRecovery {
            at: Some(chrono::Utc::now() + chrono::TimeDelta::hours(2)),
        },
        IncidentCommand::Escalate {
            level: 1,
            to: vec![ines()],
            reason: Some("nobody answers".into()),
            automatic: None,
            all_must_acknowledge: false,
        },
        IncidentCommand::Prioritize { impact: Impact::High, urgency: Urgency::High },
        IncidentCommand::OverridePriority {
            priority: Priority::P3,
            reason: "a test system".into(),
        },
        IncidentCommand::Categorize { category: Some(Category::Security) },
        IncidentCommand::SetServices { services: vec!["cart".into(), "search".into()] },
        IncidentCommand::Describe {
            title: Some("new title".into()),
            symptoms: Some("carts are empty".into()),
            labels: Some(vec!["eu".into()]),
            runbook: None,
        },
        IncidentCommand::UpdateStakeholders {
            message: "we are on it".into(),
            next_due: None,
            public: None,
        },
        IncidentCommand::Snooze { until: chrono::Utc::now() + chrono::TimeDelta::hours(1) },
        IncidentCommand::Wake,
        IncidentCommand::Pause { reason: "waiting on partner".into() },
        IncidentCommand::Unpause,
        IncidentCommand::Link { link: Link::Url("https://example.org/graph".into()) },
        IncidentCommand::Unlink { link: Link::Url("https://example.org/graph".into()) },
    ] {
        let verb = what.kind();
        let outcome = backend.execute(&ask(id, what)).await;
        let outcome = outcome.unwrap_or_else(|e| panic!("{verb:?}: {e}"));
        let events = backend.timeline(id, TimelineRange::Last(1)).await.unwrap();
        assert_eq!(outcome.events.last(), events.last(), "{verb:?}");
        let row = backend.incident(id).await.unwrap().incident.summary;
        assert_eq!(outcome.row, Some(row), "{verb:?}");
    }
    let record = backend.incident(id).await.unwrap().incident;
    assert_eq!(record.summary.services, ["cart", "search"]);
    assert_eq!(record.summary.assignee, Some(bo));
    assert_eq!(record.summary.alerts, 2);
    let to = Classification::FalseAlarm;
    done(backend, id, IncidentCommand::Reclassify { to, reason: "a test".into() }).await;
    let refused = backend.execute(&ask(id, resolve())).await.unwrap_err();
    assert_eq!(refused.to_string(), "already reclassified by Ines Moreau just now");
}

pub async fn commands_of_the_table_are_recorded_or_refused(backend: &dyn Backend) {
    let mut recorded = Vec::new();
    for kind in CommandKind::ALL {
        let id = declared(backend, "one of each").await;
        let row = backend.incident(id).await.unwrap().incident.summary;
        let Some(command) = (kind.row().sample)(Some(&row), chrono::Utc::now()) else { continue };
        match backend.execute(&ask(id, command)).await {
            Ok(outcome) => {
                let timeline = backend.timeline(id, TimelineRange::After(0)).await.unwrap();
                assert!(outcome.events.iter().all(|event| timeline.contains(event)), "{kind:?}");
                let record = Incident::fold(&timeline).unwrap().unwrap();
                assert_eq!(backend.incident(id).await.unwrap().incident, record, "{kind:?}");
                recorded.push(kind);
            }
            Err(
                BackendError::Rejected(_) | BackendError::Conflict(_) | BackendError::NotFound(_),
            ) => {}
            Err(error) => panic!("{kind:?}: {error}"),
        }
    }
    // The other commands need an incident that is acknowledged, snoozed, paused, linked or
    // resolved.
    assert!(recorded.len() >= 20, "{recorded:?}");
}

pub async fn a_repeated_alert_is_grouped_into_the_open_incident(backend: &dyn Backend) {
    let mut alert = declaration("disk full on db-1");
    alert.dedup_key = Some("disk/db-1".into());
    let first = declared_as(backend, alert.clone()).await;
    let (second, envelope) = declare_as(alert);
    let outcome = backend.execute(&envelope).await.unwrap();
    assert_eq!(outcome.incident, Some(first));
    assert_eq!(outcome.row.unwrap().alerts, 2);
    assert!(matches!(outcome.events[0].body, EventBody::AlertRepeated { .. }));
    assert!(matches!(backend.incident(second).await, Err(BackendError::NotFound(_))));
    let again = backend.execute(&envelope).await.unwrap();
    assert_eq!((again.incident, again.replayed), (Some(first), true));
    assert_eq!(backend.incident(first).await.unwrap().incident.summary.alerts, 2);
}

pub async fn alert_of_a_merged_incident_raises_the_open_end(backend: &dyn Backend) {
    let mut alert = declaration("disk full on db-1");
    alert.dedup_key = Some("disk/db-1 again".into());
    (alert.impact, alert.urgency) = (Impact::Low, Urgency::Low);
    let first = declared_as(backend, alert.clone()).await;
    let mut mild = declaration("db-1 is slow");
    (mild.impact, mild.urgency) = (Impact::Low, Urgency::Low);
    let second = declared_as(backend, mild.clone()).await;
    let third = declared_as(backend, mild).await;
    done(backend, first, IncidentCommand::Merge { into: second }).await;
    done(backend, second, IncidentCommand::Merge { into: third }).await;
    (alert.impact, alert.urgency) = (Impact::High, Urgency::High);
    alert.detected_at -= TimeDelta::hours(1);
    for count in 2..4 {
        let outcome = backend.execute(&declare_as(alert.clone()).1).await.unwrap();
        assert_eq!(outcome.incident, Some(third));
        let row = outcome.row.unwrap();
        assert_eq!((row.alerts, row.priority), (count, Priority::P1));
        assert!(row.detected_at < row.reported_at - TimeDelta::minutes(59));
    }
    let earlier = backend.timeline(third, TimelineRange::After(0)).await.unwrap();
    let raised = earlier.iter().find(|event| event.because.is_some()).expect("it was raised");
    assert_eq!(raised.because.as_deref(), Some("an alert of P1 was grouped into it"));
    done(backend, third, resolve()).await;
    let fourth = declared_as(backend, alert).await;
    assert!(fourth != third, "what has ended takes no alert");
}

pub async fn alert_after_resolution_declares_a_new_incident(backend: &dyn Backend) {
    let mut alert = declaration("disk full on db-1");
    alert.dedup_key = Some("disk/db-1".into());
    let first = declared_as(backend, alert.clone()).await;
    done(backend, first, resolve()).await;
    let second = declared_as(backend, alert.clone()).await;
    assert_ne!(backend.incident(second).await.unwrap().incident.summary.number, None);
    // Both the reopened incident and the new one are open: the newest takes the alert.
    done(backend, first, IncidentCommand::Reopen { reason: "not fixed".into() }).await;
    let outcome = backend.execute(&declare_as(alert).1).await.unwrap();
    assert_eq!(outcome.incident, Some(second));
}

pub async fn merge_appears_on_both_timelines(backend: &dyn Backend) {
    let (into, from) = (declared(backend, "the one").await, declared(backend, "the other").await);
    let merge = ask(from, IncidentCommand::Merge { into });
    let outcome = backend.execute(&merge).await.unwrap();
    assert_eq!(outcome.incident, Some(from));
    assert_eq!(outcome.row.as_ref().unwrap().status, Status::Merged);
    let ended = backend.incident(from).await.unwrap().incident;
    assert_eq!(ended.merged_into, Some((into, Some(IncidentNumber(1)))));
    let goes_on = backend.incident(into).await.unwrap().incident;
    assert_eq!(goes_on.absorbed, [(from, Some(IncidentNumber(2)))]);
    let again = backend.execute(&merge).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.events, outcome.events);
    assert_eq!(again.incident, Some(from));
}

pub async fn merge_into_nothing_or_itself_is_refused(backend: &dyn Backend) {
    let id = declared(backend, "alone").await;
    let nowhere = ask(id, IncidentCommand::Merge { into: IncidentId::new() });
    assert!(matches!(backend.execute(&nowhere).await, Err(BackendError::NotFound(_))));
    let itself = ask(id, IncidentCommand::Merge { into: id });
    assert!(matches!(backend.execute(&itself).await, Err(BackendError::Rejected(_))));
    let ended = declared(backend, "over").await;
    done(backend, ended, resolve()).await;
    let refused =
        backend.execute(&ask(id, IncidentCommand::Merge { into: ended })).await.unwrap_err();
    assert!(refused.to_string().contains("INC-2 is resolved"), "{refused}");
    assert_eq!(backend.incident(id).await.unwrap().incident.summary.status, Status::Triggered);
}

pub async fn a_long_timeline_folds_to_the_same_record(backend: &dyn Backend) {
    let id = declared(backend, "noisy").await;
    for round in 0..150 {
        done(
            backend,
            id,
            IncidentCommand::RepeatAlert { text: format!("alert {round}"), count: None },
        )
        .await;
    }
    let events = backend.timeline(id, TimelineRange::After(0)).await.unwrap();
    let folded = redphone::model::Incident::fold(&events).unwrap().unwrap();
    assert_eq!(backend.incident(id).await.unwrap().incident, folded);
    assert_eq!(folded.summary.alerts, 151);
}

pub async fn capabilities_name_the_store(backend: &dyn Backend) {
    let can = backend.capabilities().await.unwrap();
    assert!(!can.name.is_empty() && can.live);
    assert!(
        can.verbs.contains(&ask(IncidentId::new(), IncidentCommand::Acknowledge).command.kind())
    );
}
