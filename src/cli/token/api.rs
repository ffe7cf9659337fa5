//! The tokens of a server, over its API.

use super::print::{hint_at_token, print_revoked, print_secret, print_tokens, unprinted_failure};
use super::request::{Creation, Request, TokenAction};
use crate::backend::http::{HttpBackend, NewAccessToken};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session::open_remote;
use crate::config::RemoteConfig;

/// Carries out a request about the tokens of a server.
pub(super) async fn run(
    context: &mut Context,
    remote: &RemoteConfig,
    request: &Request,
) -> Result<(), Failure> {
    let client = open_remote(remote)?;
    match &request.action {
        TokenAction::Create(creation) => create(context, &client, creation, request.json).await,
        TokenAction::List => {
            let mut all = client.access_tokens().await?;
            all.retain(|token| request.is_about(token));
            print_tokens(context, &all, request.json)
        }
        TokenAction::Revoke(which) => {
            let all = client.access_tokens().await?;
            let named = request.find(&all, which)?;
            let token = client.revoke_access_token(&named.id).await?;
            print_revoked(context, &token, request.json)
        }
    }
}

async fn create(
    context: &mut Context,
    client: &HttpBackend,
    creation: &Creation,
    as_json: bool,
) -> Result<(), Failure> {
    let Creation { name, scope, person, expires_at, form } = creation.clone();
    let new_token = NewAccessToken {
        name,
        scope: scope.to_string(),
        form: (!form.is_token()).then(|| form.as_str().to_owned()),
        person,
        expires_at,
    };
    let created = client.create_access_token(&new_token).await?;
    if let Err(failure) = print_secret(context, &created.token, &created.secret, as_json) {
        let revoked = client.revoke_access_token(&created.token.id).await;
        let revoked = revoked.map(drop).map_err(|error| error.to_string());
        return Err(unprinted_failure(&created.token, &failure, revoked));
    }
    if !as_json {
        hint_at_token(&created.token);
    }
    Ok(())
}
