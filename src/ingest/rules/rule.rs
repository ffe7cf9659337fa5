//! A rule: a selection of alerts, and their treatment.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::pattern::TextPattern;
use crate::ingest::mapping::DefinitionError;
use crate::ingest::mapping::template::Template;
use crate::ingest::toml_text::format_value;
use crate::model::alert::{
    AlertReport, FlapRule, HoldRule, MAX_WAITING_OF_GROUP, Overrides, one_line,
};
use crate::model::check::{MAX_NAME_CHARS, MAX_TITLE_CHARS};
use crate::model::priority::{Impact, Level, Priority, Urgency};
use crate::model::status::Category;
use crate::model::time::parse_duration;

/// The keys of a rule.
pub const RULE_KEYS: [&str; 20] = [
    "name", "match", "source", "drop", "service", "team", "category", "priority", "impact",
    "urgency", "title", "runbook", "owner", "labels", "group", "hold_for", "at_least", "within",
    "flapping", "max_age",
];

/// The most labels that a rule is about or adds.
const MAX_LABELS: usize = 50;
/// The longest time that an incident is snoozed when it is declared, in seconds.
const MAX_HOLD_S: i64 = 24 * 3600;
/// The longest time that an incident takes in alerts, in seconds.
const MAX_AGE_S: i64 = 90 * 24 * 3600;
/// The most times that an alert fires before it counts as flapping.
const MAX_FLAPS: u32 = 50;
/// The longest runbook, in characters.
const MAX_RUNBOOK_CHARS: usize = 500;

/// The source of the alerts of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin<'a> {
    /// The kind of sender, such as `alertmanager`.
    pub(super) source: &'a str,
    /// The name of the integration key or token with which it came.
    pub(super) integration: &'a str,
}

/// A rule: a selection of alerts, and their treatment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rule {
    name: Option<String>,
    source: Vec<TextPattern>,
    /// The labels that it selects by, each with the texts of which one must match that of the
    /// alert.
    labels: Vec<(String, Vec<TextPattern>)>,
    /// Whether the alerts are left out.
    pub(super) drops: bool,
    service: Option<Template<String>>,
    team: Option<Template<String>>,
    category: Option<Category>,
    priority: Option<Priority>,
    impact: Option<Impact>,
    urgency: Option<Urgency>,
    title: Option<Template<String>>,
    runbook: Option<Template<String>>,
    owner: Option<Template<String>>,
    added_labels: Vec<(String, Template<String>)>,
    group: Option<Template<String>>,
    /// How long an incident is snoozed when it is declared, in seconds.
    hold_s: Option<i64>,
    /// How many alerts are wanted before an incident is declared.
    at_least: Option<u32>,
    /// The time within which they begin to fire, in seconds.
    within_s: Option<i64>,
    /// When an alert counts as flapping.
    flapping: Option<FlapRule>,
    /// For how long an incident takes in alerts, in seconds.
    max_age_s: Option<i64>,
    /// The settings as they were written, by key.
    written: BTreeMap<&'static str, String>,
}

impl Rule {
    /// Sets the value of a rule's key.
    ///
    /// # Errors
    /// [`DefinitionError`] with the error and its position.
    pub fn set(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), DefinitionError> {
        let Some(key) = RULE_KEYS.iter().copied().find(|name| *name == key) else {
            return Err(error(value, "is no key of a rule"));
        };
        match key {
            "name" => self.name = Some(text(value)?),
            "source" => self.source = patterns(value)?,
            "match" => {
                self.labels = entries(value)?
                    .into_iter()
                    .map(|(name, value)| Ok((name, patterns(value)?)))
                    .collect::<Result<_, DefinitionError>>()?;
            }
            "drop" => {
                let flag = value.get_ref().as_bool();
                self.drops = flag.ok_or_else(|| error(value, "is neither true nor false"))?;
            }
            "service" => self.service = Some(template(value)?),
            "team" => self.team = Some(template(value)?),
            "title" => self.title = Some(template(value)?),
            "runbook" => self.runbook = Some(template(value)?),
            "owner" => self.owner = Some(template(value)?),
            "group" => self.group = Some(template(value)?),
            "category" => self.category = Some(parsed(value)?),
            "priority" => self.priority = Some(parsed(value)?),
            "impact" => self.impact = Some(parsed(value)?),
            "urgency" => self.urgency = Some(parsed(value)?),
            "hold_for" => self.hold_s = Some(duration_s(value, MAX_HOLD_S)?),
            "at_least" => {
                let max = u32::try_from(MAX_WAITING_OF_GROUP).unwrap_or(u32::MAX);
                self.at_least = Some(count(value, max)?);
            }
            "within" => self.within_s = Some(duration_s(value, MAX_HOLD_S)?),
            "flapping" => self.flapping = Some(flapping(value)?),
            "max_age" => self.max_age_s = Some(duration_s(value, MAX_AGE_S)?),
            _ => {
                self.added_labels = entries(value)?
                    .into_iter()
                    .map(|(name, value)| Ok((name, template(value)?)))
                    .collect::<Result<_, DefinitionError>>()?;
            }
        }
        self.written.insert(key, format_value(value.get_ref()));
        Ok(())
    }

