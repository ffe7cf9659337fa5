//! Arguments of `export` and `import`.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXPORT: &str = "\
A file is written beside its place and moved there once it is whole and on disk; only its owner can
read it. The first line names format and version; directory, problems, changes and all events
follow. Imported into an empty store, it is the same store.

An earlier export is replaced, any other file only with --force.

Examples:
  redphone export backup.jsonl
  redphone export | gzip > backup.jsonl.gz";

/// Arguments of `redphone export`.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// The file; `-`, or none, writes to standard output
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Also write how people are reached, with their addresses
    #[arg(long)]
    pub with_contacts: bool,
    /// Replace the file whatever it is
    #[arg(long)]
    pub force: bool,
}

pub(super) const IMPORT: &str = "\
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
