//! `doctor`: check the store, and repair what follows from the events.

use std::path::Path;

use serde::Serialize;

use super::args::Doctor;
use super::atomic_file::{WholeFile, named, told};
use super::export::{keep, spare_the_store};
use super::failure::{Exit, Failure, output_failed};
use super::out::{Look, counted};
use super::{Context, json, unless_stopped};
use crate::backend::file::doctor::{Report, examine, rebuild, salvage};
use crate::backend::record::Record;
use crate::model::text::shown;

/// What was found, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Told<'a> {
    content: bool,
    incidents: u64,
    events: u64,
    findings: Vec<Finding<'a>>,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    grave: bool,
    text: &'a str,
}

/// Examines, rebuilds or salvages.
pub async fn run(context: &mut Context, args: Doctor) -> Result<(), Failure> {
    let store = context.config.store_file("doctor")?.to_owned();
    if let Some(target) = &args.salvage {
        return save(context, &store, target, args.json).await;
    }
    if args.rebuild && context.config.read_only {
        return Err(Failure::usage(
            "--rebuild writes to the store, and it is opened read-only: leave out --read-only",
        ));
    }
    let report = if args.rebuild { rebuild(&store).await? } else { examine(&store).await? };
    tell(context, &store, &report, args.json)
}

fn tell(
    context: &mut Context,
    store: &Path,
    report: &Report,
    as_json: bool,
) -> Result<(), Failure> {
    let out = &mut context.out;
    if as_json {
        let findings =
            report.findings.iter().map(|f| Finding { grave: f.grave, text: &f.text }).collect();
        let told = Told {
            content: report.is_content(),
            incidents: report.incidents,
            events: report.events,
            findings,
        };
        json::print(out, &told)?;
    } else {
        for finding in &report.findings {
            let word = if finding.grave { "damage" } else { "note" };
            let word = out.look(word, if finding.grave { Look::Alarm } else { Look::Bold });
            out.line(&format!("{word}: {}", shown(&finding.text)))?;
        }
        out.line(&format!("{}: {}", named(store), verdict(report)))?;
    }
    if report.is_content() { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

/// What it comes to, and what to do next.
fn verdict(report: &Report) -> String {
    let mut text = if report.is_content() { "all is well" } else { "not all is well" }.to_owned();
    // A check that ended early has counted nothing.
    if report.is_content() || report.events > 0 {
        let (incidents, events) =
            (counted(report.incidents, "incident"), counted(report.events, "event"));
        text = format!("{text}, {incidents}, {events}");
    }
    if report.findings.iter().any(|finding| finding.grave) {
        text.push_str(": save what can be read with redphone doctor --salvage FILE");
    } else if !report.is_content() {
        text.push_str(": repair it with redphone doctor --rebuild");
    }
    text
}

async fn save(
    context: &mut Context,
    store: &Path,
    target: &Path,
    as_json: bool,
) -> Result<(), Failure> {
    let mut failed = None;
    if target.as_os_str() == "-" {
        let to = context.out.writer();
        let done = salvage(store, &mut |r| keep(json::write_line(to, r), &mut failed)).await;
        if let Some(error) = failed {
            return Err(output_failed(&error));
        }
        done?;
        return Ok(());
    }
    spare_the_store(target, store)?;
    let mut file = WholeFile::begin(target)?;
    let mut sink = |record: &Record| keep(json::write_line(&mut file, record), &mut failed);
    let done = unless_stopped(salvage(store, &mut sink)).await?;
    if let Some(error) = failed {
        return Err(told(target, &error));
    }
    let records = done?;
    let place = named(file.target());
    file.done()?;
    if as_json {
        return json::print(&mut context.out, &serde_json::json!({ "records": records }));
    }
    context.out.line(&format!(
        "{} saved to {place}: take them into a new store with \
         redphone import {place} --skip-bad --store NEW.db",
        counted(records, "record")
    ))
}
