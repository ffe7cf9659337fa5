//! The directory decides which people a command can name.

use redphone::backend::{Backend, BackendError};
use redphone::model::command::Decision;
use redphone::model::directory::Directory;
use redphone::model::status::Role;
use redphone::model::{Actor, Envelope, IncidentCommand, PersonRef};
use tempfile::tempdir;

use super::fixtures::{ask, declared, open};

fn directory() -> Directory {
    Directory {
        people: vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("bo", "Bo Lindqvist")],
        ..Directory::default()
    }
}

fn assign(handle: &str, name: &str) -> IncidentCommand {
    IncidentCommand::Assign { to: Some(PersonRef::new(handle, name)) }
}

#[tokio::test]
async fn people_are_those_of_the_directory() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let id = declared(&store, "one").await;
    // Without a directory everybody is taken as named.
    store.execute(&ask(id, assign("ghost", "A Ghost"))).await.unwrap();
    store.set_directory(&directory()).await.unwrap();
    let outcome = store.execute(&ask(id, assign("bo", "Ines Moreau"))).await.unwrap();
    let assignee = outcome.row.unwrap().assignee.unwrap();
    assert_eq!((assignee.handle.as_str(), assignee.name.as_str()), ("bo", "Bo Lindqvist"));
    let ghost = || PersonRef::new("spectre", "Ines Moreau");
    for command in [
        assign("spectre", "Ines Moreau"),
        IncidentCommand::GiveRole { role: Role::Scribe, person: ghost(), given: true },
        IncidentCommand::Escalate {
            level: 1,
            to: vec![ghost()],
            reason: Some("slow".into()),
            automatic: None,
            all_must_acknowledge: false,
        },
        IncidentCommand::RecordDecision(Decision {
            decision: "wait".into(),
            reason: "it heals".into(),
            by: Some(ghost()),
        }),
    ] {
        let refused = store.execute(&ask(id, command)).await.unwrap_err();
        assert!(matches!(refused, BackendError::Rejected(_)), "{refused}");
        assert!(
            refused.to_string().contains("there is no \"spectre\" in the directory"),
            "{refused}"
        );
    }
    // Many in one transaction are decided alike.
    let outcomes = store
        .execute_all(&[
            ask(id, assign("spectre", "x")),
            ask(id, assign("INES", "x")),
            ask(id, assign("phantom", "x")),
        ])
        .await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false]);
    let row = store.incident(id).await.unwrap().incident.summary;
    assert_eq!(row.assignee.unwrap().name, "Ines Moreau");
    // Requesters may name themselves, whoever they are.
    let sam = PersonRef::new("sam", "Sam Okafor");
    let envelope = Envelope {
        actor: Actor::Person(sam.clone()),
        ..ask(id, IncidentCommand::Assign { to: Some(sam.clone()) })
    };
    let outcome = store.execute(&envelope).await.unwrap();
    assert_eq!(outcome.row.unwrap().assignee, Some(sam));
    // The same command again has the same outcome.
    assert!(store.execute(&envelope).await.unwrap().replayed);
    // Another process has changed the directory.
    let other = open(&folder.path().join("store.db")).await;
    let mut more = directory();
    more.people.push(PersonRef::new("spectre", "Spectre Quill"));
    other.set_directory(&more).await.unwrap();
    let outcome = store.execute(&ask(id, assign("spectre", ""))).await.unwrap();
    assert_eq!(outcome.row.unwrap().assignee.unwrap().name, "Spectre Quill");
}
