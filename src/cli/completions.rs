//! `completions`: prints completions for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Cli, CompletionShell};
use super::complete::script;
use super::failure::{Failure, output_failed};
use super::out::Out;
use std::io::Write;

/// Prints the completion script of a shell.
pub fn run(out: &mut Out, shell: Shell) -> Result<(), Failure> {
    let mut generated = Vec::new();
    let text = match shell {
        Shell::Bash => script(CompletionShell::Bash).as_bytes(),
        Shell::Zsh => script(CompletionShell::Zsh).as_bytes(),
        Shell::Fish => script(CompletionShell::Fish).as_bytes(),
        // The others only know the definition of the command line.
        shell => {
            // Clap's generator panics when a write fails, so it writes to memory.
            clap_complete::generate(shell, &mut Cli::command(), "redphone", &mut generated);
            &generated
        }
    };
    out.document_writer().write_all(text).map_err(|error| output_failed(&error))
}
