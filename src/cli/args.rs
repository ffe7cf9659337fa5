//! Definition of the command line.

mod backup;
pub mod calendar;
pub mod change;
pub mod check;
mod contact;
pub mod cover;
mod demo;
pub mod directory;
mod doctor;
mod evidence;
mod global;
mod heartbeat;
mod incidents;
pub mod ingest;
pub mod integration;
mod lists;
pub mod maintenance;
mod manual;
mod mcp;
mod metrics;
mod noise;
mod notifications;
mod outbox;
pub mod overrides;
pub mod problem;
mod prompt;
mod reply;
mod report;
mod review_lists;
mod review_page;
mod selection;
mod self_test;
pub mod serve;
mod settings;
mod similar;
pub mod status;
mod transfer;
mod verbs;

pub use backup::{Backup, Restore};
pub use change::ChangeCommand;
pub use contact::{
    AddContact, ContactCommand, ListContacts, QuietContact, RemoveContact, SetContact,
    TestContacts, Waits, Whose,
};
pub use demo::{Demo, Wall};
pub use doctor::Doctor;
pub use evidence::Evidence;
pub use global::Global;
pub use heartbeat::Heartbeat;
pub use incidents::{AboutImpact, Declare, Events, List, SchemaOf, Show};
pub use lists::{Feed, Handoff, Oncall};
pub use manual::Man;
pub use mcp::{AllowedVerb, Mcp};
pub use metrics::Metrics;
pub use noise::Noise;
pub use notifications::Notifications;
pub use outbox::{EntryRef, OutboxArgs, OutboxCommand};
pub use problem::ProblemCommand;
pub use prompt::{Complete, CompletionShell, Prompt};
pub use reply::Reply;
pub use report::{Report, ReportFormat};
pub use review_lists::{ActionItems, Reviews};
pub use review_page::ReviewPage;
pub use self_test::SelfTest;
pub use settings::{ConfigCommand, Login, Profiles};
pub use similar::Similar;
pub use transfer::{Export, Import};
pub use verbs::{
    IncidentList, TEMPLATE, VerbCommand, count_positionals, verb_command_with_arguments,
};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::value::EnumParser;

/// Incident management in a terminal.
///
/// Without a command it opens the panes: queue, detail, timeline and metrics.
#[derive(Parser, Clone, Debug)]
#[command(name = "redphone", version, max_term_width = 100, after_help = AFTER)]
#[command(disable_help_subcommand = true, infer_long_args = false)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; without one the panes open.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER: &str = "\
Exit codes:
  0  done
  1  refused or failed
  2  the command line or a setting is wrong
  3  there is no such incident or store
  4  the store can't be opened, or the API does not answer: the same may work later
  5  the API does not answer: what was asked is kept and will be sent

Examples:
  redphone demo
  redphone declare --title 'Card payments fail' --service checkout --impact high --urgency high
  redphone list p1 owner:none
  redphone ack INC-12 INC-14

Environment:
  REDPHONE_CONFIG         the settings file, as --config
  REDPHONE_PROFILE        the profile, as --profile
  REDPHONE_STORE          the store's file, as --store
  REDPHONE_BACKEND        the API's URL, as --backend
  REDPHONE_TOKEN          the API's token
  REDPHONE_TOKEN_FILE     the file with the API's token, as --token-file
  REDPHONE_USER           your handle, as --user; else USER
  REDPHONE_ASCII          1 draws with ASCII characters only, as --ascii; 0 never does
  REDPHONE_THEME          as --theme
  REDPHONE_DEPTH          as --depth
  REDPHONE_ZONE           as --zone
  REDPHONE_LOW_BANDWIDTH  1 as --low-bandwidth
  REDPHONE_READ_ONLY      1 as --read-only
  REDPHONE_SYNC           0 leaves out the marks of synchronized updates
  REDPHONE_LOG            off, error, warn (default), info, debug or trace
  NO_COLOR                no colours, unless --depth or REDPHONE_DEPTH asks for them

Flags win over the environment, and the environment over the settings file.";