    /// Returns the error of the complete rule, as the second half of a sentence.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let sets_levels = self.impact.is_some() || self.urgency.is_some();
        if self.priority.is_some() && sets_levels {
            return Some("sets priority as well as impact or urgency: remove one of them");
        }
        if self.impact.is_some() != self.urgency.is_some() {
            return Some("sets only one of impact and urgency: add the other");
        }
        match (self.at_least, self.within_s) {
            (Some(_), None) => {
                return Some("sets at_least without within: say in which time the alerts come");
            }
            (None, Some(_)) => {
                return Some("sets within without at_least: say how many alerts are wanted");
            }
            _ => {}
        }
        let conditions = ["name", "match", "source", "drop"];
        let sets_something = self.written.keys().any(|key| !conditions.contains(key));
        match (self.drops, sets_something) {
            (false, false) => Some("changes nothing: add what it sets, or drop = true"),
            (true, true) => Some("drops alerts and sets something of them: remove one of the two"),
            _ => None,
        }
    }

    /// Returns its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the names of the service and the team that it sets, where they are the same for all.
    pub fn fixed_names(&self) -> [(&'static str, Option<&str>); 2] {
        [("service", fixed_text(self.service.as_ref())), ("team", fixed_text(self.team.as_ref()))]
    }

    /// Returns the keys and values that were set, as they are written in TOML.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.written.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// Returns whether the rule is about an alert of a sender.
    pub(super) fn matches(&self, origin: Origin<'_>, alert: &AlertReport) -> bool {
        let any = |patterns: &[TextPattern], text: &str| {
            patterns.iter().any(|pattern| pattern.matches(text))
        };
        (self.source.is_empty() || any(&self.source, origin.source))
            && self.labels.iter().all(|(name, patterns)| {
                any(patterns, &value(name, origin, alert).unwrap_or_default())
            })
    }

    /// Returns the key of the group that an alert belongs to, if the rule sets it.
    pub(super) fn group(&self, origin: Origin<'_>, alert: &AlertReport) -> Option<String> {
        self.group.as_ref()?.fill(|name| value(name, origin, alert))
    }

    /// Adds the fields that the rule sets for an alert, replacing earlier ones.
    pub(super) fn set_overrides(
        &self,
        origin: Origin<'_>,
        alert: &AlertReport,
        overrides: &mut Overrides,
    ) {
        let fill = |template: Option<&Template<String>>, max: usize| {
            let text = template?.fill(|name| value(name, origin, alert))?;
            let text = one_line(&text, max);
            (!text.is_empty()).then_some(text)
        };
        let replace = |field: &mut Option<String>, text: Option<String>| {
            if text.is_some() {
                *field = text;
            }
        };
        replace(&mut overrides.title, fill(self.title.as_ref(), MAX_TITLE_CHARS));
        replace(&mut overrides.service, fill(self.service.as_ref(), MAX_NAME_CHARS));
        replace(&mut overrides.team, fill(self.team.as_ref(), MAX_NAME_CHARS));
        replace(&mut overrides.runbook, fill(self.runbook.as_ref(), MAX_RUNBOOK_CHARS));
        replace(&mut overrides.owner, fill(self.owner.as_ref(), MAX_NAME_CHARS));
        overrides.category = self.category.or(overrides.category);
        overrides.levels = self.levels().or(overrides.levels);
        overrides.hold_s = self.hold_s.or(overrides.hold_s);
        overrides.hold = self.hold().or(overrides.hold);
        overrides.flapping = self.flapping.or(overrides.flapping);
        overrides.max_age_s = self.max_age_s.or(overrides.max_age_s);
        for (name, template) in &self.added_labels {
            let Some(text) = fill(Some(template), MAX_NAME_CHARS) else { continue };
            let label = one_line(&format!("{name}={text}"), MAX_NAME_CHARS);
            if !overrides.labels.contains(&label) {
                overrides.labels.push(label);
            }
        }
    }

    /// Returns how many alerts are wanted before an incident is declared. One alone is no condition.
    fn hold(&self) -> Option<HoldRule> {
        let (at_least, within_s) = (self.at_least.filter(|count| *count > 1)?, self.within_s?);
        Some(HoldRule { at_least, within_s })
    }

    /// Returns impact and urgency; those that lead to the priority by the usual matrix.
    fn levels(&self) -> Option<(Impact, Urgency)> {
        if let (Some(impact), Some(urgency)) = (self.impact, self.urgency) {
            return Some((impact, urgency));
        }
        Some(match self.priority? {
            Priority::P1 | Priority::Unknown(_) => (Level::High, Level::High),
            Priority::P2 => (Level::High, Level::Medium),
            Priority::P3 => (Level::Medium, Level::Medium),
            Priority::P4 => (Level::Low, Level::Low),
        })
    }
}

