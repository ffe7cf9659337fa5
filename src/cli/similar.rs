//! `similar`: prints the incidents that resemble one, and how they were resolved.

use chrono::{DateTime, Utc};

use super::args::Similar as Args;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{OldestRead, open_to_read};
use crate::backend::{Similar, SimilarIncidents};
use crate::model::directory::Directory;
use crate::model::text::{lines, one_line, wrap};
use crate::model::time::format_ago;

/// The width of the labels below an incident, with the blanks before them.
const INDENT: usize = 13;
/// The width of the output if that of the terminal is not known.
const USUAL_WIDTH: usize = 100;

/// Prints the incidents that resemble one.
pub async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let reader = &*connection.reader;
    let mut oldest = OldestRead::default();
    let id = connection.find_incident(args.incident, &mut oldest).await?;
    let found = oldest.record(reader.read_similar(id, args.limit).await?);
    // It only marks unknown names, so the list is printed without it, too.
    let directory = reader.read_directory().await.map(|read| read.value).unwrap_or_default();
    connection.report_staleness(oldest);
    connection.report_put_back().await;
    let now = connection.backend_now();
    connection.close().await;
    if args.json {
        return json::print(out, &found);
    }
    print(out, &found, &directory, now)
}

fn print(
    out: &mut Out,
    found: &SimilarIncidents,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    if found.similar.is_empty() {
        out::print_hint("there is no incident like it");
    }
    for hint in &found.hints {
        let text = format!("Hint: {}", hint.text());
        for line in lines(&text) {
            out.styled_line(&StyledLine::new(line, Style::Bold))?;
        }
    }
    for similar in &found.similar {
        print_entry(out, similar, directory, now)?;
    }
    out.flush()
}

fn print_entry(
    out: &mut Out,
    similar: &Similar,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let label = similar.number.map_or_else(|| similar.id.to_string(), |number| number.to_string());
    let title = one_line(&similar.title);
    let mut line = StyledLine::new(format!("{label}  "), Style::Dim);
    line.push(title, Style::Bold);
    line.push(format!("  {}", format_ago(similar.reported_at, now)), Style::Dim);
    out.styled_line(&line)?;
    let services = similar.services.iter().map(|name| directory.service_label(name));
    let services = services.collect::<Vec<_>>().join(", ");
    let category = similar.category.map(|category| category.to_string()).unwrap_or_default();
    let resolved =
        if similar.resolution.trim().is_empty() { "not yet" } else { similar.resolution.as_str() };
    let runbook = similar
        .runbook
        .as_ref()
        .map(super::super::model::similar::RunbookUse::text)
        .unwrap_or_default();
    for (name, text) in [
        ("Why", similar.likeness().as_str()),
        ("Service", services.as_str()),
        ("Category", category.as_str()),
        ("Resolved", resolved),
        ("Review", similar.review.as_deref().unwrap_or_default()),
        ("Runbook", runbook.as_str()),
    ] {
        print_field(out, name, text)?;
    }
    Ok(())
}

/// Prints a label and its text below an incident; nothing for an empty text.
fn print_field(out: &mut Out, name: &str, text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let room = out.width().unwrap_or(USUAL_WIDTH).saturating_sub(INDENT).max(20);
    let mut name = name;
    for line in wrap(one_line(text), room) {
        let lead = format!("    {name:<width$}", width = INDENT - 4);
        let mut styled = StyledLine::new(lead, Style::Dim);
        styled.push(line.into_owned(), Style::Plain);
        out.styled_line(&styled)?;
        name = "";
    }
    Ok(())
}
