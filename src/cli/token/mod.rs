//! `token` and `integration`: create, list and revoke the tokens and integration keys of a server:
//! those in the file next to a store, or those of an API.

mod api;
mod file;
mod print;
mod request;

use self::request::Request;
use super::args::integration::IntegrationCommand;
use super::args::serve::TokenCommand;
use super::context::Context;
use super::failure::Failure;
use super::runtime::block_on;

/// Runs the subcommands of `token`.
pub fn run(context: &mut Context, about: TokenCommand) -> Result<(), Failure> {
    carry_out(context, &about.into())
}

/// Runs the subcommands of `integration`.
pub fn run_integration(context: &mut Context, about: IntegrationCommand) -> Result<(), Failure> {
    carry_out(context, &about.into())
}

fn carry_out(context: &mut Context, request: &Request) -> Result<(), Failure> {
    let remote = context.config.location.remote().filter(|_| request.tokens.is_none()).cloned();
    match remote {
        Some(remote) => block_on(api::run(context, &remote, request)),
        None => file::run(context, request),
    }
}