/// Returns the value of a name in an alert: of its label, its annotation, or of what else it has.
fn value(name: &str, origin: Origin<'_>, alert: &AlertReport) -> Option<String> {
    let text = alert.label(&[name]).or_else(|| alert.annotation(&[name])).or(match name {
        "title" => Some(alert.title.as_str()),
        "key" => Some(alert.key.as_str()),
        "source" => Some(origin.source),
        "integration" => Some(origin.integration),
        _ => None,
    });
    text.map(str::to_owned)
}

fn fixed_text(template: Option<&Template<String>>) -> Option<&str> {
    template.map(Template::as_str).filter(|text| !text.contains(['{', '}']))
}

fn error(value: &Spanned<DeValue<'_>>, problem: impl Into<String>) -> DefinitionError {
    DefinitionError { offset: value.span().start, problem: problem.into() }
}

fn text(value: &Spanned<DeValue<'_>>) -> Result<String, DefinitionError> {
    let text = value.get_ref().as_str().ok_or_else(|| error(value, "is not text in quotes"))?;
    if text.chars().count() > MAX_TITLE_CHARS || text.chars().any(char::is_control) {
        return Err(error(value, format!("is no line of at most {MAX_TITLE_CHARS} characters")));
    }
    Ok(text.to_owned())
}

fn parsed<T: std::str::FromStr>(value: &Spanned<DeValue<'_>>) -> Result<T, DefinitionError>
where
    T::Err: std::fmt::Display,
{
    text(value)?.parse::<T>().map_err(|problem| error(value, format!("can't be used: {problem}")))
}

/// Reads a time such as `2m`, in seconds.
fn duration_s(value: &Spanned<DeValue<'_>>, max: i64) -> Result<i64, DefinitionError> {
    let seconds = parse_duration(&text(value)?).map(|duration| duration.num_seconds());
    seconds.filter(|seconds| (1..=max).contains(seconds)).ok_or_else(|| {
        let days = max / (24 * 3600);
        error(value, format!("is no time of 1 s to {days} d: write one such as \"2m\""))
    })
}

/// Reads a number from 1 on.
fn count(value: &Spanned<DeValue<'_>>, max: u32) -> Result<u32, DefinitionError> {
    let number = value.get_ref().as_integer();
    let number =
        number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
    number
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| error(value, format!("is no number from 1 to {max}")))
}

/// Reads when an alert counts as flapping.
fn flapping(value: &Spanned<DeValue<'_>>) -> Result<FlapRule, DefinitionError> {
    let form = "is no table such as { times = 4, within = \"1h\" }";
    let (mut times, mut within_s) = (None, None);
    for (name, part) in value.get_ref().as_table().ok_or_else(|| error(value, form))? {
        let name: &str = name.get_ref();
        match name {
            "times" => times = Some(count(part, MAX_FLAPS)?),
            "within" => within_s = Some(duration_s(part, MAX_HOLD_S)?),
            _ => return Err(error(part, "is no key of flapping, which has times and within")),
        }
    }
    let (times, within_s) = times.zip(within_s).ok_or_else(|| error(value, form))?;
    if times < 2 {
        return Err(error(
            value,
            "counts an alert as flapping that fires once: set times to 2 or more",
        ));
    }
    Ok(FlapRule { times, within_s })
}

fn template(value: &Spanned<DeValue<'_>>) -> Result<Template<String>, DefinitionError> {
    let parse_name = |name: &str| match name {
        "" => Err("has braces without a name in them".to_owned()),
        name => Ok(name.to_owned()),
    };
    Template::parse(&text(value)?, parse_name).map_err(|problem| error(value, problem))
}

/// Reads a pattern, or a list of them.
fn patterns(value: &Spanned<DeValue<'_>>) -> Result<Vec<TextPattern>, DefinitionError> {
    let parse = |value: &Spanned<DeValue<'_>>| {
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| error(value, "is not text in quotes"))?;
        TextPattern::parse(text).map_err(|problem| error(value, problem))
    };
    match value.get_ref().as_array() {
        Some(list) if list.is_empty() || list.len() > MAX_LABELS => {
            Err(error(value, format!("has not 1 to {MAX_LABELS} texts")))
        }
        Some(list) => list.iter().map(parse).collect(),
        None => Ok(vec![parse(value)?]),
    }
}

/// Returns the entries of a table of labels.
fn entries<'v, 'a>(
    value: &'v Spanned<DeValue<'a>>,
) -> Result<Vec<(String, &'v Spanned<DeValue<'a>>)>, DefinitionError> {
    let table = value.get_ref().as_table();
    let table = table.ok_or_else(|| error(value, "is no table: write { LABEL = \"text\" }"))?;
    if table.is_empty() || table.len() > MAX_LABELS {
        return Err(error(value, format!("has not 1 to {MAX_LABELS} labels")));
    }
    let mut entries = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        entries.push((name.to_owned(), value));
    }
    Ok(entries)
}
