//! The tokens in the file beside a store.

use chrono::Utc;

use super::print::{hint_at_token, print_revoked, print_secret, print_tokens, unprinted_failure};
use crate::backend::file::FileStore;
use crate::backend::http::AccessToken;
use crate::backend::{AdministrationRequest, Backend};
use crate::cli::args::serve::{CreateToken, ListTokens, RevokeToken};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::out;
use crate::cli::runtime::block_on;
use crate::cli::serve::token_file;
use crate::cli::session::{IfMissing, resolve_person, store_options};
use crate::model::Actor;
use crate::model::administration::AdministrationChange;
use crate::server::tokens::NewToken;

/// Creates a token and prints its secret.
pub(super) fn create(context: &mut Context, args: &CreateToken) -> Result<(), Failure> {
    let file = token_file(args.tokens.clone(), &context.config)?;
    let new_token = NewToken {
        name: args.name.clone(),
        scope: args.scope,
        person: args.person.clone(),
        expires_at: args.expires.at(Utc::now()),
    };
    let (secret, token) = file.create(new_token)?;
    let stored = AccessToken::from(&token);
    if let Err(failure) = print_secret(context, &stored, &secret.reveal(), args) {
        let revoked = file.revoke(&token.id).map(drop).map_err(|error| error.to_string());
        return Err(unprinted_failure(&stored, &failure, revoked));
    }
    if args.tokens.is_none() {
        record(context, AdministrationChange::CreateToken(token.record()));
    }
    if !args.json {
        hint_at_token(&stored);
    }
    Ok(())
}

/// Records in the store who changed which token. The token is changed already, so a store that can't
/// be written is only a hint. One that is not there has nothing to record in, and one of an older
/// version is not brought up to date for this.
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

/// Prints all tokens.
pub(super) fn list(context: &mut Context, args: ListTokens) -> Result<(), Failure> {
    let all = token_file(args.tokens, &context.config)?.list()?;
    let all: Vec<AccessToken> = all.iter().map(AccessToken::from).collect();
    print_tokens(context, &all, args.json)
}

/// Revokes a token.
pub(super) fn revoke(context: &mut Context, args: RevokeToken) -> Result<(), Failure> {
    let is_of_store = args.tokens.is_none();
    let token = token_file(args.tokens, &context.config)?.revoke(&args.token)?;
    if is_of_store {
        record(context, AdministrationChange::RevokeToken(token.record()));
    }
    print_revoked(context, &AccessToken::from(&token), args.json)
}
