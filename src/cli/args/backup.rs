//! Arguments of `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

pub(super) const BACKUP: &str = "\
The file is one store with everything in it, and the tokens (without their secrets). It is written
beside its place, checked, and moved there once it is whole and on disk; only its owner can read it.

Examples:
  redphone backup redphone-monday.db
  redphone --store /var/lib/redphone/r.db backup --force /backup/r.db";

/// `backup`.
#[derive(Args, Clone, Debug)]
pub struct Backup {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
}

pub(super) const RESTORE: &str = "\
The backup is checked first, and nothing is changed while somebody has the store open. Numbers that
the store has given since the backup are left out. Clients notice that the server was put back, say
so, and can send again what they still hold, with `redphone outbox resend`. Tokens that are there
stay, because some may have been revoked since.

Examples:
  redphone restore redphone-monday.db
  redphone --store /var/lib/redphone/r.db restore --replace-tokens /backup/r.db";

/// `restore`.
#[derive(Args, Clone, Debug)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace the tokens by those of the backup
    #[arg(long)]
    pub replace_tokens: bool,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
}
