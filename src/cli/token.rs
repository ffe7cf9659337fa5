//! `token`: creates, lists and revokes the tokens of a server.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::serve::{CreateToken, ListTokens, RevokeToken, TokenCommand};
use super::columns::print_columns;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out;
use super::runtime::block_on;
use super::serve::token_file;
use super::session::{IfMissing, resolve_person, store_options};
use crate::backend::file::FileStore;
use crate::backend::{AdministrationRequest, Backend};
use crate::model::Actor;
use crate::model::administration::AdministrationChange;
use crate::model::text::SafeText;
use crate::server::scope::Scope;
use crate::server::tokens::{NewToken, Token, TokenFile, TokenStatus};

/// Runs the subcommands of `token`.
pub fn run(context: &mut Context, about: TokenCommand) -> Result<(), Failure> {
    match about {
        TokenCommand::Create(args) => create(context, args),
        TokenCommand::List(args) => list(context, args),
        TokenCommand::Revoke(args) => revoke(context, args),
    }
}

/// A token as `--json` prints it. The secret is included only for a new token.
#[derive(Serialize)]
struct TokenJson<'a> {
    id: &'a str,
    name: &'a str,
    scope: Scope,
    person: Option<&'a str>,
    state: &'static str,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl<'a> TokenJson<'a> {
    fn new(token: &'a Token, secret: Option<String>) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            scope: token.scope,
            person: token.person.as_deref(),
            state: state_name(token),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
            token: secret,
        }
    }
}

fn state_name(token: &Token) -> &'static str {
    match token.status(Utc::now()) {
        TokenStatus::Valid => "holds",
        TokenStatus::Expired(_) => "expired",
        TokenStatus::Revoked(_) => "revoked",
    }
}

fn create(context: &mut Context, args: CreateToken) -> Result<(), Failure> {
    let file = token_file(args.tokens.clone(), &context.config)?;
    let new_token = NewToken {
        name: args.name,
        scope: args.scope,
        person: args.person,
        expires_at: args.expires.at(Utc::now()),
    };
    let is_of_store = args.tokens.is_none();
    let (secret, token) = file.create(new_token)?;
    let printed = print_secret(context, &token, secret.reveal(), args.json);
    if let Err(failure) = printed {
        return Err(revoke_unprinted(&file, &token, &failure));
    }
    if is_of_store {
        record(context, AdministrationChange::CreateToken(token.record()));
    }
    if args.json {
        return Ok(());
    }
    let until = match token.expires_at {
        Some(at) => format!("good until {}", at.format("%Y-%m-%d %H:%M UTC")),
        None => "good until it is revoked".to_owned(),
    };
    let name = SafeText::from(&token.name);
    out::print_hint(format!(
        "token {name:?} of scope {}, {until}; it is shown this once",
        token.scope
    ));
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

/// Prints the secret of a new token, which is nowhere else.
fn print_secret(
    context: &mut Context,
    token: &Token,
    secret: String,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        json::print(&mut context.out, &TokenJson::new(token, Some(secret)))?;
    } else {
        context.out.line(secret)?;
    }
    context.out.flush()
}

/// Revokes a token whose secret could not be printed: nobody has it, or somebody has a part of it.
fn revoke_unprinted(file: &TokenFile, token: &Token, failure: &Failure) -> Failure {
    let reason = failure.output_error.clone().unwrap_or_else(|| failure.message.clone());
    let name = SafeText::from(&token.name);
    let message = match file.revoke(&token.id) {
        Ok(_) => format!(
            "the secret of token {name:?} can't be written to standard output ({reason}), and the \
             token was revoked: create another"
        ),
        Err(error) => format!(
            "the secret of token {name:?} can't be written to standard output ({reason}), and the \
             token can't be revoked: {error}; then revoke {}",
            token.id
        ),
    };
    Failure { output_error: Some(reason), ..Failure::failed(message) }
}

fn list(context: &mut Context, args: ListTokens) -> Result<(), Failure> {
    let all = token_file(args.tokens, &context.config)?.list()?;
    if args.json {
        return all
            .iter()
            .try_for_each(|t| json::print(&mut context.out, &TokenJson::new(t, None)));
    }
    let day = |at: Option<DateTime<Utc>>, none: &str| {
        SafeText::from(
            at.map_or_else(|| none.to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string()),
        )
    };
    let head = ["ID", "NAME", "SCOPE", "PERSON", "STATE", "EXPIRES", "LAST USED"];
    let rows = all.iter().map(|token| {
        [
            SafeText::from(&token.id),
            SafeText::from(&token.name),
            token.scope.to_string().into(),
            token.person.as_deref().unwrap_or("-").into(),
            state_name(token).into(),
            day(token.expires_at, "never"),
            day(token.last_used_at, "never"),
        ]
        .map(SafeText::into_owned)
    });
    print_columns(&mut context.out, head, rows)
}

fn revoke(context: &mut Context, args: RevokeToken) -> Result<(), Failure> {
    let is_of_store = args.tokens.is_none();
    let token = token_file(args.tokens, &context.config)?.revoke(&args.token)?;
    if is_of_store {
        record(context, AdministrationChange::RevokeToken(token.record()));
    }
    let done = format!("{} revoked", token.name);
    context.out.record_done(done.clone());
    if args.json {
        return json::print(&mut context.out, &TokenJson::new(&token, None));
    }
    context.out.line(done)
}
