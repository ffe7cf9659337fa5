//! The dry run of `check`: the people who would be notified of an incident of a service, by which
//! contact and when.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::json;
use super::out::{Out, Style, StyledLine};
use crate::model::directory::Directory;
use crate::model::escalation::{self, PolicyLevel, Reached, Step, reached_by};
use crate::model::maintenance::MutedItem;
use crate::model::nearest::nearest;
use crate::model::notification::{PersonReach, PlannedContact};
use crate::model::readiness::supposed_incident;
use crate::model::text::{SafeText, sanitize};
use crate::model::time::format_duration;
use crate::model::{PersonRef, Priority, Summary};

/// A contact that would be used, or a target that reaches nobody, as `--json` prints it.
#[derive(Clone, Serialize)]
struct StepJson<'a> {
    at: DateTime<Utc>,
    level: u8,
    round: u16,
    person: Option<&'a str>,
    contact: Option<&'a str>,
    channel: Option<&'a str>,
    nobody: Option<String>,
    /// Whether one of the people of the step is called, each time another one.
    by_turns: bool,
    all_must_acknowledge: bool,
    /// The reason why nothing can be sent over the contact.
    problem: Option<&'a str>,
}

/// The incident that is supposed, and how people are reached.
struct DryRun<'a> {
    people: &'a [PersonReach],
    directory: &'a Directory,
    incident: Summary,
    now: DateTime<Utc>,
}

/// Prints who would be notified of an incident of a service, step by step.
pub(super) fn run(
    out: &mut Out,
    people: &[PersonReach],
    directory: &Directory,
    (service, priority, now): (&str, Priority, DateTime<Utc>),
    as_json: bool,
) -> Result<(), Failure> {
    if directory.service(service).is_none() {
        let names = directory.services.iter().map(|service| service.name.as_str());
        let hint =
            nearest(service, names).map(|name| format!(": did you mean {:?}?", sanitize(name)));
        let (service, hint) = (sanitize(service), hint.unwrap_or_default());
        return Err(Failure::new(Exit::NotFound, format!("there is no service {service:?}{hint}")));
    }
    let incident = supposed_incident(directory, service, priority, now);
    let steps = escalation::path(&incident, directory);
    if steps.is_empty() {
        let service = sanitize(service);
        return Err(Failure::failed(format!(
            "nobody would be called: {priority} incidents of {service} follow no policy"
        )));
    }
    let run = DryRun { people, directory, incident, now };
    let muted_until = run.muted_until();
    for step in &steps {
        if as_json {
            run.print_json(out, step)?;
        } else {
            run.print_step(out, step)?;
        }
    }
    if let Some(until) = muted_until {
        return Err(Failure::failed(format!(
            "nobody would be called before {} UTC: a maintenance window mutes it until then",
            until.format("%a %Y-%m-%d %H:%M")
        )));
    }
    if steps.iter().all(|step| step.people().is_empty()) {
        return Err(Failure::failed("nobody would be called"));
    }
    Ok(())
}

