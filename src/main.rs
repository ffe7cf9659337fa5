//! The program: runs the command line of the library crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    redphone::cli::main()
}
