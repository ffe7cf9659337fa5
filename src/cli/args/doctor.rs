//! Arguments of `doctor`.

use std::path::PathBuf;

use clap::Args;

pub(super) const DOCTOR: &str = "\
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
