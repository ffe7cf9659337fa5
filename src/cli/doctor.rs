//! `doctor`: checks the store, rebuilds what follows from the events, or salvages its records.

use std::path::Path;

use serde::Serialize;

use super::args::Doctor;
use super::atomic_file::{AtomicFile, write_failure};
use super::context::Context;
use super::export::{record_error, refuse_store_as_target};
use super::failure::{Exit, Failure, output_failed};
use super::json;
use super::out::{Style, StyledLine, pluralize};
use super::runtime::unless_stopped;
use crate::backend::file::doctor::{Report, examine_with, rebuild_with, salvage};
use crate::backend::record::Record;

/// The report, as `--json` prints it.
#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    content: bool,
    incidents: u64,
    events: u64,
    findings: Vec<Finding<'a>>,
    #[serde(rename = "odd", skip_serializing_if = "<[_]>::is_empty")]
    oddities: &'a [String],
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    grave: bool,
    text: &'a str,
}

/// Examines, rebuilds or salvages the store.
pub async fn run(context: &mut Context, args: Doctor) -> Result<(), Failure> {
    let store = context.config.store_file("doctor")?.to_owned();
    if let Some(target) = &args.salvage {
        return salvage_to(context, &store, target, args.json).await;
    }
    if args.rebuild && context.config.read_only {
        return Err(Failure::usage(
            "--rebuild writes to the store, and it is opened read-only: leave out --read-only",
        ));
    }
    let rules = &context.config.rules;
    let report = if args.rebuild {
        let report = rebuild_with(&store, rules).await?;
        if report.is_healthy() {
            context.out.record_done(format!("{} is rebuilt", store.display()));
        }
        report
    } else {
        examine_with(&store, rules).await?
    };
    print_report(context, &store, &report, args.json)
}

fn print_report(
    context: &mut Context,
    store: &Path,
    report: &Report,
    as_json: bool,
) -> Result<(), Failure> {
    let out = &mut context.out;
    if as_json {
        let findings =
            report.findings.iter().map(|f| Finding { grave: f.grave, text: &f.text }).collect();
        let json_report = ReportJson {
            content: report.is_healthy(),
            incidents: report.incidents,
            events: report.events,
            findings,
            oddities: &report.oddities,
        };
        json::print(out, &json_report)?;
    } else {
        for finding in &report.findings {
            let (word, style) =
                if finding.grave { ("damage", Style::Alarm) } else { ("note", Style::Bold) };
            let line = StyledLine::new(word, style);
            out.styled_line(&line.with(format!(": {}", finding.text), Style::Plain))?;
        }
        for oddity in &report.oddities {
            let line = StyledLine::new("odd", Style::Bold);
            out.styled_line(&line.with(format!(": {oddity}"), Style::Plain))?;
        }
        out.line(format!("{}: {}", store.display(), verdict(report)))?;
    }
    if report.is_healthy() { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

/// Returns the conclusion of a report, with the command to run next.
fn verdict(report: &Report) -> String {
    let mut text = if report.is_healthy() { "all is well" } else { "not all is well" }.to_owned();
    // A check that ended early has no counts.
    if report.is_healthy() || report.events > 0 {
        let (incidents, events) =
            (pluralize(report.incidents, "incident"), pluralize(report.events, "event"));
        text = format!("{text}, {incidents}, {events}");
    }
    if report.findings.iter().any(|finding| finding.grave) {
        text.push_str(": save what can be read with redphone doctor --salvage FILE");
    } else if !report.is_healthy() {
        text.push_str(": repair it with redphone doctor --rebuild");
    }
    text
}

async fn salvage_to(
    context: &mut Context,
    store: &Path,
    target: &Path,
    as_json: bool,
) -> Result<(), Failure> {
    let mut failed = None;
    if target.as_os_str() == "-" {
        let writer = context.out.document_writer();
        let result =
            salvage(store, &mut |r| record_error(json::write_line(writer, r), &mut failed)).await;
        if let Some(error) = failed {
            return Err(output_failed(&error));
        }
        result?;
        return Ok(());
    }
    refuse_store_as_target(target, store)?;
    let mut file = AtomicFile::create(target)?;
    let mut count = 0;
    let mut sink = |record: &Record| {
        count += 1;
        record_error(json::write_line(&mut file, record), &mut failed)
    };
    let result = unless_stopped(salvage(store, &mut sink)).await;
    if let Some(error) = failed {
        return Err(write_failure(target, &error));
    }
    let target_text = file.target().display().to_string();
    let records = match result {
        Ok(result) => result?,
        // A disk that fails may take hours, and give less the next time.
        Err(stopped) if count > 1 => {
            file.commit()?;
            let message = format!(
                "{}; {} saved to {target_text} until then, which redphone import takes with \
                 --skip-bad",
                stopped.message,
                pluralize(count - 1, "record"),
            );
            return Err(Failure::failed(message));
        }
        Err(stopped) => return Err(stopped),
    };
    file.commit()?;
    let text = format!(
        "{} saved to {target_text}: take them into a new store with \
         redphone import {target_text} --skip-bad --store NEW.db",
        pluralize(records, "record")
    );
    context.out.record_done(text.clone());
    if as_json {
        return json::print(&mut context.out, &serde_json::json!({ "records": records }));
    }
    context.out.line(text)
}
