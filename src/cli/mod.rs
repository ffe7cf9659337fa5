//! The command line, one file per command.
//!
//! Results go to standard output. Errors go to standard error in one sentence, and the exit code is
//! the kind of error. A command opens only what it needs.

pub mod args;
pub mod failure;
pub mod value;

mod atomic_file;
mod backup;
mod calendar;
mod calendar_links;
mod change;
mod channels;
mod check;
mod columns;
mod complete;
mod completions;
mod config;
mod contact;
mod context;
mod cover;
mod declare;
mod demo;
mod directory;
mod doctor;
mod dry_run;
mod engine;
mod events;
mod evidence;
mod export;
mod feed;
mod guide;
mod handoff;
mod heartbeat;
mod import;
mod ingest;
mod json;
mod list;
mod local_state;
mod login;
mod maintenance;
mod man;
mod mcp;
mod metrics;
mod migration;
mod noise;
mod notifications;
mod oncall;
mod out;
mod outbox;
mod overrides;
mod panes;
mod parse;
mod problem;
mod profiles;
mod progress;
mod prompt;
mod records;
mod reply;
mod report;
mod review_lists;
mod review_page;
mod runtime;
mod schema;
mod self_test;
mod serve;
mod service_manager;
mod session;
mod settings_editor;
mod setup;
mod show;
mod similar;
mod start;
mod status;
mod table;
mod token;
mod unknown_names;
mod verb;
mod wall;
mod watch;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use self::args::{Cli, Command, ConfigCommand, OutboxCommand};
use self::context::Context;
use self::failure::Failure;
use self::out::Out;
use self::runtime::block_on;
use crate::config::{Config, Flags, log};
use crate::model::text::SafeText;

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out::print_failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(args: &[OsString]) -> Result<(), Failure> {
    let Some(Cli { global, command }) = parse::parse(args)? else { return Ok(()) };
    let flags = Flags {
        config: global.config,
        profile: global.profile,
        store: global.store,
        backend: global.backend,
        token_file: global.token_file,
        user: global.user,
        ascii: global.ascii,
        theme: global.theme,
        depth: global.depth,
        zone: global.zone,
        low_bandwidth: global.low_bandwidth,
        read_only: global.read_only,
    };
    if let Some(Command::Config {
        about: about @ (ConfigCommand::Path | ConfigCommand::Init),
        json,
    }) = command
    {
        return config::run_without_settings(&flags, about, json);
    }
    // The line that is completed has flags of its own.
    if let Some(Command::Complete(args)) = &command {
        return complete::run(args);
    }
    let config = Config::from_process(flags.clone())?;
    // A service has its warnings where the system collects them.
    let warns_on_stderr = matches!(command, Some(Command::Serve(_)));
    log::start(&config, warns_on_stderr);
    let mut context = Context { out: Out::new(&config), config, flags };
    if command.as_ref().is_some_and(reports_warnings) {
        config::hint_at_warnings(&context.config);
    }
    let result = dispatch(&mut context, command);
    // Output from before a failure is still shown.
    context.out.finish(result)
}

/// Returns whether a command reports wrong settings on standard error.
///
/// The panes show them themselves, and `config` is about them. A prompt must stay one short line,
/// and the others below use no settings.
fn reports_warnings(command: &Command) -> bool {
    !matches!(
        command,
        Command::Demo(_)
            | Command::Config { .. }
            | Command::Completions { .. }
            | Command::Schema { .. }
            | Command::Complete(_)
            | Command::Help { .. }
            | Command::Prompt(_)
            | Command::Man(_)
    )
}

/// Refuses a command that would change a read-only store or API.
fn check_writable(config: &Config, command: &Command) -> Result<(), Failure> {
    let is_file = config.location.remote().is_none();
    let writes = match command {
        Command::Declare(_)
        | Command::Verb(_)
        | Command::StandIn(_)
        | Command::SelfTest(_)
        | Command::Import(_)
        | Command::Reply(_)
        | Command::Restore(_) => true,
        Command::Override { about } => about.writes(),
        Command::Cover(args) => args.writes(),
        Command::Calendar { about } => about.writes(),
        Command::Heartbeat(args) => args.writes(),
        Command::Contact { about } => about.writes(),
        Command::Maintenance { about } => about.writes(),
        Command::Change { about } => about.writes(),
        Command::Problem { about } => about.writes(),
        Command::Ingest(args) => args.writes(),
        Command::Doctor(args) => args.rebuild,
        Command::People { about } => about.writes(),
        Command::Teams { about } => about.writes(),
        Command::Service { about } => about.writes(),
        Command::Schedules { about } => about.writes(),
        Command::Policies { about } => about.writes(),
        // A file of tokens that is named is not that of an API.
        Command::Token { about } => about.writes() && (is_file || about.file().is_none()),
        Command::Integration { about } => about.writes() && (is_file || about.file().is_none()),
        Command::Outbox(args) => {
            !matches!(&args.about, None | Some(OutboxCommand::List | OutboxCommand::Send))
        }
        _ => false,
    };
    if !writes {
        return Ok(());
    }
    if let Some(profile) = config.panes.profile.as_ref().filter(|profile| profile.read_only) {
        let name = SafeText::from(&profile.name);
        return Err(Failure::failed(format!(
            "the profile {name:?} is read-only: nothing can be changed with it, choose another"
        )));
    }
    // With --read-only alone, a store refuses changes itself, but not those of whole files; an API
    // does not know the flag.
    let changes_files = matches!(
        command,
        Command::Restore(_) | Command::Token { .. } | Command::Integration { .. }
    );
    if config.read_only && (changes_files || !is_file) {
        return Err(Failure::failed(format!(
            "{} was opened read-only: leave out --read-only to change something",
            config.location.display_name()
        )));
    }
    Ok(())
}

