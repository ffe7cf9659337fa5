//! Definition of the command line.

mod backup;
pub mod calendar;
pub mod change;
pub mod check;
mod contact;
pub mod cover;
pub mod directory;
mod evidence;
mod heartbeat;
mod incidents;
pub mod ingest;
pub mod integration;
mod lists;
pub mod maintenance;
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
mod similar;
pub mod status;
mod verbs;

pub use backup::{Backup, Restore};
pub use change::ChangeCommand;
pub use contact::{
    AddContact, ContactCommand, ListContacts, QuietContact, RemoveContact, SetContact,
    TestContacts, Waits, Whose,
};
pub use evidence::Evidence;
pub use heartbeat::Heartbeat;
pub use incidents::{Declare, Events, List, SchemaOf, Show};
pub use lists::{Feed, Handoff, Oncall};
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
pub use similar::Similar;
pub use verbs::{
    IncidentList, TEMPLATE, VerbCommand, count_positionals, verb_command_with_arguments,
};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::value::EnumParser;
use crate::backend::demo;
use crate::tui::core::zone::Zone;
use crate::tui::theme::{Choice, Name};

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

/// What holds for every command; written before or after it.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The settings file [default: redphone/config.toml in the XDG config folder]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The profile of the settings file that says which store or API is meant
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "NAME")]
    pub profile: Option<String>,
    /// The store's file [default: in the XDG data folder]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// The URL of an API that `redphone serve` serves, in place of a store's file
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub backend: Option<String>,
    /// The file with the API's token, mode 0600 [default: the keyring]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Your handle: who acts, and whose `owner:me` is [default: the account's name]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "HANDLE")]
    pub user: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub ascii: bool,
    /// How many colours are used
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "DEPTH",
          value_parser = EnumParser::<Choice>::new())]
    pub depth: Option<Choice>,
    /// Change nothing: a store is only read, and no verb works
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub read_only: bool,
    /// Which colours the panes have [default: auto]
    #[arg(long, global = true, help_heading = "Panes", value_name = "NAME",
          value_parser = EnumParser::<Name>::new())]
    pub theme: Option<Name>,
    /// In which time zone the panes show times [default: viewer]
    #[arg(long, global = true, help_heading = "Panes", value_name = "ZONE",
          value_parser = EnumParser::<Zone>::new())]
    pub zone: Option<Zone>,
    /// Panes for a slow link: no clock seconds, fewer frames
    #[arg(long, global = true, help_heading = "Panes")]
    pub low_bandwidth: bool,
}

/// What can be done.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Show a living example: a made-up company with its history, in a store of its own
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Show a wall display: big figures, the open P1 and P2, what happens; needs no input
    #[command(after_help = WALL)]
    Wall(Wall),
    /// List incidents
    #[command(after_help = LIST)]
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
    /// Print the checks whose alerts cried most, and what they led to
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
    /// Be on call yourself, at once, in place of whoever it is now
    #[command(name = "take", after_help = overrides::STAND_IN)]
    StandIn(overrides::StandIn),
    /// Who stands in on the on-call schedules: list, add, remove
    #[command(after_help = overrides::OVERRIDE, disable_help_subcommand = true)]
    #[command(subcommand_required = true)]
    Override {
        /// What to do.
        #[command(subcommand)]
        about: overrides::OverrideCommand,
    },
    /// Want somebody else to be on call in your place; list, accept and withdraw such requests
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
    #[command(after_help = outbox::EXPORT)]
    Export(Export),
    /// Take in JSON Lines as `export` writes them: all or nothing
    #[command(after_help = IMPORT)]
    Import(Import),
    /// Read a message of alerts from standard input, or those that could not be understood
    #[command(after_help = ingest::INGEST, disable_help_subcommand = true)]
    Ingest(ingest::IngestArgs),
    /// Check the store, and repair what follows from the events
    #[command(after_help = DOCTOR)]
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
    /// Send a sign of life, whose absence is an incident, or list all of them
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
    #[command(after_help = CONFIG, subcommand_required = true, disable_help_subcommand = true)]
    Config {
        /// What about them
        #[command(subcommand)]
        about: ConfigCommand,
        /// Print JSON
        #[arg(long, global = true)]
        json: bool,
    },
    /// List the profiles of the settings: where each is, and whether its token is found
    #[command(after_help = PROFILES)]
    Profiles(Profiles),
    /// Put the token of an API into the system's keyring
    #[command(after_help = LOGIN)]
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
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print what can stand at the cursor of a shell; the completions run it
    #[command(hide = true)]
    Complete(Complete),
    /// Print the manual page, or write one for each command
    #[command(after_help = MAN)]
    Man(Man),
}

