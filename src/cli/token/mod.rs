//! `token`: creates, lists and revokes the tokens of a server: those in the file beside a store, or
//! those of an API.

mod api;
mod file;
mod print;

use super::args::serve::TokenCommand;
use super::context::Context;
use super::failure::Failure;
use super::runtime::block_on;

/// Runs the subcommands of `token`.
pub fn run(context: &mut Context, about: TokenCommand) -> Result<(), Failure> {
    let has_file = about.file().is_some();
    if let Some(remote) = context.config.location.remote().filter(|_| !has_file).cloned() {
        return block_on(api::run(context, &remote, about));
    }
    match about {
        TokenCommand::Create(args) => file::create(context, &args),
        TokenCommand::List(args) => file::list(context, args),
        TokenCommand::Revoke(args) => file::revoke(context, args),
    }
}