fn dispatch(context: &mut Context, command: Option<Command>) -> Result<(), Failure> {
    if let Some(command) = &command {
        check_writable(&context.config, command)?;
    }
    match command {
        None => start::run(context),
        Some(Command::Demo(args)) => demo::run(context, args),
        Some(Command::Wall(args)) => wall::run(context, &args),
        Some(Command::List(args)) => block_on(list::run(context, args)),
        Some(Command::Show(args)) => block_on(show::run(context, args)),
        Some(Command::Similar(args)) => block_on(similar::run(context, args)),
        Some(Command::Evidence(args)) => block_on(evidence::run(context, args)),
        Some(Command::Events(args)) => block_on(events::run(context, args)),
        Some(Command::Schema { of }) => schema::run(context, of),
        Some(Command::Feed(args)) => block_on(feed::run(context, args)),
        Some(Command::Notifications(args)) => block_on(notifications::run(context, args)),
        Some(Command::Noise(args)) => block_on(noise::run(context, args)),
        Some(Command::Metrics(args)) => block_on(metrics::run(context, &args)),
        Some(Command::Report(args)) => block_on(report::run(context, &args)),
        Some(Command::Oncall(args)) => block_on(oncall::run(context, args)),
        Some(Command::Handoff(args)) => block_on(handoff::run(context, args)),
        Some(Command::StandIn(args)) => block_on(overrides::stand_in_now(context, args)),
        Some(Command::Override { about }) => block_on(overrides::run(context, about)),
        Some(Command::Calendar { about }) => block_on(calendar_links::run(context, about)),
        Some(Command::Cover(args)) => block_on(cover::run(context, args)),
        Some(Command::Declare(args)) => block_on(declare::run(context, args)),
        Some(Command::Verb(command)) => block_on(verb::run(context, command)),
        Some(Command::Reviews(args)) => block_on(review_lists::reviews(context, args)),
        Some(Command::ActionItems(args)) => block_on(review_lists::action_items(context, args)),
        Some(Command::ReviewPage(args)) => block_on(review_page::run(context, args)),
        Some(Command::Outbox(args)) => block_on(outbox::run(context, args)),
        Some(Command::Backup(args)) => block_on(backup::backup(context, args)),
        Some(Command::Restore(args)) => block_on(backup::restore(context, args)),
        Some(Command::Export(args)) => block_on(export::run(context, args)),
        Some(Command::Import(args)) => import::run(context, &args),
        Some(Command::Ingest(args)) => block_on(ingest::run(context, args)),
        Some(Command::Doctor(args)) => block_on(doctor::run(context, args)),
        Some(Command::Serve(args)) => serve::run(context, args),
        Some(Command::People { about }) => block_on(directory::run(context, about.into())),
        Some(Command::Teams { about }) => block_on(directory::run(context, about.into())),
        Some(Command::Service { about }) => block_on(directory::run(context, about.into())),
        Some(Command::Schedules { about }) => block_on(directory::run(context, about.into())),
        Some(Command::Policies { about }) => block_on(directory::run(context, about.into())),
        Some(Command::Audit(args)) => block_on(directory::audit(context, args)),
        Some(Command::Token { about }) => token::run(context, about),
        Some(Command::Integration { about }) => token::run_integration(context, about),
        Some(Command::Contact { about }) => block_on(contact::run(context, about)),
        Some(Command::Heartbeat(args)) => block_on(heartbeat::run(context, &args)),
        Some(Command::Maintenance { about }) => block_on(maintenance::run(context, about)),
        Some(Command::Change { about }) => block_on(change::run(context, about)),
        Some(Command::Status { about }) => block_on(status::run(context, about)),
        Some(Command::Problem { about }) => block_on(problem::run(context, about)),
        Some(Command::Check(args)) => block_on(check::run(context, &args)),
        Some(Command::SelfTest(args)) => block_on(self_test::run(context, &args)),
        Some(Command::Reply(_)) => block_on(reply::run(context)),
        Some(Command::Help { topic }) => guide::run(&mut context.out, topic.as_deref()),
        Some(Command::Config { about, json }) => config::run(context, about, json),
        Some(Command::Profiles(args)) => block_on(profiles::run(context, args)),
        Some(Command::Login(args)) => block_on(login::run(context, args)),
        Some(Command::Logout(args)) => block_on(login::logout(context, args)),
        Some(Command::Mcp(args)) => block_on(mcp::run(context, args)),
        Some(Command::Prompt(args)) => block_on(prompt::run(context, args)),
        Some(Command::Complete(args)) => complete::run(&args),
        Some(Command::Completions { shell }) => completions::run(&mut context.out, shell),
        Some(Command::Man(args)) => man::run(&mut context.out, &args),
    }
}