const DEMO: &str = "\
The same seed gives the same company. Without --keep the store is removed at the end; a store that
is kept and has incidents in it already is shown as it is.

Examples:
  redphone demo
  redphone demo --speed 10
  redphone demo --serve --listen 127.0.0.1:7373
  redphone demo --incidents 100000 --keep big.db --seed-only";

/// Arguments of `redphone demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Which company is made up
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How fast it lives: at 1 something happens every few seconds, at 0 nothing
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true,
          value_parser = super::value::speed)]
    pub speed: f64,
    /// How many incidents its history has
    #[arg(long, value_name = "N", default_value_t = demo::INCIDENTS,
          value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub incidents: u32,
    /// Keep the store in this file
    #[arg(id = "keep", long = "keep", value_name = "FILE")]
    pub store_file: Option<PathBuf>,
    /// Show it on the wall display
    #[arg(long, conflicts_with = "seed_only")]
    pub wall: bool,
    /// Serve it over HTTP instead, and print the command that opens panes on it
    #[arg(long, conflicts_with_all = ["seed_only", "wall"])]
    pub serve: bool,
    /// Where --serve listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0", requires = "serve")]
    pub listen: String,
    /// Fill the store named by --keep and end, without opening the panes
    #[arg(long, requires = "keep")]
    pub seed_only: bool,
}

const WALL: &str = "\
It only reads, for as long as it runs: a store that goes away is told over the full width, and used
again once it is back. Esc or q ends it.

Examples:
  redphone wall
  redphone wall --view 'team:payments'
  redphone wall --rotate 1m --no-takeover";

/// Arguments of `redphone wall`.
#[derive(Args, Clone, Debug)]
pub struct Wall {
    /// Words and terms that incidents must pass, as of `list`, or the name of a view
    #[arg(long, value_name = "FILTER|NAME", allow_hyphen_values = true)]
    pub view: Option<String>,
    /// How long a page of the measures stays
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = super::value::rotate)]
    pub rotate: Duration,
    /// A new P1 does not take the screen
    #[arg(long)]
    pub no_takeover: bool,
}

const LIST: &str = "\
Words are looked for in number, title, services, owner and team. Terms are p1 (or sev1),
status:triggered, service:checkout, owner:me, owner:none, team:db, cat:security, age>2h, idle>2h
(nothing has happened for longer), sla:late, is:snoozed, is:any; a - in front excludes. Terms on one
field are alternatives, all else must hold together. Without is: or an ended status only open
incidents are listed.

More terms are role:me, role:scribe, label:eu, source:user-report, changed<8h, began<2h, users>100,
reporter:varga and resolved<8h, which lists ended ones too.
By the time of the report: since:yesterday, before:2026-11, on:2026-10-29, since:monday, on:last-week,
since:2026-10-29T14:00; days begin in the zone of --zone.

--json prints one object a line: id, number, title, status, impact, urgency, priority, category,
source, services, assignee, team, detected_at, reported_at, acknowledged_at, resolved_at, closed_at,
snoozed_until, paused, updated_at, alerts, escalation, seq, last_event_at. Times are RFC 3339 in UTC.
Where there is any, also last_word, and attributes (labels and roles).
And what follows from these: label, owner (the name), service (the primary one), acknowledge_due,
resolve_due and clock; `redphone schema list` describes them all. They are the names of --columns. With
--watch, change says whether an incident was listed, added, changed or removed.

Examples:
  redphone list
  redphone list p1 p2 owner:none
  redphone list 'age>2h' -service:cdn
  redphone list -status:triggered 'idle>2h' --sort changed
  redphone list is:any on:last-month payments
  redphone list is:any checkout --sort newest --limit 20 --json
  redphone list p1 p2 --columns label,owner,resolve_due,title --format csv
  redphone list --watch --json | jq -r 'select(.change == \"added\") | .title'";

/// Arguments of `redphone export`.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// The file; `-`, or none, writes to standard output
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Also write how people are reached, with their addresses
    #[arg(long)]
    pub with_contacts: bool,
}

const IMPORT: &str = "\
Every line is checked, and a wrong one is named with its field; then nothing is imported, unless
--skip-bad leaves such lines out. So it is with an export that was cut off: its last line counts the
others. Events that are there already are counted and change nothing. What no command allows, such
as an incident that is merged into itself, is imported and named in a warning.

--renumber brings incidents of one store into another where their numbers are taken. What was typed
as text, such as INC-12 in a note, stays as it was typed.

