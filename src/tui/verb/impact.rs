//! Impact: forms of when it began, whom it affects and who has reported it; and teams that help, as an
//! argument in the command palette.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::command::CommandKind;
use crate::model::impact::{Affected, Reporter, format_share, parse_share};
use crate::model::{IncidentCommand, check};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::core::zone::Clock;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time::{self, TimeError};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, Typed, VerbLogic, field_error,
    one_command, single_command,
};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;
use crate::verbs::names::parse_team;

pub(super) const BEGAN_ENTRY: Entry = Entry::command(CommandKind::SetImpactBegan, &[]);
pub(super) const AFFECTED_ENTRY: Entry = Entry::command(CommandKind::SetAffected, &[]);
pub(super) const REPORTER_ENTRY: Entry = Entry::command(CommandKind::AddReporter, &[]);
pub(super) const TEAM_ENTRY: Entry =
    Entry::command(CommandKind::InvolveTeam, &[]).requires_argument();

/// The text for an unknown time.
const NONE: &str = "none";
/// The label of the field with the time.
const BEGAN: &str = "Began";

pub(super) struct ImpactBegan;

impl VerbLogic for ImpactBegan {
    fn kind(&self) -> CommandKind {
        CommandKind::SetImpactBegan
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Command(CommandKind::SetImpactBegan))
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let clock = typed.app.clock();
        let at = parse_began(typed.text, typed.at, clock)?;
        let shown = at.map_or_else(|| NONE.to_owned(), |at| parse_time::format_minute(clock, at));
        Ok(single_command(
            format!("set the beginning of {{}}: {shown}"),
            format!("beginning of the impact: {shown}"),
            IncidentCommand::SetImpactBegan { at },
        ))
    }

    fn form(&self) -> &'static dyn FormLogic {
        &BeganForm
    }

    fn edit(&self, app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::SetImpactBegan { at } = command else { return None };
        let text = at.map(|at| parse_time::format_minute(app.clock(), at));
        let form = Kind::Command(CommandKind::SetImpactBegan);
        Some((form, vec![(BEGAN, text.unwrap_or_else(|| NONE.to_owned()))]))
    }
}

/// Parses when the impact began; `None` if nobody knows.
fn parse_began(
    text: &str,
    now: DateTime<Utc>,
    clock: Clock,
) -> Result<Option<DateTime<Utc>>, TimeError> {
    if text.trim().eq_ignore_ascii_case(NONE) {
        return Ok(None);
    }
    parse_time::parse_past(text, now, &clock).map(Some)
}

struct BeganForm;

impl FormLogic for BeganForm {
    fn name(&self) -> &'static str {
        "beginning of the impact"
    }

    fn heading(&self) -> &'static str {
        "Beginning of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("set the beginning of", "beginning of the impact set")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let Filling { app, record, .. } = *filling;
        let began = record.and_then(|record| record.began_at);
        let text = began.map(|at| parse_time::format_minute(app.clock(), at));
        let hint = parse_time::format_hint("20m ago, 10:10; none if nobody knows", app.clock());
        vec![Field::line(BEGAN, &text.unwrap_or_default()).example(hint).required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let at = parse_began(&filled.value(BEGAN), filled.at, filled.app.clock())
            .map_err(|why| field_error(BEGAN, why.to_string()))?;
        one_command(IncidentCommand::SetImpactBegan { at })
    }
}

pub(super) struct UsersAffected;

impl VerbLogic for UsersAffected {
    fn kind(&self) -> CommandKind {
        CommandKind::SetAffected
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Command(CommandKind::SetAffected))
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let accepted = self.kind().row().argument.accepted();
        let not_accepted = || ArgumentError::NotAccepted {
            text: typed.text.to_owned(),
            accepted,
            suggestion: format!("give {accepted}"),
        };
        let parsed = parse_affected(typed.text).ok_or_else(not_accepted)?;
        let affected = match typed.targets {
            [target] if !parsed.is_empty() => {
                let record = precheck::current_record(typed.app, target.id);
                with_previous(parsed, record.map(|record| &record.affected))
            }
            _ => parsed,
        };
        affected.check().map_err(|_| not_accepted())?;
        let line = affected.line();
        let shown = if line.is_empty() { NONE } else { &line };
        Ok(single_command(
            format!("set the affected users of {{}}: {shown}"),
            format!("affected users: {shown}"),
            IncidentCommand::SetAffected { affected },
        ))
    }

    fn form(&self) -> &'static dyn FormLogic {
        &AffectedForm
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::SetAffected { affected } = command else { return None };
        Some((Kind::Command(CommandKind::SetAffected), contents(affected)))
    }
}

