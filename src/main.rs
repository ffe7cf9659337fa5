//! The program: runs the command line of the library crate.

use std::process::ExitCode;

/// The allocator of the program. That of glibc makes threads of a server wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    redphone::cli::main()
}