--json prints one object: incidents, events, others, known, and skipped, and where there are any,
odd with the number of each kind, and the new_numbers from first to last.

Examples:
  redphone import backup.jsonl
  redphone import other-team.jsonl --renumber
  zcat backup.jsonl.gz | redphone import -";

/// Arguments of `redphone import`.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// The file; `-`, or none where input is piped, reads standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Leave out wrong lines and import the rest
    #[arg(long)]
    pub skip_bad: bool,
    /// Give each incident the next free number instead of its own
    #[arg(long)]
    pub renumber: bool,
    /// Print what was imported as JSON
    #[arg(long)]
    pub json: bool,
}

const DOCTOR: &str = "\
Without an option it only reads. The exit code is 0 when all is well, and 1 with findings.

Events that no command leads to, as an import may bring them, are named as odd; they are no fault.

A store of an older version is checked as it is. --migrate makes a copy of it, brings it up to date
and checks it again, as any command does that opens it to write.

--salvage replaces no file, unless --force is given. Stopped, it never does: what it has read until
then gets the name FILE.partial.

--json prints one object: content, incidents, events, findings with grave and text, odd where there
are any, and for an older version: version, newest, and unfinished if that was interrupted.

Examples:
  redphone doctor
  redphone doctor --migrate
  redphone doctor --rebuild
  redphone doctor --salvage saved.jsonl";

/// Arguments of `redphone doctor`.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Doctor {
    /// Bring a store of an older version up to date first
    #[arg(long)]
    pub migrate: bool,
    /// Make everything that follows from the events anew
    #[arg(long)]
    pub rebuild: bool,
    /// Write all that can still be read of a damaged store to a file, for `import`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rebuild", "migrate"])]
    pub salvage: Option<PathBuf>,
    /// With --salvage: replace the file if it exists
    #[arg(long, requires = "salvage")]
    pub force: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

const CONFIG: &str = "\
`show` prints TOML that can be used as a settings file, with where each value comes from.
`check` prints one line for each setting that can't be used, and ends with 1 if there is one.

--json prints one object: settings (as in the file) and origins (by name, of those that are not
defaults) for `show`, file and exists for `path`, file and answered for `init`; for `check` one
object a line: file, line, column (0 for the file as a whole) and text.

Examples:
  redphone config init
  redphone config check
  redphone config show --json | jq .settings.looks
  $EDITOR \"$(redphone config path)\"";

/// Subcommands of `redphone config`.
#[derive(Subcommand, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigCommand {
    /// Print where the settings file is, or would be
    Path,
    /// Print all settings in force, and where each comes from
    Show,
    /// Print what is wrong in the settings file
    Check,
    /// Write a commented sample; a file that is there stays
    Init,
}

const PROFILES: &str = "\
A command that gives a token is not run but with --check. With --check the exit code is 4 when one of
them does not answer.

--json prints one object a line: name, chosen, production, read_only, store or backend or unusable,
token (from, found, why), and with --check check (answers, ms, called, me, verbs, clock_s, error).

Examples:
  redphone profiles
  redphone profiles --check";

/// Arguments of `redphone profiles`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Profiles {
    /// Ask each of them what it can do
    #[arg(long)]
    pub check: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

const LOGIN: &str = "\
The token is typed at a prompt that does not show it, or read from standard input; it is never an
argument, which others on the machine could see.

Examples:
  redphone login prod
  redphone login https://incidents.example.net < token";

/// Arguments of `redphone login` and of `redphone logout`.
#[derive(Args, Clone, Debug)]
pub struct Login {
    /// A profile's name or an API's URL [default: the API that is chosen]
    #[arg(id = "place", value_name = "PROFILE|URL")]
    pub target: Option<String>,
}

const COMPLETIONS: &str = "\
Examples:
  redphone completions bash > ~/.local/share/bash-completion/completions/redphone
  redphone completions fish > ~/.config/fish/completions/redphone.fish
  redphone completions zsh > \"${fpath[1]}/_redphone\"";

const MAN: &str = "\
There is a page for each command, and redphone.toml(5) for the settings. Where DIR is called man1,
that of the settings is written to man5 beside it.

Examples:
  redphone man | man -l -
  redphone man token create | man -l -
  redphone man redphone.toml | man -l -
  redphone man --out ~/.local/share/man/man1";

/// Arguments of `redphone man`.
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// A command, or `redphone.toml` for the settings [default: the program as a whole]
    #[arg(value_name = "PAGE", conflicts_with = "out")]
    pub page: Vec<String>,
    /// The folder to write the pages to; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
