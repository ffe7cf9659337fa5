//! `outbox`: what waits to be sent to an API, what was sent last, and what it refused.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{AboutOutbox, OutboxArgs, Which};
use super::failure::{Exit, Failure};
use super::out::{Look, Out, counted};
use super::session::{self, Sending};
use super::{Context, json, out};
use crate::model::text::{cut, shown};
use crate::model::{Command, CommandId, IncidentId};
use crate::sync::remote::{Entry, Listing, Remote, State};

/// How long what waits may take to be sent.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Told<'a> {
    place: u64,
    id: CommandId,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentId>,
    label: String,
    state: &'static str,
    asked_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a Command>,
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<DateTime<Utc>>,
}

/// Carries out what is asked of the outbox.
pub async fn run(context: &mut Context, args: OutboxArgs) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let sends = match &args.about {
        Some(AboutOutbox::Send) if config.read_only => {
            return Err(Failure::failed("opened read-only: nothing is sent from here"));
        }
        Some(AboutOutbox::Send) => Sending::Yes,
        _ => Sending::No,
    };
    let remote = session::open_outbox(config, sends).await?;
    match args.about.unwrap_or(AboutOutbox::List) {
        AboutOutbox::List => {
            list(out, &remote.listing().borrow(), args.json)?;
            for file in remote.set_aside() {
                let file = shown(&file.to_string_lossy()).into_owned();
                out::hint(&format!(
                    "{file} is an outbox that was damaged and set aside: what it holds was not sent \
                     from here; delete it once nothing in it is needed"
                ));
            }
            Ok(())
        }
        AboutOutbox::Send => send(out, &remote, args.json).await,
        AboutOutbox::Retry { which } => {
            let entry = find(&remote, which)?;
            remote.retry(entry.id).await.map_err(|error| about(&entry, error))?;
            out.line(&format!("{} waits to be sent again", entry.phrase()))
        }
        AboutOutbox::Drop { which } => {
            let entry = find(&remote, which)?;
            let dropped = remote.drop_entry(entry.id).await;
            let count = dropped.map_err(|error| about(&entry, error))?;
            let more = count.saturating_sub(1) as u64;
            let with = if more > 0 {
                format!(", and {} that needed it", counted(more, "command"))
            } else {
                String::new()
            };
            out.line(&format!("{} dropped{with}", shown(&entry.phrase())))
        }
    }
}

fn about(entry: &Entry, error: crate::backend::BackendError) -> Failure {
    Failure::from(error).about(&shown(&entry.phrase()))
}

/// The command of a place in the list, or of an id.
fn find(remote: &Remote, which: Which) -> Result<Arc<Entry>, Failure> {
    let listing = remote.listing().borrow().clone();
    let found = listing.entries.iter().find(|entry| match which {
        Which::Place(place) => entry.place == place,
        Which::Id(id) => entry.id == id,
    });
    found.cloned().ok_or_else(|| {
        let told = format!("there is no {which} in the outbox: `redphone outbox` lists them");
        Failure::new(Exit::NotFound, told)
    })
}

/// Sends what waits, and tells what became of each.
async fn send(out: &mut Out, remote: &Remote, as_json: bool) -> Result<(), Failure> {
    let before = remote.listing().borrow().clone();
    remote.send_now().await?;
    let after = remote.settled(PATIENCE).await;
    let mut refused = false;
    for entry in before.pending() {
        let Some(now) = after.get(entry.id) else { continue };
        if as_json {
            json::print(out, &told(now, &after))?;
        } else {
            line(out, now, &after)?;
        }
        refused |= now.refusal().is_some();
    }
    out.flush()?;
    let left = after.counts().pending as u64;
    if refused {
        return Err(Failure::failed("some were refused: `redphone outbox` says why"));
    }
    if left > 0 {
        let are = if left == 1 { "command waits" } else { "commands wait" };
        return Err(Failure::new(Exit::Kept, format!("{left} {are}: kept, and tried again later")));
    }
    if before.pending().next().is_none() && !as_json {
        out::hint("nothing waits");
    }
    Ok(())
}

fn list(out: &mut Out, listing: &Listing, as_json: bool) -> Result<(), Failure> {
    let entries: Vec<_> =
        listing.refused().chain(listing.pending()).chain(listing.sent()).collect();
    for entry in &entries {
        if as_json {
            json::print(out, &told(entry, listing))?;
        } else {
            line(out, entry, listing)?;
        }
    }
    out.flush()?;
    if entries.is_empty() && !as_json {
        out::hint("nothing waits, and nothing was sent from here yet");
    }
    Ok(())
}

fn word(entry: &Entry, listing: &Listing) -> &'static str {
    match entry.state {
        State::Sent(_) => "sent",
        State::Refused(_) => "refused",
        State::Pending if listing.held_by(entry).is_some() => "held",
        State::Pending if listing.of_another(entry).is_some() => "held",
        State::Pending => "pending",
    }
}

fn said(entry: &Entry, listing: &Listing) -> Option<String> {
    match &entry.state {
        State::Sent(_) => None,
        State::Refused(why) => Some(why.to_string()),
        State::Pending => match listing.held_by(entry) {
            Some(declared) => Some(format!("{} was refused", declared.phrase())),
            None => listing.of_another(entry).or_else(|| entry.said.clone()),
        },
    }
}

fn told<'a>(entry: &'a Entry, listing: &Listing) -> Told<'a> {
    Told {
        place: entry.place,
        id: entry.id,
        incident: entry.incident(),
        label: entry.label(),
        state: word(entry, listing),
        asked_at: entry.asked_at(),
        command: entry.command(),
        tries: entry.tries,
        said: said(entry, listing),
        next_at: entry.next_at,
        settled_at: entry.settled_at,
    }
}

/// One command: its place, what became of it, when it was asked, what it is; why, below it.
fn line(out: &mut Out, entry: &Entry, listing: &Listing) -> Result<(), Failure> {
    let word = word(entry, listing);
    let look = match word {
        "refused" => Look::Alarm,
        "sent" => Look::Dim,
        _ => Look::Bold,
    };
    let text = entry.text();
    let first = text.lines().next().unwrap_or_default();
    let what =
        if first.is_empty() { entry.phrase() } else { format!("{}: {first}", entry.phrase()) };
    let room = out.width().map_or(usize::MAX, |width| width.saturating_sub(36));
    let what = shown(&what);
    let at = entry.asked_at().format("%m-%d %H:%M:%S UTC");
    let state = out.look(&format!("{word:<8}"), look);
    out.line(&format!("{:>5}  {state}  {at}  {}", entry.place, cut(&what, room)))?;
    match said(entry, listing) {
        Some(why) => out.line(&format!("       {}", shown(&why))),
        None => Ok(()),
    }
}
