//! Questions on a terminal: confirmations, and the closing gate.

use std::io::{self, IsTerminal};

use super::super::failure::{Failure, io_error_text};
use super::super::out;
use super::super::value::IncidentRef;
use crate::model::checklist::{ClosingItem, open_closing_items};
use crate::model::{Incident, Status};
use crate::verbs::{Verb, VerbRequest};

/// Asks for the same confirmations as the panes: of irreversible commands, and of commands on
/// several incidents. Without a terminal, irreversible ones need `--yes`.
pub(super) fn confirm(verb: Verb, incidents: &[IncidentRef], yes: bool) -> Result<(), Failure> {
    let row = verb.row();
    let asks_for_several = incidents.len() > 1 && verb != Verb::Acknowledge;
    if yes || !(row.irreversible || asks_for_several) {
        return Ok(());
    }
    if !has_terminal() {
        if !row.irreversible {
            return Ok(());
        }
        return Err(Failure::usage(format!(
            "{} can't be undone: add --yes to do it without a question",
            row.command
        )));
    }
    let names = match incidents {
        [one] => one.to_string(),
        several => format!("{} incidents", several.len()),
    };
    let warning = if row.irreversible { ", which nothing undoes" } else { "" };
    let answer = prompt(format!("{} {names}{warning}: go on? [y/N] ", row.command))?;
    if matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::failed("nothing is changed"))
    }
}

/// Asks on a terminal for the answers that a request lacks: those of the closing gate.
pub(super) fn complete(
    request: &VerbRequest,
    record: Option<&Incident>,
) -> Result<VerbRequest, Failure> {
    let mut request = request.clone();
    let (VerbRequest::Close(close), Some(record)) = (&mut request, record) else {
        return Ok(request);
    };
    if close.all || record.summary.status != Status::Resolved || !has_terminal() {
        return Ok(request);
    }
    for item in open_closing_items(&record.answered) {
        let field = match item {
            ClosingItem::ServiceStable => &mut close.stable,
            ClosingItem::Contained => &mut close.contained,
            ClosingItem::FinalUpdate => &mut close.update,
            ClosingItem::Recorded => &mut close.recorded,
            ClosingItem::FollowUp => &mut close.follow_up,
            ClosingItem::Unknown(_) => continue,
        };
        if field.is_none() {
            let answer = prompt(format!("{item}? [yes, or why it is waived] "))?;
            *field = Some(if answer.eq_ignore_ascii_case("y") { "yes".into() } else { answer });
        }
    }
    Ok(request)
}

fn has_terminal() -> bool {
    io::stdin().is_terminal() && out::is_terminal()
}

fn prompt(question: String) -> Result<String, Failure> {
    let answer = out::read_line(question).map_err(|error| {
        let reason = io_error_text(&error);
        Failure::failed(format!("can't ask on the terminal: {reason}: add --yes, or try again"))
    })?;
    Ok(answer.trim().to_owned())
}
