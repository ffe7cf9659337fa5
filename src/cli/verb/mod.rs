//! The commands of the verbs: each changes one incident or several.

mod content;
mod numbers;
mod question;
mod report;
mod template;

pub use report::{CommandJson, missing_tracker};

use std::collections::HashSet;
use std::path::PathBuf;

use chrono::Utc;

use super::args::VerbCommand;
use super::calendar::ZoneCalendar;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::out;
use super::session::{IfMissing, OldestRead, Session};
use super::show;
use super::value::IncidentRef;
use crate::backend::Outcome;
use crate::model::directory::Directory;
use crate::model::redacted_content::RedactedContent;
use crate::model::redaction::RedactedTarget;
use crate::model::{Actor, CommandId, Event, Incident, IncidentCommand, IncidentId, Rules};
use crate::sync::drafts;
use crate::verbs::{Needs, Plan, ProblemTitles, Situation, Verb, VerbRequest, command_id};
use template::Template;

/// The context of one run of a verb, for all its incidents.
struct VerbRun {
    session: Session,
    actor: Actor,
    directory: Directory,
    rules: Rules,
    calendar: ZoneCalendar,
    /// The other incident that the request names.
    other: Option<IncidentId>,
    problem_titles: ProblemTitles,
    if_seq: Option<u32>,
    /// The template of the message of an update.
    template: Option<Template>,
    /// The folder of the drafts on this machine.
    drafts: Option<PathBuf>,
}

/// Carries out a verb on each incident. The exit code is that of the worst outcome.
pub async fn run(context: &mut Context, command: VerbCommand) -> Result<(), Failure> {
    let VerbCommand { mut request, mut incidents, options, template } = command;
    if let Some(from) = &options.from {
        incidents.extend(numbers::read(from)?);
    }
    if incidents.is_empty() {
        return Ok(());
    }
    // One that is named twice is changed once.
    let mut named = HashSet::with_capacity(incidents.len());
    incidents.retain(|incident| named.insert(*incident));
    if options.if_seq.is_some() && incidents.len() > 1 {
        return Err(Failure::usage("--if-seq is about one incident: name one"));
    }
    let template = template.map(|name| Template::find(&name, &context.config)).transpose()?;
    question::confirm(request.verb(), &incidents, options.yes)?;
    content::load(&mut request)?;
    let run = VerbRun::open(context, &request, (options.if_seq, template)).await?;
    let mut worst: Option<Exit> = None;
    let mut unprinted = None;
    let is_single = incidents.len() == 1;
    let mut single_failure = None;
    for target in incidents {
        let result = run.execute_on(target, &request).await;
        // The other incidents are changed even if the output can't be written.
        let printed = report::print(context, target, &request, options.json, &result);
        unprinted = printed.err().or(unprinted);
        match result {
            Err(failure) if is_single && !request.is_plain() => single_failure = Some(failure),
            Err(failure) => {
                // Earlier lines are written before the failure that follows them.
                unprinted = context.out.flush().err().or(unprinted);
                out::print_failure(&failure);
                worst = Some(worst.map_or(failure.exit, |worst| worst.worse_of(failure.exit)));
            }
            Ok(_) => {}
        }
    }
    run.session.connection.close().await;
    if let Some(failure) = single_failure {
        return Err(failure);
    }
    match (worst, unprinted) {
        (worst, Some(failure)) => {
            let exit = worst.map_or(failure.exit, |worst| worst.worse_of(failure.exit));
            Err(Failure { exit, ..failure })
        }
        (Some(exit), None) => Err(Failure::silent(exit)),
        (None, None) => Ok(()),
    }
}

impl VerbRun {
    async fn open(
        context: &Context,
        request: &VerbRequest,
        (if_seq, template): (Option<u32>, Option<Template>),
    ) -> Result<Self, Failure> {
        let config = &context.config;
        let session = Session::open(config, IfMissing::Refuse).await?;
        let directory = if uses_directory(request) {
            match session.connection.reader.read_directory().await {
                // The command is queued anyway, and the backend knows the names.
                Err(error) if error.is_temporary() && session.connection.remote.is_some() => {
                    config.directory.clone()
                }
                read => read?.value,
            }
        } else {
            Directory::default()
        };
        let other = match request.other_incident() {
            Some(other) => Some(session.find_incident(other).await?),
            None => None,
        };
        let problem_titles = session.problem_titles(request).await?;
        Ok(Self {
            actor: Actor::Person(session.me.clone()),
            session,
            directory,
            rules: config.rules.clone(),
            calendar: ZoneCalendar(config.panes.appearance.zone),
            other,
            problem_titles,
            if_seq,
            template,
            drafts: config.drafts.clone(),
        })
    }

