//! `token`: creates, lists and revokes the tokens of a server.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::serve::{CreateToken, ListTokens, RevokeToken, TokenCommand};
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{self, Style, StyledLine};
use super::serve::token_file;
use crate::model::text::{SafeText, pad};
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
    let file = token_file(args.tokens, &context.config)?;
    let new_token = NewToken {
        name: args.name,
        scope: args.scope,
        person: args.person,
        expires_at: args.expires.at(Utc::now()),
    };
    let (secret, token) = file.create(new_token)?;
    let printed = print_secret(context, &token, secret.reveal(), args.json);
    if let Err(failure) = printed {
        return Err(revoke_unprinted(&file, &token, &failure));
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
    let mut rows = vec![head.map(SafeText::from)];
    rows.extend(all.iter().map(|token| {
        [
            SafeText::from(&token.id),
            SafeText::from(&token.name),
            token.scope.to_string().into(),
            token.person.as_deref().unwrap_or("-").into(),
            state_name(token).into(),
            day(token.expires_at, "never"),
            day(token.last_used_at, "never"),
        ]
    }));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0))
        .collect();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        let line = cells.join("  ");
        let style = if index == 0 { Style::Dim } else { Style::Plain };
        context.out.styled_line(&StyledLine::new(line.trim_end(), style))?;
    }
    Ok(())
}

fn revoke(context: &mut Context, args: RevokeToken) -> Result<(), Failure> {
    let token = token_file(args.tokens, &context.config)?.revoke(&args.token)?;
    let done = format!("{} revoked", token.name);
    context.out.record_done(done.clone());
    if args.json {
        return json::print(&mut context.out, &TokenJson::new(&token, None));
    }
    context.out.line(done)
}