/// The commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Show a living example: a made-up company with its history, in a store of its own
    #[command(after_help = demo::DEMO)]
    Demo(Demo),
    /// Show a wall display: big figures, the open P1 and P2, what happens; needs no input
    #[command(after_help = demo::WALL)]
    Wall(Wall),
    /// List incidents
    #[command(after_help = incidents::LIST)]
    List(List),
    /// Show one incident: the record, suspected changes, similar incidents, the timeline
    #[command(after_help = incidents::SHOW)]
    Show(Show),
    /// Print the incidents that resemble one, and how they were resolved
    #[command(after_help = similar::SIMILAR)]
    Similar(Similar),
    /// List the evidence of an incident, and print or save its content
    #[command(after_help = evidence::EVIDENCE)]
    Evidence(Evidence),
    /// Print the events of all incidents for scripts, and as they happen
    #[command(after_help = incidents::EVENTS)]
    Events(Events),
    /// Print what happened to all incidents, since you were last here
    #[command(after_help = lists::FEED)]
    Feed(Feed),
    /// Print who was notified of incidents, by which channel, and what became of it
    #[command(after_help = notifications::NOTIFICATIONS)]
    Notifications(Notifications),
    /// Print the checks with the most alerts, and what they led to
    #[command(after_help = noise::NOISE)]
    Noise(Noise),
    /// Times, volume, service levels, recurring faults, error budgets, people and practice over a window
    #[command(after_help = metrics::METRICS)]
    Metrics(Metrics),
    /// Print the measures of a window as one document: Markdown, HTML with charts, or JSON
    #[command(after_help = report::REPORT)]
    Report(Report),
    /// Print who is on call for each team, level by level, and who is next
    #[command(after_help = lists::ONCALL)]
    Oncall(Oncall),
    /// Print what the next person must know at the end of a shift
    #[command(after_help = lists::HANDOFF)]
    Handoff(Handoff),
    /// Put yourself on call now, in place of the person who is
    #[command(name = "take", after_help = overrides::STAND_IN)]
    StandIn(overrides::StandIn),
    /// Overrides on the on-call schedules: list, add, remove
    #[command(after_help = overrides::OVERRIDE, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Override {
        /// What to do.
        #[command(subcommand)]
        about: overrides::OverrideCommand,
    },
    /// Want somebody else to be on call in your place; list such requests and answer them
    #[command(after_help = cover::COVER, disable_help_subcommand = true)]
    Cover(cover::CoverArgs),
    /// Addresses under which calendar programs read shifts
    #[command(after_help = calendar::CALENDAR, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Calendar {
        /// What to do.
        #[command(subcommand)]
        about: calendar::CalendarCommand,
    },
    /// Print what matters on one short line, for a shell's prompt or a status line
    #[command(after_help = prompt::PROMPT)]
    Prompt(Prompt),
    /// Declare an incident and print its number
    #[command(after_help = incidents::DECLARE)]
    Declare(Declare),
    /// One of the verbs
    #[command(flatten)]
    Verb(VerbCommand),
    /// Print the reviews over all incidents, or their contributing factors with their numbers
    #[command(after_help = review_lists::REVIEWS)]
    Reviews(Reviews),
    /// Print the action items over all incidents, the overdue ones first
    #[command(after_help = review_lists::ACTION_ITEMS)]
    ActionItems(ActionItems),
    /// Print the review of an incident as one document: Markdown or HTML
    #[command(after_help = review_page::REVIEW_PAGE)]
    ReviewPage(ReviewPage),
    /// What waits to be sent to an API, what was sent last, and what was refused
    #[command(after_help = outbox::OUTBOX, disable_help_subcommand = true)]
    Outbox(OutboxArgs),
    /// Write a copy of the store and its tokens, while others use it
    #[command(after_help = backup::BACKUP)]
    Backup(Backup),
    /// Put a backup in the place of the store; the old store is kept beside it
    #[command(after_help = backup::RESTORE)]
    Restore(Restore),
    /// Write everything the store holds as JSON Lines
    #[command(after_help = transfer::EXPORT)]
    Export(Export),
    /// Take in JSON Lines as `export` writes them: all or nothing
    #[command(after_help = transfer::IMPORT)]
    Import(Import),
    /// Read a message of alerts from standard input, or those that could not be understood
    #[command(after_help = ingest::INGEST, disable_help_subcommand = true)]
    Ingest(ingest::IngestArgs),
    /// Check the store, and repair what follows from the events
    #[command(after_help = doctor::DOCTOR)]
    Doctor(Doctor),
    /// Serve the store to others over HTTP
    #[command(after_help = serve::SERVE)]
    Serve(serve::Serve),
    /// People: list, show, set, remove
    #[command(after_help = directory::PEOPLE, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    People {
        /// What to do.
        #[command(subcommand)]
        about: directory::PeopleCommand,
    },
    /// Teams and their members: list, show, set, remove
    #[command(after_help = directory::TEAMS, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Teams {
        /// What to do.
        #[command(subcommand)]
        about: directory::TeamsCommand,
    },
    /// Services, who runs them and on what they depend: list, show, set, remove
    #[command(after_help = directory::SERVICE, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Service {
        /// What to do.
        #[command(subcommand)]
        about: directory::ServiceCommand,
    },
    /// On-call schedules: list, show, set, remove
    #[command(after_help = directory::SCHEDULES, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Schedules {
        /// What to do.
        #[command(subcommand)]
        about: directory::SchedulesCommand,
    },
    /// Escalation policies: list, show, set, remove
    #[command(after_help = directory::POLICIES, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Policies {
        /// What to do.
        #[command(subcommand)]
        about: directory::PoliciesCommand,
    },
    /// Who changed people, teams, services, schedules, policies and tokens
    #[command(after_help = directory::AUDIT)]
    Audit(directory::Audit),
    /// Tokens: who may ask a server, and for what
    #[command(after_help = serve::TOKEN, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Token {
        /// What about them
        #[command(subcommand)]
        about: serve::TokenCommand,
    },
    /// Integration keys: by which programs send alerts
    #[command(after_help = integration::INTEGRATION, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Integration {
        /// What about them
        #[command(subcommand)]
        about: integration::IntegrationCommand,
    },
    /// How people are reached, and whether it works
    #[command(after_help = contact::CONTACT, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Contact {
        /// What about them
        #[command(subcommand)]
        about: ContactCommand,
    },
    /// Send a heartbeat, whose absence is an incident, or list all of them
    #[command(after_help = heartbeat::HEARTBEAT)]
    Heartbeat(Heartbeat),
    /// Maintenance windows: times in which what is expected to fire reaches nobody
    #[command(after_help = maintenance::MAINTENANCE, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Maintenance {
        /// What about them
        #[command(subcommand)]
        about: maintenance::MaintenanceCommand,
    },
    /// Changes, such as deployments: record that one begins or ends, or list them
    #[command(after_help = change::CHANGE, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Change {
        /// What about them
        #[command(subcommand)]
        about: ChangeCommand,
    },
    /// The public status page: write it into a folder
    #[command(after_help = status::STATUS, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Status {
        /// What about it
        #[command(subcommand)]
        about: status::StatusCommand,
    },
    /// Problems, the causes behind incidents: record and change them, link incidents, list them
    #[command(after_help = problem::PROBLEM, subcommand_required = true)]
    #[command(disable_help_subcommand = true)]
    Problem {
        /// What about them
        #[command(subcommand)]
        about: ProblemCommand,
    },
    /// Find what would keep an incident from reaching somebody
    #[command(after_help = check::CHECK)]
    Check(check::Check),
    /// Let a marked alert go the way to a notification, and say which steps happened
    #[command(name = "selftest", after_help = self_test::SELF_TEST)]
    SelfTest(SelfTest),
    /// Carry out what a mail answers that comes on standard input
    #[command(after_help = reply::REPLY)]
    Reply(Reply),
    /// The settings: where they are, what holds, what is wrong, and a commented sample
    #[command(after_help = settings::CONFIG, subcommand_required = true, disable_help_subcommand = true)]
    Config {
        /// What about them
        #[command(subcommand)]
        about: ConfigCommand,
        /// Print JSON
        #[arg(long, global = true)]
        json: bool,
    },
    /// List the profiles of the settings: where each is, and whether its token is found
    #[command(after_help = settings::PROFILES)]
    Profiles(Profiles),
    /// Put the token of an API into the system's keyring
    #[command(after_help = settings::LOGIN)]
    Login(Login),
    /// Take the token of an API out of the system's keyring
    Logout(Login),
    /// Print a page of the guide, such as one about a kind of channel
    #[command(after_help = contact::HELP)]
    Help {
        /// Which page [default: lists them]
        topic: Option<String>,
    },
    /// Print the JSON Schema of what a command prints with --json
    Schema {
        /// Which command
        #[arg(value_name = "COMMAND", value_parser = EnumParser::<SchemaOf>::new())]
        of: SchemaOf,
    },
    /// Serve agents over the Model Context Protocol, on standard input and output
    #[command(after_help = mcp::MCP)]
    Mcp(Mcp),
    /// Print completions for a shell
    #[command(after_help = manual::COMPLETIONS)]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print what can stand at the cursor of a shell; the completions run it
    #[command(hide = true)]
    Complete(Complete),
    /// Print the manual page, or write one for each command
    #[command(after_help = manual::MAN)]
    Man(Man),
}
