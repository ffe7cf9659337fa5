//! A refused command is edited again in the form it came from.

use chrono::{DurationRound, TimeDelta};
use redphone::model::command::Declaration;
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::status::{ResolutionAction, Source};
use redphone::model::{Command, EventId, Impact, IncidentCommand, IncidentId, Urgency};
use redphone::sync::remote::OutboxSnapshot;

use super::outbox::{command_envelope, entry, not_now, remote, show};

/// Returns the command that replaces a refused one when its form is submitted unchanged.
fn rewritten(about: IncidentId, command: IncidentCommand) -> IncidentCommand {
    let mut stage = remote((126, 36));
    let refused =
        entry(1, "INC-2051", "Cards", command_envelope(about, command, 0), not_now("not now"));
    show(&mut stage, OutboxSnapshot { entries: vec![refused], ..OutboxSnapshot::default() });
    stage.keys("O e");
    stage.keys("^s");
    if stage.submitted.is_empty() {
        // A command that can't be undone needs a confirmation.
        stage.keys("y");
    }
    let Some(Command::Incident { command, .. }) = stage.submitted.pop().map(|sent| sent.command)
    else {
        panic!("{}", stage.screen())
    };
    command
}

#[test]
fn refused_command_with_text_reopens_its_form_with_the_text() {
    let cases = [
        ("Note on", "x-ray", IncidentCommand::AddNote { text: "x-ray".into() }),
        (
            "Resolve",
            "x-ray",
            IncidentCommand::Resolve {
                action: ResolutionAction::Patch,
                detail: "x-ray".into(),
                validation: "y".into(),
            },
        ),
        ("Reopen", "x-ray", IncidentCommand::Reopen { reason: "x-ray".into() }),
        ("Pause", "x-ray", IncidentCommand::Pause { reason: "x-ray".into() }),
        (
            "Stakeholder update",
            "x-ray",
            IncidentCommand::UpdateStakeholders {
                message: "x-ray".into(),
                next_due: None,
                public: None,
            },
        ),
    ];
    for (heading, text, command) in cases {
        let mut stage = remote((126, 36));
        let envelope = command_envelope(stage.incident_id(2051), command, 0);
        let refused = entry(1, "INC-2051", "Cards", envelope, not_now("not now"));
        show(&mut stage, OutboxSnapshot { entries: vec![refused], ..OutboxSnapshot::default() });
        stage.keys("O e");
        let screen = stage.screen();
        assert!(screen.contains(heading) && screen.contains(text), "{heading}:\n{screen}");
    }
}

#[test]
fn rewriting_preserves_what_the_form_does_not_edit() {
    let stage = remote((126, 36));
    let (id, now) = (stage.incident_id(2051), stage.now);
    let declared = Declaration {
        alerts: None,
        title: "Backups fail".into(),
        services: vec!["vault".into()],
        impact: Impact::Low,
        urgency: Urgency::Medium,
        category: None,
        source: Source::Internal,
        symptoms: "none since 02:00".into(),
        detected_at: now - TimeDelta::seconds(607),
        reported_at: now - TimeDelta::seconds(301),
        team: Some("platform".into()),
        labels: vec!["eu-west-1".into()],
        dedup_key: Some("BackupAge:vault".into()),
        runbook: Some("vault/backups".into()),
    };
    let note = EventId::new();
    let item = ActionItem {
        id: uuid::Uuid::from_u128(7),
        text: "alert on the age of backups".into(),
        owner: None,
        due: None,
        kind: ActionKind::Detect,
        done: true,
    };
    let next_due = (now + TimeDelta::minutes(90)).duration_trunc(TimeDelta::minutes(1)).ok();
    for (about, command) in [
        (IncidentId::new(), IncidentCommand::Declare(Box::new(declared))),
        (id, IncidentCommand::CorrectNote { note, text: "since v813".into() }),
        (id, IncidentCommand::SetActionItem { item }),
        (
            id,
            IncidentCommand::UpdateStakeholders { message: "soon".into(), next_due, public: None },
        ),
    ] {
        assert_eq!(rewritten(about, command.clone()), command);
    }
}