impl DryRun<'_> {
    /// Returns until when a maintenance window mutes the incident, as monitoring would declare it.
    fn muted_until(&self) -> Option<DateTime<Utc>> {
        let labels = std::collections::BTreeMap::new();
        let item = MutedItem {
            services: &self.incident.services,
            team: self.incident.team.as_deref(),
            priority: Some(self.incident.priority),
            sources: ["", self.incident.source.as_str()],
            labels: &labels,
            title: &self.incident.title,
        };
        let windows = self.directory.maintenance.iter();
        windows.filter_map(|window| window.muted_until(item, self.now)).max()
    }

    /// Returns the level of the policy that a step calls.
    fn level(&self, step: &Step) -> Option<&PolicyLevel> {
        let policy = escalation::policy_of(&self.incident, self.directory)?;
        let index = usize::from(step.level).checked_sub(1)?;
        policy.levels.iter().chain(&policy.at_end).nth(index)
    }

    /// Returns the people whom a step reaches, and whether only one of them is called in turn.
    /// Whose turn it is depends on the number of the incident.
    fn reached(&self, step: &Step) -> (Vec<Reached>, bool) {
        let Some(level) = self.level(step).filter(|level| level.round_robin) else {
            return (step.reached.clone(), false);
        };
        let mut reached: Vec<Reached> = Vec::new();
        for one in level.call.iter().flat_map(|call| reached_by(self.directory, call, step.due)) {
            if !reached.contains(&one) {
                reached.push(one);
            }
        }
        let people = reached.iter().filter(|one| one.person().is_some()).count();
        if people > 0 {
            // Unreachable people are skipped.
            reached.retain(|one| one.person().is_some());
        }
        (reached, people > 1)
    }

    fn planned(&self, person: &PersonRef, step: &Step) -> Vec<PlannedContact<'_>> {
        let mut people = self.people.iter();
        let reach = people.find(|other| other.person.eq_ignore_ascii_case(&person.handle));
        reach.map_or_else(Vec::new, |reach| reach.planned(self.incident.priority, step.due))
    }

    fn print_step(&self, out: &mut Out, step: &Step) -> Result<(), Failure> {
        let wait = step.due - self.now;
        let when = if wait.is_zero() { "at once".to_owned() } else { format_duration(wait) };
        let round = if step.round > 1 { format!(", round {}", step.round) } else { String::new() };
        let level =
            if step.is_end { "the end".to_owned() } else { format!("level {}", step.level) };
        let (reached, by_turns) = self.reached(step);
        let all = if step.all_must_acknowledge { ", all must acknowledge" } else { "" };
        let turns = if by_turns { ", one of them by turns" } else { "" };
        let heading = format!("{level}{round}, {when}{all}{turns}");
        out.styled_line(&StyledLine::new(heading, Style::Bold))?;
        for reached in &reached {
            match reached {
                Reached::Person(person) => self.print_person(out, person, step)?,
                Reached::Nobody { reason, .. } => {
                    let text = format!("  nobody: {reason}");
                    out.styled_line(&StyledLine::new(SafeText::from(text), Style::Alarm))?;
                }
            }
        }
        Ok(())
    }

    fn print_person(&self, out: &mut Out, person: &PersonRef, step: &Step) -> Result<(), Failure> {
        let planned = self.planned(person, step);
        let mut line = StyledLine::new(format!("  {}", person.name), Style::Plain);
        if planned.is_empty() {
            line.push("  no contact", Style::Alarm);
        }
        for (index, one) in planned.iter().enumerate() {
            let PlannedContact { at, contact, is_quiet } = one;
            let wait = *at - step.due;
            let separator = if index == 0 { "  " } else { ", " };
            let mut text = format!("{separator}{} ({})", contact.contact, contact.channel);
            if !wait.is_zero() {
                text = format!("{text} after {}", format_duration(wait));
            }
            if *is_quiet {
                text.push_str(", after quiet hours");
            }
            line.push(text, Style::Dim);
            if let Some(problem) = &contact.problem {
                line.push(format!(" can't be sent: {problem}"), Style::Alarm);
            }
        }
        out.styled_line(&line)
    }

    fn print_json(&self, out: &mut Out, step: &Step) -> Result<(), Failure> {
        let (reached, by_turns) = self.reached(step);
        let line = StepJson {
            at: step.due,
            level: step.level,
            round: step.round,
            person: None,
            contact: None,
            channel: None,
            nobody: None,
            by_turns,
            all_must_acknowledge: step.all_must_acknowledge,
            problem: None,
        };
        for reached in &reached {
            match reached {
                Reached::Person(person) => {
                    let planned = self.planned(person, step);
                    let person = Some(person.handle.as_str());
                    if planned.is_empty() {
                        let nobody = Some("no contact".to_owned());
                        json::print(out, &StepJson { person, nobody, ..line.clone() })?;
                    }
                    for PlannedContact { at, contact, .. } in planned {
                        let problem = contact.problem.as_deref();
                        let channel = Some(contact.channel.as_str());
                        let contact = Some(contact.contact.as_str());
                        let used =
                            StepJson { at, person, contact, channel, problem, ..line.clone() };
                        json::print(out, &used)?;
                    }
                }
                Reached::Nobody { reason, .. } => {
                    let nobody = Some(reason.to_string());
                    json::print(out, &StepJson { nobody, ..line.clone() })?;
                }
            }
        }
        Ok(())
    }
}
