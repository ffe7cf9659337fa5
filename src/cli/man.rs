//! `man`: prints the manual page, or writes one for each command.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Cli;
use super::failure::{Failure, io_error_text, output_failed};
use super::out::Out;

/// Prints the page, or writes all pages into a folder.
pub fn run(out: &mut Out, folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Man::new(Cli::command())
            .render(&mut out.document_writer())
            .and_then(|()| out.document_writer().flush())
            .map_err(|error| output_failed(&error));
    };
    let write_failure = |error: &std::io::Error| {
        Failure::failed(format!(
            "can't write the pages to {}: {}: name another folder",
            folder.display(),
            io_error_text(error)
        ))
    };
    fs::create_dir_all(folder).map_err(|error| write_failure(&error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| write_failure(&error))?;
    let pages = count_pages(&Cli::command());
    out.done_line(format!("{pages} pages written to {}", folder.display()))
}

/// Counts the pages of a command and of its subcommands.
fn count_pages(command: &clap::Command) -> usize {
    1 + command.get_subcommands().filter(|c| !c.is_hide_set()).map(count_pages).sum::<usize>()
}
