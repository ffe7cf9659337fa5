//! `doctor`: checks the store, rebuilds the data derived from the events, or salvages its records.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::Doctor;
use super::atomic_file::{AtomicFile, refuse_existing, write_failure};
use super::context::Context;
use super::export::{record_error, refuse_store_as_target};
use super::failure::{Exit, Failure, output_failed};
use super::ingest::count_dead_letters;
use super::json;
use super::out::{self, Style, StyledLine, pluralize};
use super::runtime::unless_stopped;
use super::session::{IfMissing, open_store_at};
use crate::backend::file::doctor::{Outdated, Report, examine_with, rebuild_with, salvage};
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
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    outdated: Option<OutdatedJson>,
}

#[derive(Debug, Serialize)]
struct OutdatedJson {
    version: i64,
    newest: i64,
    unfinished: bool,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    grave: bool,
    text: &'a str,
}

/// Examines, migrates, rebuilds or salvages the store.
pub async fn run(context: &mut Context, args: Doctor) -> Result<(), Failure> {
    let store = context.config.store_file("doctor")?.to_owned();
    if let Some(target) = &args.salvage {
        return salvage_to(context, &store, target, &args).await;
    }
    for (is_requested, flag) in [(args.rebuild, "--rebuild"), (args.migrate, "--migrate")] {
        if is_requested && context.config.read_only {
            return Err(Failure::usage(format!(
                "{flag} writes to the store, and it is opened read-only: leave out --read-only",
            )));
        }
    }
    if args.migrate {
        migrate(context, &store).await?;
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
    let reported = print_report(context, &store, &report, args.json);
    hint_at_dead_letters(context).await;
    reported
}

/// Reports how many messages of alerts could not be understood. They are no fault of the store.
async fn hint_at_dead_letters(context: &Context) {
    let count = count_dead_letters(&context.config).await;
    if count > 0 {
        let messages = pluralize(count, "message");
        out::print_hint(format!(
            "{messages} of alerts could not be understood: `redphone ingest dead` lists them"
        ));
    }
}

/// Migrates the store if it is of an older version: opening it does that, and reports it.
async fn migrate(context: &Context, store: &Path) -> Result<(), Failure> {
    let opened = open_store_at(store, &context.config, IfMissing::Refuse).await?;
    if let Some(notice) = opened.put_back_notice() {
        out::print_hint(notice);
    }
    let writable = opened.check_writable();
    opened.close().await;
    Ok(writable?)
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
            outdated: report.outdated.map(|outdated| OutdatedJson {
                version: outdated.version,
                newest: outdated.newest,
                unfinished: outdated.is_unfinished,
            }),
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
    let is_grave = report.findings.iter().any(|finding| finding.grave);
    if is_grave {
        text.push_str(": save what can be read with redphone doctor --salvage FILE");
    }
    if let Some(outdated) = &report.outdated {
        text.push_str(&describe_outdated(*outdated));
        if !is_grave {
            let repair = if report.is_healthy() { "" } else { " --rebuild" };
            let purpose = if report.is_healthy() { "" } else { " and repair it" };
            text = format!(
                "{text}: bring it up to date{purpose} with redphone doctor --migrate{repair}, which \
                 makes a copy first"
            );
        }
    } else if !is_grave && !report.is_healthy() {
        text.push_str(": repair it with redphone doctor --rebuild");
    }
    text
}

fn describe_outdated(outdated: Outdated) -> String {
    let Outdated { version, newest, is_unfinished } = outdated;
    if is_unfinished {
        format!("; it is being brought up to version {version}, or that was interrupted")
    } else {
        format!("; it is of version {version}, and this redphone writes version {newest}")
    }
}

async fn salvage_to(
    context: &mut Context,
    store: &Path,
    target: &Path,
    args: &Doctor,
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
    refuse_existing(target, args.force)?;
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
        // A failing disk may take hours, and return less the next time.
        Err(stopped) if count > 1 => {
            let (partial, others) = commit_partial(file)?;
            let message = format!(
                "{}; {} saved to {partial} until then, which redphone import takes with \
                 --skip-bad{others}",
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
    if args.json {
        return json::print(&mut context.out, &serde_json::json!({ "records": records }));
    }
    context.out.line(text)
}

/// Renames a partial file without replacing the existing one, which may contain more. Returns the
/// new name, and the remarks on other files.
fn commit_partial(file: AtomicFile) -> Result<(String, String), Failure> {
    let target = file.target().to_owned();
    if !target.exists() {
        file.commit()?;
        return Ok((target.display().to_string(), String::new()));
    }
    for number in 0_u32.. {
        let end = if number == 0 { ".partial".into() } else { format!(".partial-{number}") };
        let mut partial = target.clone().into_os_string();
        partial.push(end);
        let partial = PathBuf::from(partial);
        if partial.exists() {
            continue;
        }
        file.commit_as(&partial)?;
        let others = format!("; {} is as it was", target.display());
        return Ok((partial.display().to_string(), others));
    }
    Err(Failure::failed("there is no free name for what was read"))
}
