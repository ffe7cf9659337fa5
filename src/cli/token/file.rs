//! The tokens in the file next to a store.

use chrono::Utc;

use super::print::{hint_at_token, print_revoked, print_secret, print_tokens, unprinted_failure};
use super::request::{Creation, Request, TokenAction};
use crate::backend::file::FileStore;
use crate::backend::http::AccessToken;
use crate::backend::{AdministrationRequest, Backend};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::out;
use crate::cli::runtime::block_on;
use crate::cli::serve::token_file;
use crate::cli::session::{IfMissing, resolve_person, store_options};
use crate::model::Actor;
use crate::model::administration::AdministrationChange;
use crate::server::tokens::{NewToken, TokenForm};

/// Carries out a request about the tokens of a file.
pub(super) fn run(context: &mut Context, request: &Request) -> Result<(), Failure> {
    match &request.action {
        TokenAction::Create(creation) => create(context, request, creation),
        TokenAction::List => list(context, request),
        TokenAction::Revoke(which) => revoke(context, request, which),
    }
}

/// Creates a token or a key and prints its secret.
fn create(context: &mut Context, request: &Request, creation: &Creation) -> Result<(), Failure> {
    let file = token_file(request.tokens.clone(), &context.config)?;
    let Creation { name, scope, person, expires_at, form } = creation.clone();
    let (secret, token) = match form {
        TokenForm::Key => file.create_key(name, expires_at)?,
        TokenForm::Token => file.create(NewToken { name, scope, person, expires_at })?,
    };
    let stored = AccessToken::from(&token);
    if let Err(failure) = print_secret(context, &stored, &secret.reveal(), request.json) {
        let revoked = file.revoke(&token.id).map(drop).map_err(|error| error.to_string());
        return Err(unprinted_failure(&stored, &failure, revoked));
    }
    if request.tokens.is_none() {
        record(context, AdministrationChange::CreateToken(token.record()));
    }
    if !request.json {
        hint_at_token(&stored);
    }
    Ok(())
}

/// Records the change of a token in the store. The token is changed already, so a store that can't
/// be written is only a hint. A missing store is not created for this, and one of an older version
/// is not migrated.
fn record(context: &Context, change: AdministrationChange) {
    let config = &context.config;
    let Some(path) = config.location.file().filter(|path| path.exists() && !config.read_only)
    else {
        return;
    };
    let options = || store_options(config, IfMissing::Refuse);
    let recorded = block_on(async {
        let store = FileStore::open_read_only(path, options()).await?;
        let is_current = store.has_current_schema();
        store.close().await;
        if !is_current {
            return Ok(());
        }
        let store = FileStore::open(path, options()).await?;
        let me = resolve_person(&config.me, &store.directory().await?);
        let request = AdministrationRequest::new(Actor::Person(me), change, Utc::now());
        let recorded = store.administer(&request).await;
        store.close().await;
        recorded?;
        Ok(())
    });
    if let Err(failure) = recorded {
        out::print_hint(format!("the change is not in the record of changes: {}", failure.message));
    }
}

/// Prints all tokens, or all keys.
fn list(context: &mut Context, request: &Request) -> Result<(), Failure> {
    let all = token_file(request.tokens.clone(), &context.config)?.list()?;
    let mut all: Vec<AccessToken> = all.iter().map(AccessToken::from).collect();
    all.retain(|token| request.is_about(token));
    print_tokens(context, &all, request.json)
}

/// Revokes a token or a key.
fn revoke(context: &mut Context, request: &Request, which: &str) -> Result<(), Failure> {
    let file = token_file(request.tokens.clone(), &context.config)?;
    let token = if request.only_keys {
        let all: Vec<AccessToken> = file.list()?.iter().map(AccessToken::from).collect();
        file.revoke(&request.find(&all, which)?.id)?
    } else {
        file.revoke(which)?
    };
    if request.tokens.is_none() {
        record(context, AdministrationChange::RevokeToken(token.record()));
    }
    print_revoked(context, &AccessToken::from(&token), request.json)
}
