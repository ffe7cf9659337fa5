//! The tokens of a server, over its API.

use chrono::Utc;

use super::print::{
    hint_at_token, print_revoked, print_secret, print_tokens, state_name, unprinted_failure,
};
use crate::backend::http::{AccessToken, HttpBackend, NewAccessToken};
use crate::cli::args::serve::{CreateToken, RevokeToken, TokenCommand};
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::session::open_remote;
use crate::config::RemoteConfig;
use crate::model::text::SafeText;

/// Runs a subcommand of `token` for the tokens of a server.
pub(super) async fn run(
    context: &mut Context,
    remote: &RemoteConfig,
    about: TokenCommand,
) -> Result<(), Failure> {
    let client = open_remote(remote)?;
    match about {
        TokenCommand::Create(args) => create(context, &client, &args).await,
        TokenCommand::List(args) => {
            let all = client.access_tokens().await?;
            print_tokens(context, &all, args.json)
        }
        TokenCommand::Revoke(args) => revoke(context, &client, &args).await,
    }
}

async fn create(
    context: &mut Context,
    client: &HttpBackend,
    args: &CreateToken,
) -> Result<(), Failure> {
    let new_token = NewAccessToken {
        name: args.name.clone(),
        scope: args.scope.to_string(),
        person: args.person.clone(),
        expires_at: args.expires.at(Utc::now()),
    };
    let created = client.create_access_token(&new_token).await?;
    if let Err(failure) = print_secret(context, &created.token, &created.secret, args) {
        let revoked = client.revoke_access_token(&created.token.id).await;
        let revoked = revoked.map(drop).map_err(|error| error.to_string());
        return Err(unprinted_failure(&created.token, &failure, revoked));
    }
    if !args.json {
        hint_at_token(&created.token);
    }
    Ok(())
}

async fn revoke(
    context: &mut Context,
    client: &HttpBackend,
    args: &RevokeToken,
) -> Result<(), Failure> {
    let all = client.access_tokens().await?;
    let which = &args.token;
    let holds = |token: &&AccessToken| token.name == *which && state_name(token) == "holds";
    let named = all.iter().find(|token| token.id == *which).or_else(|| all.iter().find(holds));
    let Some(named) = named else {
        let which = SafeText::from(which);
        return Err(Failure::new(
            Exit::NotFound,
            format!("there is no token {which:?} that holds: `redphone token list` shows all"),
        ));
    };
    let token = client.revoke_access_token(&named.id).await?;
    print_revoked(context, &token, args.json)
}
