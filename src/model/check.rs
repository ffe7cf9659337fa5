//! Limits on the fields of records.
//!
//! Commands and imports share these checks, so that both refuse the same values.

use super::command::{Declaration, Link};
use super::event::Event;
use super::field_check::{CheckResult, one_line};

pub use super::bad_field::{BadField, FieldProblem};
pub use super::field_check::{
    MAX_LIST_ITEMS, MAX_NAME_CHARS, MAX_TEXT_BYTES, MAX_TITLE_CHARS, name, names, people, person,
    required_text, text, time, title,
};

/// Checks all fields of a declaration.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
pub fn declaration(declared: &Declaration) -> CheckResult {
    title(&declared.title)?;
    names("services", &declared.services)?;
    names("labels", &declared.labels)?;
    text("symptoms", &declared.symptoms)?;
    if let Some(team) = &declared.team {
        name("team", team)?;
    }
    if let Some(key) = &declared.dedup_key {
        one_line("dedup_key", key, 500)?;
    }
    if let Some(runbook) = &declared.runbook {
        one_line("runbook", runbook, 500)?;
    }
    time("detected_at", declared.detected_at)?;
    time("reported_at", declared.reported_at)?;
    if declared.detected_at > declared.reported_at {
        return Err(BadField::new("detected_at", FieldProblem::AfterReport));
    }
    Ok(())
}

/// Checks the title or URL of a link.
///
/// # Errors
/// [`BadField`] if it is empty, too long or has a line break.
pub fn link(link: &Link) -> CheckResult {
    match link {
        Link::Problem { title, .. } | Link::Change { title, .. } => {
            one_line("link title", title, MAX_TITLE_CHARS)
        }
        Link::Incident { .. } | Link::Unknown(_) => Ok(()),
        Link::Url(url) => one_line("url", url, 2000),
    }
}

/// Checks the link of a new command, whose URL must also be an absolute one. Links that are stored
/// already may have any text: see [`link`].
///
/// # Errors
/// [`BadField`] if the link is invalid.
pub fn new_link(new: &Link) -> CheckResult {
    link(new)?;
    match new {
        Link::Url(url) if !is_absolute_url(url) => Err(BadField::new("url", FieldProblem::NotAUrl)),
        _ => Ok(()),
    }
}

/// Schemes of URLs that name no host and are useful on an incident.
const SCHEMES_WITHOUT_HOST: [&str; 6] = ["mailto", "tel", "sip", "sips", "xmpp", "im"];

/// Returns whether a text is an absolute URL (RFC 3986, with any letters as in RFC 3987): a scheme,
/// then `//` and the part that it names. `http` and `https` need a host; a few schemes need no
/// `//`.
fn is_absolute_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && scheme.chars().all(|ch| ch.is_ascii_alphanumeric() || "+-.".contains(ch));
    if !is_scheme || rest.is_empty() || text.contains(|ch: char| ch.is_whitespace()) {
        return false;
    }
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    match rest.strip_prefix("//") {
        Some(rest) if is("http") || is("https") => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':')
        }
        Some(rest) => !rest.is_empty(),
        None => SCHEMES_WITHOUT_HOST.iter().any(|name| is(name)),
    }
}

/// Checks an event from an import before the store accepts it.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
pub fn event(event: &Event) -> CheckResult {
    time("at", event.at)?;
    time("recorded_at", event.recorded_at)?;
    one_line("actor", event.actor.name(), MAX_NAME_CHARS)?;
    if event.seq == 0 {
        return Err(BadField::new("seq", FieldProblem::ZeroPosition));
    }
    event.body.check()
}

/// Checks that a person can move an incident to this stage directly.
///
/// # Errors
/// [`BadField`] if another command leads to the stage.
pub fn stage(to: super::Status) -> CheckResult {
    use super::Status;
    match to {
        Status::Acknowledged | Status::Investigating | Status::Identified | Status::Monitoring => {
            Ok(())
        }
        other => Err(BadField::new("status", FieldProblem::NotAStage(other))),
    }
}

/// Checks the fields that a description rewrites; `None` for a field that does not change.
///
/// # Errors
/// [`BadField`] describes the first field that is wrong.
pub fn description(
    new_title: Option<&str>,
    symptoms: Option<&str>,
    labels: Option<&[String]>,
    runbook: Option<&str>,
) -> CheckResult {
    new_title.map_or(Ok(()), title)?;
    symptoms.map_or(Ok(()), |s| text("symptoms", s))?;
    labels.map_or(Ok(()), |l| names("labels", l))?;
    match runbook {
        None | Some("") => Ok(()),
        Some(runbook) => one_line("runbook", runbook, 500),
    }
}
