//! `declare`: report and log an incident.

use chrono::Utc;

use super::args::Declare;
use super::failure::Failure;
use super::session::{Missing, Session, person};
use super::{Context, json, out};
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::text::{cut, shown};
use crate::model::{Ask, IncidentId, PersonRef, Summary, check};

/// Names closer than this are offered as what was meant; 1.0 is the same name.
const ALIKE: f64 = 0.75;

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
    let session = Session::open(&context.config, Missing::Make).await?;
    let directory = session.place.backend.directory().await?;
    declaration.fill_in(&directory);
    let id = IncidentId::new();
    let services = declaration.services.clone();
    let outcome = session.execute(id, Ask::Declare(Box::new(declaration))).await?;
    let (id, grouped) = match outcome.incident {
        Some(open) => (open, open != id),
        None => (id, false),
    };
    let mut row = outcome.row;
    let mut assigned = Ok(());
    if let Some(owner) = &args.owner {
        let to = owner_of(owner, &session.me, &directory);
        match session.execute(id, Ask::Assign { to: Some(to) }).await {
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
        out::hint(&format!("{label} is open with this dedup key: counted there as one more alert"));
    }
    hint_at_unknown(&services, &directory);
    session.place.close().await;
    assigned.map_err(|failure| failure.about(&format!("{label} is declared but not assigned")))
}

fn owner_of(owner: &str, me: &PersonRef, directory: &Directory) -> PersonRef {
    if owner.eq_ignore_ascii_case("me") { me.clone() } else { person(owner, directory) }
}

/// Names services that the directory does not have, with what may have been meant.
fn hint_at_unknown(services: &[String], directory: &Directory) {
    if directory.services.is_empty() {
        return;
    }
    for name in services.iter().filter(|name| directory.service(name).is_none()) {
        let name_shown = shown(name);
        let name_shown = cut(&name_shown, 60);
        match nearest(name, directory) {
            Some(near) => out::hint(&format!(
                "there is no service {name_shown:?} in the directory, the nearest is {:?}",
                shown(near)
            )),
            None => out::hint(&format!("there is no service {name_shown:?} in the directory")),
        }
    }
}

fn nearest<'a>(name: &str, directory: &'a Directory) -> Option<&'a str> {
    let name = name.to_lowercase();
    let alike = |other: &str| strsim::jaro_winkler(&name, &other.to_lowercase());
    let names = directory.services.iter().map(|service| service.name.as_str());
    names
        .map(|other| (alike(other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
