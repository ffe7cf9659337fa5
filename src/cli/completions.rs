//! `completions`: prints completions for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::failure::{Failure, output_failed};
use super::out::Out;
use std::io::Write;

/// Prints the completion script of a shell.
pub fn run(out: &mut Out, shell: Shell) -> Result<(), Failure> {
    // Clap's generator panics when a write fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "redphone", &mut script);
    out.document_writer().write_all(&script).map_err(|error| output_failed(&error))
}