/// Parses a number of users, a share with a percent sign, and regions, separated by blanks or commas.
/// `None` if a number is ambiguous, as `1,200` and `12,5%` are.
pub(super) fn parse_affected(text: &str) -> Option<Affected> {
    let mut affected = Affected::default();
    if text.trim().eq_ignore_ascii_case(NONE) {
        return Some(affected);
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let mut triples = text.as_bytes().windows(3);
    if triples.any(|bytes| bytes[1] == b',' && is_digit(bytes.first()) && is_digit(bytes.last())) {
        return None;
    }
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        if word.ends_with('%') {
            if affected.share.replace(parse_share(word)?).is_some() {
                return None;
            }
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            if affected.users.replace(word.parse().ok()?).is_some() {
                return None;
            }
        } else if word.bytes().all(|byte| byte.is_ascii_digit() || b".'_".contains(&byte)) {
            // A number with separators of thousands.
            return None;
        } else {
            affected.regions.push(word.to_owned());
        }
    }
    Some(affected)
}

/// Returns the affected users with what was said before, where nothing else was said now.
fn with_previous(mut affected: Affected, previous: Option<&Affected>) -> Affected {
    let Some(previous) = previous else { return affected };
    affected.users = affected.users.or(previous.users);
    affected.share = affected.share.or(previous.share);
    if affected.regions.is_empty() {
        affected.regions.clone_from(&previous.regions);
    }
    affected.customers.clone_from(&previous.customers);
    affected
}

/// Returns the contents of the form's fields for this.
fn contents(affected: &Affected) -> Contents {
    let users = affected.users.map(|users| users.to_string()).unwrap_or_default();
    let share = affected.share.map(format_share).unwrap_or_default();
    vec![
        ("Users", users),
        ("Share", share),
        ("Regions", affected.regions.join(", ")),
        ("Customers", affected.customers.join(", ")),
    ]
}

struct AffectedForm;

impl FormLogic for AffectedForm {
    fn name(&self) -> &'static str {
        "affected users"
    }

    fn heading(&self) -> &'static str {
        "Users affected by"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("set the affected users of", "affected users set")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let affected = filling.record.map(|record| record.affected.clone()).unwrap_or_default();
        let examples = ["1200", "12.5%", "eu-west, us-east", "Acme, Initech"];
        let pairs = contents(&affected).into_iter().zip(examples);
        pairs.map(|((label, text), hint)| Field::line(label, &text).example(hint)).collect()
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let mut affected = Affected::default();
        let users = filled.value("Users");
        if !users.is_empty() {
            let parsed = users.parse::<u64>();
            let parsed = parsed.map_err(|_| field_error("Users", "is no number: write 1200"))?;
            affected.users = Some(parsed);
        }
        let share = filled.value("Share");
        if !share.is_empty() {
            let parsed = parse_share(&share);
            let why = "is no share: write a number of percent from 0 to 100, such as 12.5%";
            affected.share = Some(parsed.ok_or_else(|| field_error("Share", why))?);
        }
        let list = |label: &str| -> Vec<String> {
            let value = filled.value(label);
            let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(ToOwned::to_owned).collect()
        };
        affected.regions = list("Regions");
        affected.customers = list("Customers");
        affected.check().map_err(|bad| {
            let field = match bad.field {
                "users" => "Users",
                "share" => "Share",
                "regions" => "Regions",
                _ => "Customers",
            };
            field_error(field, bad.problem.to_string())
        })?;
        one_command(IncidentCommand::SetAffected { affected })
    }
}

