//! `calendar`: addresses under which calendar programs read shifts.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::calendar::{
    CalendarCommand, CalendarLinkCommand, CreateCalendarLink, ListCalendarLinks, RevokeCalendarLink,
};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out;
use super::overrides::{carry_out, find_schedule, minute};
use super::session::{IfMissing, Session, read_directory};
use crate::backend::AdministrationRequest;
use crate::config::Config;
use crate::model::Actor;
use crate::model::administration::AdministrationChange;
use crate::model::id::CalendarLinkId;
use crate::model::notification::LinkToken;
use crate::model::oncall::CalendarLink;
use crate::model::text::{SafeText, sanitize};

/// The fewest characters of an id that name an address.
const FEWEST_CHARS: usize = 4;

/// An address that was created, as `--json` prints it.
#[derive(Serialize)]
struct CreatedJson<'a> {
    id: CalendarLinkId,
    url: &'a str,
}

/// An address, as `list --json` prints it. It contains no secret.
#[derive(Serialize)]
struct LinkJson<'a> {
    id: CalendarLinkId,
    person: &'a str,
    schedule: Option<&'a str>,
    created_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Runs the subcommands of `calendar`.
pub async fn run(context: &mut Context, about: CalendarCommand) -> Result<(), Failure> {
    let CalendarCommand::Link { about } = about;
    match about {
        CalendarLinkCommand::Create(args) => create(context, &args).await,
        CalendarLinkCommand::List(args) => list(context, &args).await,
        CalendarLinkCommand::Revoke(args) => revoke(context, &args).await,
    }
}

async fn create(context: &mut Context, args: &CreateCalendarLink) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let schedule = match &args.schedule {
        Some(name) => Some(find_schedule(&directory, name)?.key().to_owned()),
        None => None,
    };
    let token = LinkToken::random().map_err(|error| Failure::failed(error.to_string()))?;
    let change = AdministrationChange::CreateCalendarLink(CalendarLink {
        id: CalendarLinkId::new(),
        digest: hex::encode(token.digest().as_bytes()),
        person: session.me.handle.clone(),
        schedule,
        created_at: None,
        revoked_at: None,
        extra: <_>::default(),
    });
    let request = AdministrationRequest::new(Actor::Person(session.me), change, Utc::now());
    let outcome = session.connection.backend.administer(&request).await;
    session.connection.close().await;
    let outcome = outcome?;
    let created = outcome.event.map(|event| event.change);
    let Some(AdministrationChange::CreateCalendarLink(link)) = created else {
        return Err(Failure::failed("the address was not created: try again"));
    };
    let path = format!("/calendar/{}.ics", token.expose());
    let base = base_url(&context.config);
    let url = format!("{}{path}", base.as_deref().unwrap_or_default());
    if base.is_none() {
        out::print_hint(
            "this is the path on whatever serves the store (redphone serve): set public_url in the \
             settings to have the whole address printed",
        );
    }
    context.out.record_done(format!("the address {} of a calendar works", link.id));
    if args.json {
        return json::print(&mut context.out, &CreatedJson { id: link.id, url: &url });
    }
    context.out.line(url)
}

/// Returns the address of the server, without a slash at its end.
fn base_url(config: &Config) -> Option<String> {
    let of_settings = config.answers.public_url.clone();
    let of_remote = || config.location.remote().map(|remote| remote.address.to_string());
    let base = of_settings.or_else(of_remote)?;
    let base = base.trim_end_matches('/');
    base.contains("://").then(|| base.to_owned())
}

async fn list(context: &mut Context, args: &ListCalendarLinks) -> Result<(), Failure> {
    let (directory, _) = read_directory(&context.config).await?;
    let links: Vec<&CalendarLink> = directory
        .calendar_links
        .iter()
        .filter(|link| args.all || link.revoked_at.is_none())
        .collect();
    if args.json {
        return links.iter().try_for_each(|link| {
            let link = LinkJson {
                id: link.id,
                person: &link.person,
                schedule: link.schedule.as_deref(),
                created_at: link.created_at,
                revoked_at: link.revoked_at,
            };
            json::print(&mut context.out, &link)
        });
    }
    if links.is_empty() {
        out::print_hint("there is no address of a calendar");
        return Ok(());
    }
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), minute);
    let rows = links.iter().map(|link| {
        let id = link.id.to_string();
        let start = id.len().saturating_sub(8);
        [
            id.get(start..).unwrap_or(&id).to_owned(),
            link.person.clone(),
            link.schedule.clone().unwrap_or_else(|| "own shifts".to_owned()),
            time(link.created_at),
            time(link.revoked_at),
        ]
        .map(|text| SafeText::from(text).into_owned())
    });
    print_columns(&mut context.out, ["ID", "PERSON", "SHIFTS", "CREATED", "REVOKED"], rows)
}

async fn revoke(context: &mut Context, args: &RevokeCalendarLink) -> Result<(), Failure> {
    let typed = args.id.trim().to_ascii_lowercase();
    if typed.len() < FEWEST_CHARS {
        return Err(Failure::usage(format!("give at least {FEWEST_CHARS} characters of the id")));
    }
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let mut found = directory
        .calendar_links
        .iter()
        .filter(|link| link.revoked_at.is_none() && link.id.to_string().ends_with(&typed));
    let id = match (found.next(), found.next()) {
        (Some(link), None) => link.id,
        (Some(_), Some(_)) => {
            return Err(Failure::usage("several addresses end so: give more of the id"));
        }
        (None, _) => {
            return Err(Failure::new(
                Exit::NotFound,
                format!(
                    "there is no address of a calendar {}: `redphone calendar link list` has all",
                    sanitize(&typed)
                ),
            ));
        }
    };
    let text = "the address of the calendar does not work any more".to_owned();
    let change = AdministrationChange::RevokeCalendarLink(id);
    carry_out(context, session.connection, session.me, change, (text, args.json)).await
}
