//! `token`: who may ask a server, made, listed and taken back.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::serve::{AboutToken, CreateToken, ListTokens, RevokeToken};
use super::failure::Failure;
use super::out::{self, Look};
use super::serve::tokens;
use super::{Context, json};
use crate::model::text::{fit, shown, width};
use crate::server::scope::Scope;
use crate::server::tokens::{Holds, New, Token};

/// Does one thing about tokens.
pub fn run(context: &mut Context, about: AboutToken) -> Result<(), Failure> {
    match about {
        AboutToken::Create(args) => create(context, args),
        AboutToken::List(args) => list(context, args),
        AboutToken::Revoke(args) => revoke(context, args),
    }
}

/// A token as `--json` prints it: never its secret, unless it was just made.
#[derive(Serialize)]
struct Told<'a> {
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

impl<'a> Told<'a> {
    fn of(token: &'a Token, secret: Option<String>) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            scope: token.scope,
            person: token.person.as_deref(),
            state: state(token),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
            token: secret,
        }
    }
}

fn state(token: &Token) -> &'static str {
    match token.holds(Utc::now()) {
        Holds::Yes => "holds",
        Holds::Expired(_) => "expired",
        Holds::Revoked(_) => "revoked",
    }
}

fn create(context: &mut Context, args: CreateToken) -> Result<(), Failure> {
    let file = tokens(args.tokens, &context.config)?;
    let new = New {
        name: args.name,
        scope: args.scope,
        person: args.person,
        expires_at: args.expires.at(Utc::now()),
    };
    let (secret, token) = file.create(new)?;
    if args.json {
        return json::print(&mut context.out, &Told::of(&token, Some(secret.reveal())));
    }
    let until = match token.expires_at {
        Some(at) => format!("good until {}", at.format("%Y-%m-%d %H:%M UTC")),
        None => "good until it is revoked".to_owned(),
    };
    context.out.line(&secret.reveal())?;
    context.out.flush()?;
    let name = shown(&token.name);
    out::hint(&format!("token {name:?} of scope {}, {until}; it is shown this once", token.scope));
    Ok(())
}

fn list(context: &mut Context, args: ListTokens) -> Result<(), Failure> {
    let all = tokens(args.tokens, &context.config)?.list()?;
    if args.json {
        return all.iter().try_for_each(|t| json::print(&mut context.out, &Told::of(t, None)));
    }
    let day = |at: Option<DateTime<Utc>>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
    };
    let head = ["ID", "NAME", "SCOPE", "PERSON", "STATE", "EXPIRES", "LAST USED"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(all.iter().map(|token| {
        [
            token.id.clone(),
            shown(&token.name).into_owned(),
            token.scope.to_string(),
            token.person.as_deref().map_or_else(|| "-".to_owned(), |p| shown(p).into_owned()),
            state(token).to_owned(),
            day(token.expires_at, "never"),
            day(token.last_used_at, "never"),
        ]
    }));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0))
        .collect();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| fit(cell, *width)).collect();
        let line = cells.join("  ");
        let look = if index == 0 { Look::Dim } else { Look::Plain };
        let line = context.out.look(line.trim_end(), look);
        context.out.line(&line)?;
    }
    Ok(())
}

fn revoke(context: &mut Context, args: RevokeToken) -> Result<(), Failure> {
    let token = tokens(args.tokens, &context.config)?.revoke(&args.token)?;
    if args.json {
        return json::print(&mut context.out, &Told::of(&token, None));
    }
    context.out.line(&format!("{} revoked", shown(&token.name)))
}
