//! `status`: writes the public status page.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::status::{BuildStatus, StatusCommand};
use super::context::Context;
use super::failure::{Failure, io_error_text};
use super::json;
use super::out;
use super::session::open_to_read;
use crate::backend::status_page::read_status_page;
use crate::model::check;
use crate::outbound::site::{Written, has_other_page, page_address, write_site};

/// The written files, for programs.
#[derive(Serialize)]
struct Outcome {
    files: usize,
    made_at: DateTime<Utc>,
    components: usize,
    incidents: usize,
    maintenance: usize,
    indicator: &'static str,
}

/// Runs the subcommands of `status`.
pub async fn run(context: &mut Context, about: StatusCommand) -> Result<(), Failure> {
    match about {
        StatusCommand::Build(args) => build(context, args).await,
    }
}

async fn build(context: &mut Context, args: BuildStatus) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let mut settings = config.publishing.status_page.clone().unwrap_or_default();
    if let Some(title) = args.title {
        check::name("title", &title)
            .map_err(|error| Failure::usage(format!("--title {}", error.problem)))?;
        settings.title = title;
    }
    if let Some(url) = args.url {
        let Some(address) = page_address(&url) else {
            return Err(Failure::usage(
                "--url is no address of a page: write one such as https://status.example.org",
            ));
        };
        settings.url = Some(address);
    }
    if !args.replace && has_other_page(&args.directory) {
        return Err(Failure::failed(format!(
            "{} has an index.html that is no status page: name another folder, or add --replace",
            args.directory.display()
        )));
    }
    settings.days = args.days.unwrap_or(settings.days);
    let connection = open_to_read(config).await?;
    let now = connection.backend_now();
    let page = read_status_page(&*connection.backend, &settings, now).await;
    connection.report_put_back().await;
    connection.close().await;
    let page = page?;
    let written: Written = write_site(&args.directory, &page).map_err(|error| {
        Failure::failed(format!(
            "can't write {}: {}: name another folder or make room",
            args.directory.display(),
            io_error_text(&error)
        ))
    })?;
    let outcome = Outcome {
        files: written.files,
        made_at: written.made_at,
        components: page.components.len(),
        incidents: page.incidents.len(),
        maintenance: page.maintenance.len(),
        indicator: page.indicator(),
    };
    if args.json {
        return json::print(out, &outcome);
    }
    if page.components.is_empty() {
        out::print_hint(
            "no service is public: give one a name with `redphone service set NAME --public-name TEXT`",
        );
    }
    let folder = args.directory.display();
    if written.files == 0 {
        let at = written.made_at.format("%Y-%m-%d %H:%M UTC");
        return out.line(format!("nothing has changed in {folder} since {at}"));
    }
    let incidents = u64::try_from(outcome.incidents).unwrap_or(u64::MAX);
    out.line(format!(
        "written to {folder}: {}, {}",
        page.description().to_lowercase(),
        out::pluralize(incidents, "incident")
    ))
}
