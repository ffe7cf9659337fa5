//! `evidence`: lists the evidence of an incident, and prints or saves its content.

use std::io::Write;
use std::path::Path;

use uuid::Uuid;

use super::args::Evidence as Args;
use super::atomic_file::{AtomicFile, refuse_existing, write_failure};
use super::context::Context;
use super::failure::{Exit, Failure, output_failed};
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{OldestRead, open_to_read};
use super::value::IncidentRef;
use crate::model::evidence::Evidence;
use crate::model::text::{SafeText, lines, pad, width};

/// The greatest width of the names.
const MAX_NAME: usize = 40;

/// Lists the evidence of an incident, or prints or saves the content of one.
pub async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let connection = open_to_read(config).await?;
    let reader = &*connection.reader;
    let mut oldest = OldestRead::default();
    let id = connection.find_incident(args.incident, &mut oldest).await?;
    let incident = oldest.record(reader.read_detail(id).await?).incident;
    connection.report_staleness(oldest);
    let Some(name) = &args.name else {
        connection.close().await;
        return print_list(out, &incident.evidence, args.json);
    };
    let evidence = find(&incident.evidence, name, args.incident)?;
    let target = args.output.as_deref();
    if let Some(target) = target.filter(|target| !is_standard_output(target)) {
        refuse_existing(target, args.force)?;
    }
    let answer = connection.backend.evidence(evidence.id).await;
    connection.close().await;
    let bytes = answer?.decode().map_err(|bad| Failure::failed(bad.to_string()))?;
    match target {
        Some(file) if is_standard_output(file) => write_raw(out, &bytes),
        Some(file) => save(out, (file, args.force), &bytes),
        None => print(out, evidence, &bytes),
    }
}

fn is_standard_output(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Finds evidence by its name or its id.
fn find<'a>(
    all: &'a [Evidence],
    name: &str,
    incident: IncidentRef,
) -> Result<&'a Evidence, Failure> {
    let id = name.parse::<Uuid>().ok();
    let found = all.iter().find(|one| !one.redacted && (one.name == name || Some(one.id) == id));
    found.ok_or_else(|| {
        let name = SafeText::from(name);
        let text = format!("{incident} has no evidence {name:?}: `redphone evidence` lists it");
        Failure::new(Exit::NotFound, text)
    })
}

fn print_list(out: &mut Out, all: &[Evidence], is_json: bool) -> Result<(), Failure> {
    if is_json {
        return all.iter().try_for_each(|one| json::print(out, one));
    }
    if all.is_empty() {
        out::print_hint("it has no evidence: `redphone attach` adds some");
        return Ok(());
    }
    let widest = all.iter().map(|one| width(one.line())).max().unwrap_or(0).min(MAX_NAME);
    all.iter().try_for_each(|one| {
        let text = one.line();
        let mut line = StyledLine::new(pad(&text, widest), Style::Plain);
        line.push("  ", Style::Plain);
        line.push(one.hash.as_str(), Style::Dim);
        out.styled_line(&line)
    })
}

fn save(out: &mut Out, (file, force): (&Path, bool), content: &[u8]) -> Result<(), Failure> {
    let mut target = AtomicFile::create(file)?;
    target.write_all(content).map_err(|error| write_failure(file, &error))?;
    target.commit_with(force)?;
    out.done_line(format!("{} bytes written to {}", content.len(), file.display()))
}

fn write_raw(out: &mut Out, content: &[u8]) -> Result<(), Failure> {
    let written = out.document_writer().write_all(content);
    written.map_err(|error| output_failed(&error))?;
    out.flush()
}

fn print(out: &mut Out, evidence: &Evidence, content: &[u8]) -> Result<(), Failure> {
    if !out::is_terminal() {
        return write_raw(out, content);
    }
    match std::str::from_utf8(content) {
        Ok(text) if evidence.text => {
            lines(text).try_for_each(|line| out.line(line))?;
            out.flush()
        }
        _ => Err(Failure::failed("it is no text: write it to a file with --output")),
    }
}
