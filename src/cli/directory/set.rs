//! Creates an entry of the directory from the arguments and the existing entry.

use std::io::Read;
use std::path::Path;

use chrono::Utc;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::args::directory::{SetPerson, SetPolicy, SetSchedule, SetService, SetTeam};
use super::super::failure::{Failure, io_error_text};
use crate::model::PersonRef;
use crate::model::administration::Entry;
use crate::model::directory::{Service, Team};
use crate::model::escalation::Policy;
use crate::model::text::sanitize;
use crate::model::unknown::strictly;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

impl SetPerson {
    /// Returns the person.
    ///
    /// # Errors
    /// None: a person needs only the handle.
    #[allow(clippy::unnecessary_wraps, reason = "as for the other kinds of entries")]
    pub fn entry(&self, handle: &str, old: Option<Entry>) -> Result<Entry, Failure> {
        let old = match old {
            Some(Entry::Person(person)) => Some(person.name),
            _ => None,
        };
        let name = self.full_name.clone().or(old).unwrap_or_else(|| handle.to_owned());
        Ok(Entry::Person(PersonRef::new(handle, name)))
    }
}

impl SetTeam {
    /// Returns the team.
    ///
    /// # Errors
    /// [`Failure`] with the missing or wrong argument.
    pub fn entry(&self, name: &str, old: Option<Entry>) -> Result<Entry, Failure> {
        let mut members = match old {
            Some(Entry::Team(team)) => team.members,
            _ => Vec::new(),
        };
        if let Some(all) = &self.members {
            members = handles(all);
        }
        for dropped in handles(&self.drop) {
            let count = members.len();
            members.retain(|member| *member != dropped);
            if members.len() == count {
                let (dropped, name) = (sanitize(&dropped), sanitize(name));
                return Err(Failure::usage(format!(
                    "{dropped:?} is no member of the team {name:?}: leave --drop out"
                )));
            }
        }
        for added in handles(&self.add) {
            if !members.contains(&added) {
                members.push(added);
            }
        }
        Ok(Entry::Team(Team { name: name.to_owned(), members }))
    }
}

impl SetService {
    /// Returns the service.
    ///
    /// # Errors
    /// [`Failure`] with the missing or wrong argument.
    pub fn entry(&self, name: &str, old: Option<Entry>) -> Result<Entry, Failure> {
        let mut service = match (old, &self.team) {
            (Some(Entry::Service(service)), _) => service,
            (_, Some(team)) => Service {
                name: name.to_owned(),
                team: team.clone(),
                depends_on: Vec::new(),
                runbook: None,
                objective: None,
                public_name: None,
            },
            (_, None) => {
                let name = sanitize(name);
                return Err(Failure::usage(format!(
                    "the service {name:?} is new: say with --team which team runs it"
                )));
            }
        };
        if let Some(team) = &self.team {
            service.team.clone_from(team);
        }
        if let Some(names) = &self.depends_on {
            service.depends_on = handles(names);
            service.depends_on.retain(|name| name != "none");
        }
        if let Some(runbook) = &self.runbook {
            service.runbook = Some(runbook.clone()).filter(|runbook| runbook != "none");
        }
        if let Some(objective) = self.objective {
            service.objective = objective.0;
        }
        if let Some(name) = &self.public_name {
            service.public_name = Some(name.clone()).filter(|name| name != "none");
        }
        Ok(Entry::Service(service))
    }
}