pub(super) struct AddReporter;

impl VerbLogic for AddReporter {
    fn kind(&self) -> CommandKind {
        CommandKind::AddReporter
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Command(CommandKind::AddReporter))
    }

    fn form(&self) -> &'static dyn FormLogic {
        &ReporterForm
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::AddReporter { reporter } = command else { return None };
        let Reporter { name, contact, ticket, .. } = reporter.clone();
        let contents = vec![
            ("Name", name),
            ("Contact", contact.unwrap_or_default()),
            ("Ticket", ticket.unwrap_or_default()),
        ];
        Some((Kind::Command(CommandKind::AddReporter), contents))
    }
}

struct ReporterForm;

impl FormLogic for ReporterForm {
    fn name(&self) -> &'static str {
        "reporter"
    }

    fn heading(&self) -> &'static str {
        "Reporter of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("add a reporter to", "reporter added")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![
            Field::line("Name", "").hint("who has reported it").required(),
            Field::line("Contact", "").hint("how the person can be reached"),
            Field::line("Ticket", "").example("T-4711"),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let some = |label: &str| Some(filled.value(label)).filter(|text| !text.is_empty());
        // A command that is rewritten adds the same reporter.
        let id = match filled.replaced() {
            Some(IncidentCommand::AddReporter { reporter }) => reporter.id,
            _ => Uuid::now_v7(),
        };
        let (name, contact, ticket) = (filled.value("Name"), some("Contact"), some("Ticket"));
        let reporter = Reporter { id, name, contact, ticket, redacted: false };
        reporter.check().map_err(|bad| {
            let field = match bad.field {
                "contact" => "Contact",
                "ticket" => "Ticket",
                _ => "Name",
            };
            field_error(field, bad.problem.to_string())
        })?;
        one_command(IncidentCommand::AddReporter { reporter })
    }
}

pub(super) struct InvolveTeam;

impl VerbLogic for InvolveTeam {
    fn kind(&self) -> CommandKind {
        CommandKind::InvolveTeam
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Teams that help with {}", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let record = targets.first().and_then(|target| precheck::current_record(app, target.id));
        let helping = record.map(|record| record.teams.clone()).unwrap_or_default();
        let leads =
            |name: &str| record.is_some_and(|record| record.summary.team.as_deref() == Some(name));
        let directory = app.fetched.directory.iter();
        let teams = directory.flat_map(|directory| &directory.teams);
        let others = teams.filter(|team| !helping.contains(&team.name) && !leads(&team.name));
        let release = helping.iter().map(|name| {
            let text = format!("no longer {name}");
            Item::new(text, involve(name, false)).value(format!("no {name}"))
        });
        let add = others.map(|team| {
            let members = team.members.join(", ");
            Item::new(&team.name, involve(&team.name, true)).about(members).value(&team.name)
        });
        release.chain(add).collect()
    }

    fn empty_reason(&self, _: &App, _: &[Target]) -> String {
        "there are no other teams in the directory".into()
    }

    /// Where no teams are known, any name is accepted.
    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        if let Some(team) = typed.text.strip_prefix("no ") {
            return Ok(involve(team.trim(), false));
        }
        let team = match typed.app.fetched.directory.as_deref() {
            Some(directory) => parse_team(typed.text, directory)?,
            None => Some(typed.text.to_owned()),
        };
        let team = team.unwrap_or_else(|| typed.text.to_owned());
        check::name("team", &team).map_err(|error| error.problem)?;
        Ok(involve(&team, true))
    }
}

fn involve(team: &str, involved: bool) -> Pick {
    let command = IncidentCommand::InvolveTeam { team: team.to_owned(), involved };
    if involved {
        single_command(
            format!("involve team {team} in {{}}"),
            format!("team {team} helps"),
            command,
        )
    } else {
        single_command(
            format!("release team {team} from {{}}"),
            format!("team {team} helps no longer"),
            command,
        )
    }
}
