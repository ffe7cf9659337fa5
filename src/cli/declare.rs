//! `declare`: report and log an incident.

use chrono::Utc;

use super::args::Declare;
use super::failure::{Exit, Failure};
use super::session::{IfMissing, Session, resolve_person};
use super::{Context, json, out};
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::text::{sanitize, truncate};
use crate::model::{IncidentCommand, IncidentId, PersonRef, Summary, check};

/// Names closer than this are offered as what was meant; 1.0 is the same name.
const MIN_SIMILARITY: f64 = 0.75;

/// Declares it, gives it to somebody where that is wanted, and prints its number.
pub async fn run(context: &mut Context, args: Declare) -> Result<(), Failure> {
    let now = Utc::now();
    let reported_at = args.reported_at.map_or(now, |time| time.at(now));
    let mut declaration = Declaration {
        title: args.title,
        services: args.services,
        impact: args.impact,
        urgency: args.urgency,
        category: args.category,
        source: args.source,
        symptoms: args.symptoms.unwrap_or_default(),
        detected_at: args.detected_at.map_or(reported_at, |time| time.at(now)),
        reported_at,
        team: args.team,
        labels: args.labels,
        dedup_key: args.dedup_key,
        runbook: args.runbook,
    };
    // What can't be right makes no store.
    check::declaration(&declaration).map_err(|bad| Failure::failed(bad.to_string()))?;
    if let Some(owner) = &args.owner {
        check::name("owner", owner).map_err(|bad| Failure::failed(bad.to_string()))?;
    }
    let session = Session::open(&context.config, IfMissing::Create).await?;
    let directory = match session.connection.backend.directory().await {
        // What is asked is kept: that must not fail for want of what only fills in.
        Err(error) if error.is_temporary() && session.connection.remote.is_some() => {
            context.config.directory.clone()
        }
        directory => directory?,
    };
    declaration.fill_from_directory(&directory);
    let id = IncidentId::new();
    let services = declaration.services.clone();
    let declared = session.execute(id, IncidentCommand::Declare(Box::new(declaration))).await;
    let outcome = match declared {
        Err(failure) if failure.exit == Exit::Queued => {
            return finish_queued(
                context,
                session,
                (id, args.owner, args.json),
                failure,
                &directory,
            )
            .await;
        }
        declared => declared?,
    };
    let (id, grouped) = match outcome.incident {
        Some(open) => (open, open != id),
        None => (id, false),
    };
    let mut row = outcome.row;
    let mut assigned = Ok(());
    if let Some(owner) = &args.owner {
        let to = resolve_owner(owner, &session.me, &directory);
        match session.execute(id, IncidentCommand::Assign { to: Some(to) }).await {
            Ok(outcome) => row = outcome.row.or(row),
            Err(failure) => assigned = Err(failure),
        }
    }
    let label = row.as_ref().map_or_else(|| id.to_string(), Summary::label);
    if args.json {
        json::print(&mut context.out, &row)?;
    } else {
        context.out.line(&label)?;
    }
    context.out.flush()?;
    if grouped {
        out::print_hint(&format!(
            "{label} is open with this dedup key: counted there as one more alert"
        ));
    }
    hint_at_unknown_services(&services, &directory);
    session.connection.close().await;
    assigned
        .map_err(|failure| failure.with_prefix(&format!("{label} is declared but not assigned")))
}

/// It has no number yet: its id stands for it, here and in what is asked about it meanwhile.
async fn finish_queued(
    context: &mut Context,
    session: Session,
    (id, owner, as_json): (IncidentId, Option<String>, bool),
    failure: Failure,
    directory: &Directory,
) -> Result<(), Failure> {
    if let Some(owner) = &owner {
        let to = resolve_owner(owner, &session.me, directory);
        match session.execute(id, IncidentCommand::Assign { to: Some(to) }).await {
            Err(failure) if failure.exit != Exit::Queued => return Err(failure),
            _ => {}
        }
    }
    if as_json {
        let row =
            session.connection.backend.incident(id).await.map(|detail| detail.incident.summary);
        json::print(&mut context.out, &row.ok())?;
    } else {
        context.out.line(&id.to_string())?;
    }
    context.out.flush()?;
    session.connection.close().await;
    Err(failure)
}

fn resolve_owner(owner: &str, me: &PersonRef, directory: &Directory) -> PersonRef {
    if owner.eq_ignore_ascii_case("me") { me.clone() } else { resolve_person(owner, directory) }
}

/// Names services that the directory does not have, with what may have been meant.
fn hint_at_unknown_services(services: &[String], directory: &Directory) {
    if directory.services.is_empty() {
        return;
    }
    for name in services.iter().filter(|name| directory.service(name).is_none()) {
        let name_shown = sanitize(name);
        let name_shown = truncate(&name_shown, 60);
        match nearest_service(name, directory) {
            Some(near) => out::print_hint(&format!(
                "there is no service {name_shown:?} in the directory, the nearest is {:?}",
                sanitize(near)
            )),
            None => {
                out::print_hint(&format!("there is no service {name_shown:?} in the directory"))
            }
        }
    }
}

fn nearest_service<'a>(name: &str, directory: &'a Directory) -> Option<&'a str> {
    let name = name.to_lowercase();
    let alike = |other: &str| strsim::jaro_winkler(&name, &other.to_lowercase());
    let names = directory.services.iter().map(|service| service.name.as_str());
    names
        .map(|other| (alike(other), other))
        .filter(|(alike, _)| *alike >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
