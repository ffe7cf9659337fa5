//! `man`: prints the manual page, or writes one for each command.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Cli;
use super::failure::{Failure, io_error_text, output_failed};
use super::out::Out;
use crate::model::text::sanitize;

/// Prints the page, or writes all pages into a folder.
pub fn run(out: &mut Out, folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Man::new(Cli::command())
            .render(&mut out.writer())
            .and_then(|()| out.writer().flush())
            .map_err(|error| output_failed(&error));
    };
    let write_failure = |error: &std::io::Error| {
        let folder = folder.to_string_lossy();
        Failure::failed(format!(
            "can't write the pages to {}: {}: name another folder",
            sanitize(&folder),
            io_error_text(error)
        ))
    };
    fs::create_dir_all(folder).map_err(|error| write_failure(&error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| write_failure(&error))?;
    let pages = count_pages(&Cli::command());
    let folder = folder.to_string_lossy();
    out.line(&format!("{pages} pages written to {}", sanitize(&folder)))
}

/// Counts the pages of a command and of its subcommands.
fn count_pages(command: &clap::Command) -> usize {
    1 + command.get_subcommands().filter(|c| !c.is_hide_set()).map(count_pages).sum::<usize>()
}