    /// Carries out the request on one incident, and returns the outcome of the last command.
    async fn execute_on(
        &self,
        target: IncidentRef,
        request: &VerbRequest,
    ) -> Result<Outcome, Failure> {
        let named = |failure| prefix_incident(target, failure);
        let id = self.session.find_incident(target).await.map_err(named)?;
        let first = CommandId::new();
        let (plan, redacted) = self.plan(id, request, first).await.map_err(named)?;
        let mut last = None;
        for (index, command) in plan.into_commands(id).into_iter().enumerate() {
            let expected_seq = self.if_seq.filter(|_| index == 0);
            let sent = command_id(first, index);
            let result = self.session.execute_command(sent, command, expected_seq).await;
            // Queued commands are sent in order, so the others are queued behind them.
            let is_queued = result.as_ref().is_err_and(|failure| failure.exit == Exit::Queued);
            match result {
                Err(failure) if !is_queued => {
                    if matches!(last, Some(Ok(_))) {
                        self.remove_from_drafts(id, &redacted);
                    }
                    return Err(named(failure));
                }
                result => last = Some(result),
            }
        }
        let result = last.unwrap_or_else(|| Err(Failure::failed("there is nothing to do")));
        if result.is_ok() {
            self.remove_from_drafts(id, &redacted);
        }
        result.map_err(|failure| named(explain_queued(failure, request)))
    }

    async fn plan(
        &self,
        id: IncidentId,
        request: &VerbRequest,
        first: CommandId,
    ) -> Result<(Plan, RedactedContent), Failure> {
        let needs = match &self.template {
            Some(_) => request.needs().max(Needs::Record),
            None => request.needs(),
        };
        let (record, events) = self.read(id, needs).await?;
        let mut request = question::complete(request, record.as_ref())?;
        // The times of a command are corrected together with that of its envelope.
        let now = Utc::now();
        if let (Some(template), Some(record)) = (&self.template, &record) {
            request = template.complete(request, record, now)?;
        }
        let situation = Situation {
            directory: &self.directory,
            rules: &self.rules,
            now,
            calendar: &self.calendar,
            actor: &self.actor,
            actor_is_assumed: self.session.me_is_assumed,
            record: record.as_ref(),
            events: &events,
            other: self.other,
            problem_titles: &self.problem_titles,
            new_id: first.0,
        };
        let plan = request.plan(&situation);
        let plan = plan.map_err(|error| Failure::failed(error.to_string()))?;
        let mut redacted = RedactedContent::default();
        for command in &plan.commands {
            let IncidentCommand::Redact { part, target, .. } = command else { continue };
            let removed = RedactedTarget { incident: id, part: *part, target: *target };
            if let Some(record) = &record {
                redacted.add_record(&removed, record);
            }
            for event in &events {
                redacted.add_event(&removed, event);
            }
        }
        Ok((plan, redacted))
    }

    /// Removes what was redacted of an incident from the drafts on this machine.
    fn remove_from_drafts(&self, id: IncidentId, redacted: &RedactedContent) {
        let Some(folder) = self.drafts.as_deref().filter(|_| !redacted.is_empty()) else { return };
        if let Err(error) = drafts::remove_redacted(folder, id, redacted) {
            out::print_hint(format!(
                "what was redacted may still be in drafts in {}: {error}",
                folder.display()
            ));
        }
    }

    async fn read(
        &self,
        id: IncidentId,
        needs: Needs,
    ) -> Result<(Option<Incident>, Vec<Event>), Failure> {
        if needs == Needs::Nothing {
            return Ok((None, Vec::new()));
        }
        let reader = &*self.session.connection.reader;
        let record = reader.read_detail(id).await?.value.incident;
        let events = match needs {
            Needs::Timeline => show::timeline(reader, id, &mut OldestRead::default()).await?,
            _ => Vec::new(),
        };
        Ok((Some(record), events))
    }
}

/// Adds to a command that waits in the outbox what only the server can tell.
fn explain_queued(mut failure: Failure, request: &VerbRequest) -> Failure {
    if failure.exit == Exit::Queued && request.verb() == Verb::FollowUp {
        let message = &failure.message;
        failure.message =
            format!("{message}; a server without a tracker refuses it then, which the outbox says")
                .into();
    }
    failure
}

/// Returns whether names of a request must be in the directory.
fn uses_directory(request: &VerbRequest) -> bool {
    matches!(
        request.verb(),
        Verb::Assign
            | Verb::Escalate
            | Verb::Role
            | Verb::Decision
            | Verb::Services
            | Verb::Team
            | Verb::InvolveTeam
            | Verb::ActionItem
    )
}

/// Prefixes a failure with the incident, unless its message already names it.
fn prefix_incident(target: IncidentRef, failure: Failure) -> Failure {
    let name = target.to_string();
    // INC-12 does not name INC-1.
    let is_named = failure.message.match_indices(&name).any(|(at, _)| {
        let next = failure.message[at + name.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit())
    });
    if is_named { failure } else { failure.with_prefix(&name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_its_incident_exactly_once() {
        let message = |text: &'static str| {
            let target = "INC-1".parse::<IncidentRef>().unwrap();
            prefix_incident(target, Failure::new(Exit::Failed, text)).message
        };
        assert_eq!(message("already closed"), "INC-1: already closed");
        assert_eq!(message("there is no INC-1"), "there is no INC-1");
        assert_eq!(message("merged into INC-12"), "INC-1: merged into INC-12");
    }
}