impl SetSchedule {
    /// Returns the schedule.
    ///
    /// # Errors
    /// [`Failure`] with the missing or wrong argument.
    pub fn entry(&self, team: &str, old: Option<Entry>) -> Result<Entry, Failure> {
        if let Some(file) = &self.file {
            return read_json(file, team).map(Entry::Schedule);
        }
        let now = Utc::now();
        let starts_at = self.starts.map(|time| time.at(now));
        let schedule = match (old, &self.rotation, starts_at, self.turn) {
            (Some(Entry::Schedule(schedule)), ..) if !schedule.layers.is_empty() => {
                let name = sanitize(team);
                return Err(Failure::usage(format!(
                    "the schedule {name:?} has layers: change what `show --json` prints, and give \
                     it with --file"
                )));
            }
            (Some(Entry::Schedule(mut schedule)), rotation, starts_at, turn) => {
                if let Some(rotation) = rotation {
                    schedule.rotation = handles(rotation);
                }
                schedule.starts_at = starts_at.unwrap_or(schedule.starts_at);
                schedule.turn_s = turn.map_or(schedule.turn_s, |turn| turn.num_seconds());
                schedule
            }
            (_, Some(rotation), Some(starts_at), Some(turn)) => new_entry(json!({
                "team": team,
                "rotation": handles(rotation),
                "starts_at": starts_at,
                "turn_s": turn.num_seconds(),
            }))?,
            _ => {
                let team = sanitize(team);
                return Err(Failure::usage(format!(
                    "the schedule {team:?} is new: give --rotation, --starts and --turn, or \
                     --file"
                )));
            }
        };
        Ok(Entry::Schedule(schedule))
    }
}

impl SetPolicy {
    /// Returns the policy.
    ///
    /// # Errors
    /// [`Failure`] with the missing or wrong argument.
    pub fn entry(&self, team: &str, old: Option<Entry>) -> Result<Entry, Failure> {
        if let Some(file) = &self.file {
            return read_json(file, team).map(Entry::Policy);
        }
        if self.levels.is_empty() {
            return Err(Failure::usage(
                "nothing is given: say with --level who is called, such as '0 on-call', or give \
                 --file",
            ));
        }
        let owner = match &old {
            Some(Entry::Policy(policy)) => policy.team.as_str(),
            _ => team,
        };
        let levels: Vec<Value> = self.levels.iter().map(|level| level.to_json(owner)).collect();
        let mut policy: Policy = new_entry(json!({"team": team, "levels": levels}))?;
        if let Some(Entry::Policy(old)) = old {
            policy = Policy { levels: policy.levels, ..old };
        }
        Ok(Entry::Policy(policy))
    }
}

/// Creates an entry from the given fields. The others have their defaults, as over the API.
fn new_entry<T: DeserializeOwned>(fields: Value) -> Result<T, Failure> {
    serde_json::from_value(fields).map_err(|error| Failure::failed(error.to_string()))
}

/// Returns handles without blanks and `@`.
fn handles(typed: &[String]) -> Vec<String> {
    let handles = typed.iter().map(|handle| handle.trim().trim_start_matches('@').to_owned());
    handles.filter(|handle| !handle.is_empty()).collect()
}

/// Reads a schedule or a policy from a file, or from standard input. It has the name that was typed:
/// its own one, or that of its team.
fn read_json<T: DeserializeOwned>(file: &Path, typed: &str) -> Result<T, Failure> {
    let name = sanitize(file.display().to_string()).into_string();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|from| from.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| {
        Failure::failed(format!("{name} can't be read: {}", io_error_text(&error)))
    })?;
    let invalid = |why: String| {
        let why = sanitize(why).into_string();
        Failure::usage(format!("{name} is not what is expected: {why}; `show --json` prints one"))
    };
    let mut value: Value =
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    let Some(fields) = value.as_object_mut() else {
        return Err(invalid("it is no JSON object".into()));
    };
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    match (text("name"), text("team")) {
        (Some(other), _) if other != typed => {
            let (other, typed) = (sanitize(other), sanitize(typed));
            return Err(invalid(format!("its name is {other:?}, and {typed:?} is named")));
        }
        (None, Some(other)) if other != typed => {
            let (other, typed) = (sanitize(other), sanitize(typed));
            return Err(invalid(format!("it is of the team {other:?}, and {typed:?} is named")));
        }
        _ => {}
    }
    if !fields.contains_key("team") {
        fields.insert("team".into(), typed.into());
    }
    strictly(|| serde_json::from_value(value)).map_err(|error| invalid(error.to_string()))
}
