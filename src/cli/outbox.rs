//! `outbox`: what waits to be sent to an API, what was sent last, and what it refused.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::{EntryRef, OutboxArgs, OutboxCommand};
use super::failure::{Exit, Failure};
use super::out::{Out, Style, pluralize};
use super::session::{self, Sending};
use super::{Context, json, out};
use crate::model::text::{sanitize, truncate};
use crate::model::{Command, CommandId, IncidentId};
use crate::sync::remote::{EntryState, OutboxEntry, OutboxSnapshot, Remote};

/// How long what waits may take to be sent.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// A command, as `--json` prints it.
#[derive(Debug, Serialize)]
struct EntryJson<'a> {
    #[serde(rename = "place")]
    position: u64,
    id: CommandId,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentId>,
    label: String,
    state: &'static str,
    #[serde(rename = "asked_at")]
    requested_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a Command>,
    #[serde(rename = "tries")]
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "said")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<DateTime<Utc>>,
}

/// Carries out what is asked of the outbox.
pub async fn run(context: &mut Context, args: OutboxArgs) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let sends = match &args.about {
        Some(OutboxCommand::Send) if config.read_only => {
            return Err(Failure::failed("opened read-only: nothing is sent from here"));
        }
        Some(OutboxCommand::Send) => Sending::Yes,
        _ => Sending::No,
    };
    let remote = session::open_outbox(config, sends).await?;
    match args.about.unwrap_or(OutboxCommand::List) {
        OutboxCommand::List => {
            print_list(out, &remote.watch_outbox().borrow(), args.json)?;
            for file in remote.set_aside_outboxes() {
                let file = sanitize(&file.to_string_lossy()).into_owned();
                out::print_hint(&format!(
                    "{file} is an outbox that was damaged and set aside: what it holds was not sent \
                     from here; delete it once nothing in it is needed"
                ));
            }
            Ok(())
        }
        OutboxCommand::Send => send_pending(out, &remote, args.json).await,
        OutboxCommand::Retry { which } => {
            let entry = find_entry(&remote, which)?;
            remote.retry(entry.id).await.map_err(|error| entry_failure(&entry, error))?;
            out.line(&format!("{} waits to be sent again", entry.phrase()))
        }
        OutboxCommand::Drop { which } => {
            let entry = find_entry(&remote, which)?;
            let dropped = remote.drop_entry(entry.id).await;
            let count = dropped.map_err(|error| entry_failure(&entry, error))?;
            let more = count.saturating_sub(1) as u64;
            let with = if more > 0 {
                format!(", and {} that needed it", pluralize(more, "command"))
            } else {
                String::new()
            };
            out.line(&format!("{} dropped{with}", sanitize(&entry.phrase())))
        }
    }
}

fn entry_failure(entry: &OutboxEntry, error: crate::backend::BackendError) -> Failure {
    Failure::from(error).with_prefix(&sanitize(&entry.phrase()))
}

/// The command of a place in the list, or of an id.
fn find_entry(remote: &Remote, which: EntryRef) -> Result<Arc<OutboxEntry>, Failure> {
    let listing = remote.watch_outbox().borrow().clone();
    let found = listing.entries.iter().find(|entry| match which {
        EntryRef::Position(place) => entry.position == place,
        EntryRef::Id(id) => entry.id == id,
    });
    found.cloned().ok_or_else(|| {
        let told = format!("there is no {which} in the outbox: `redphone outbox` lists them");
        Failure::new(Exit::NotFound, told)
    })
}

/// Sends what waits, and tells what became of each.
async fn send_pending(out: &mut Out, remote: &Remote, as_json: bool) -> Result<(), Failure> {
    let before = remote.watch_outbox().borrow().clone();
    remote.send_now().await?;
    let after = remote.wait_until_settled(SEND_TIMEOUT).await;
    let mut refused = false;
    for entry in before.pending() {
        let Some(now) = after.get(entry.id) else { continue };
        if as_json {
            json::print(out, &entry_json(now, &after))?;
        } else {
            print_entry(out, now, &after)?;
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
        return Err(Failure::new(
            Exit::Queued,
            format!("{left} {are}: kept, and tried again later"),
        ));
    }
    if before.pending().next().is_none() && !as_json {
        out::print_hint("nothing waits");
    }
    Ok(())
}

fn print_list(out: &mut Out, listing: &OutboxSnapshot, as_json: bool) -> Result<(), Failure> {
    let entries: Vec<_> =
        listing.refused().chain(listing.pending()).chain(listing.sent()).collect();
    for entry in &entries {
        if as_json {
            json::print(out, &entry_json(entry, listing))?;
        } else {
            print_entry(out, entry, listing)?;
        }
    }
    out.flush()?;
    if entries.is_empty() && !as_json {
        out::print_hint("nothing waits, and nothing was sent from here yet");
    }
    Ok(())
}

fn state_name(entry: &OutboxEntry, listing: &OutboxSnapshot) -> &'static str {
    match entry.state {
        EntryState::Sent(_) => "sent",
        EntryState::Refused(_) => "refused",
        EntryState::Pending if listing.blocker_of(entry).is_some() => "held",
        EntryState::Pending if listing.other_requester_reason(entry).is_some() => "held",
        EntryState::Pending => "pending",
    }
}

fn explanation(entry: &OutboxEntry, listing: &OutboxSnapshot) -> Option<String> {
    match &entry.state {
        EntryState::Sent(_) => None,
        EntryState::Refused(why) => Some(why.to_string()),
        EntryState::Pending => match listing.blocker_of(entry) {
            Some(declared) => Some(format!("{} was refused", declared.phrase())),
            None => listing.other_requester_reason(entry).or_else(|| entry.last_error.clone()),
        },
    }
}

fn entry_json<'a>(entry: &'a OutboxEntry, listing: &OutboxSnapshot) -> EntryJson<'a> {
    EntryJson {
        position: entry.position,
        id: entry.id,
        incident: entry.incident(),
        label: entry.label(),
        state: state_name(entry, listing),
        requested_at: entry.requested_at(),
        command: entry.command(),
        attempts: entry.attempts,
        last_error: explanation(entry, listing),
        next_at: entry.next_attempt_at,
        settled_at: entry.settled_at,
    }
}

/// One command: its place, what became of it, when it was asked, what it is; why, below it.
fn print_entry(
    out: &mut Out,
    entry: &OutboxEntry,
    listing: &OutboxSnapshot,
) -> Result<(), Failure> {
    let word = state_name(entry, listing);
    let look = match word {
        "refused" => Style::Alarm,
        "sent" => Style::Dim,
        _ => Style::Bold,
    };
    let text = entry.text();
    let first = text.lines().next().unwrap_or_default();
    let what =
        if first.is_empty() { entry.phrase() } else { format!("{}: {first}", entry.phrase()) };
    let room = out.width().map_or(usize::MAX, |width| width.saturating_sub(36));
    let what = sanitize(&what);
    let at = entry.requested_at().format("%m-%d %H:%M:%S UTC");
    let state = out.styled(&format!("{word:<8}"), look);
    out.line(&format!("{:>5}  {state}  {at}  {}", entry.position, truncate(&what, room)))?;
    match explanation(entry, listing) {
        Some(why) => out.line(&format!("       {}", sanitize(&why))),
        None => Ok(()),
    }
}
