//! Arguments of `evidence`.

use std::path::PathBuf;

use clap::Args;

use super::super::value::IncidentRef;

pub(super) const EVIDENCE: &str = "\
Without a name it lists the evidence: name, size and SHA-256 of the content. `redphone attach` adds some,
and `redphone redact` removes it permanently.

With a name it prints the content, harmless on a terminal and as it is otherwise. What is no text is
written to a file alone.

--json prints one object a line: id, name, hash, size, text and redacted.

Examples:
  redphone evidence INC-12
  redphone evidence 12 app.log | less
  redphone evidence 12 core.gz --output core.gz";

/// Arguments of `redphone evidence`.
#[derive(Args, Clone, Debug)]
pub struct Evidence {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// Print the content of the evidence with this name or id
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Write the content to this file; `-` is standard output
    #[arg(long, short = 'o', value_name = "FILE", requires = "name")]
    pub output: Option<PathBuf>,
    /// With --output: replace the file if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "name")]
    pub json: bool,
}
