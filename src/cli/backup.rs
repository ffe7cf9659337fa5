//! `backup` and `restore`: a copy of the store with its tokens, and putting one back.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::args::{Backup, Restore};
use super::atomic_file::write_failure;
use super::context::Context;
use super::export::refuse_store_as_target;
use super::failure::Failure;
use super::out::{self, pluralize};
use super::runtime::unless_stopped;
use super::session::{IfMissing, store_options};
use crate::backend::file::backup::{BackupContent, back_up, restore as put_back};
use crate::files::Replacement;
use crate::server::tokens::TokenFile;

/// Writes a backup of the store and its tokens.
pub async fn backup(context: &mut Context, args: Backup) -> Result<(), Failure> {
    let store = context.config.store_file("backup")?.to_owned();
    // A symbolic link is followed, so that it remains a link.
    let target = fs::canonicalize(&args.file).unwrap_or_else(|_| args.file.clone());
    refuse_store_as_target(&target, &store)?;
    match fs::metadata(&target) {
        Ok(found) if !found.is_file() => {
            return Err(Failure::failed(format!(
                "{} is no plain file: name another",
                target.display()
            )));
        }
        Ok(_) if !args.force => {
            return Err(Failure::failed(format!(
                "{} exists: name another file, or give --force to replace it",
                target.display()
            )));
        }
        _ => {}
    }
    let tokens_file = token_file(args.tokens.as_deref(), &store);
    let tokens = match fs::read_to_string(tokens_file.path()) {
        Ok(tokens) => Some(tokens),
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.tokens.is_none() => None,
        Err(error) => {
            return Err(Failure::failed(format!(
                "{} can't be read ({}): make it readable for you, or name another file with \
                 --tokens",
                tokens_file.path().display(),
                super::failure::io_error_text(&error)
            )));
        }
    };
    let written = unless_stopped(back_up(&store, &target, tokens, args.force)).await??;
    context.out.done_line(format!(
        "{} written to {}: checked, {}",
        describe(&written),
        target.display(),
        if written.tokens.is_some() { "with the tokens" } else { "there are no tokens" }
    ))
}

/// Puts a backup in the place of the store.
pub async fn restore(context: &mut Context, args: Restore) -> Result<(), Failure> {
    let store = context.config.store_file("restore")?.to_owned();
    let options = store_options(&context.config, IfMissing::Refuse);
    let restored = unless_stopped(put_back(&args.file, &store, &options)).await??;
    let to = restored.content.last_at.map_or_else(|| "an empty store".to_owned(), time);
    // The tokens are put back too if this can't be printed.
    let mut printed = context.out.done_line(format!(
        "{} put back to {to}: {}; the next number is INC-{} or above",
        store.display(),
        describe(&restored.content),
        restored.next_number
    ));
    if let Some(aside) = &restored.previous {
        let aside = format!("the previous store is {}", aside.display());
        printed = printed.and(context.out.done_line(aside));
    }
    printed = printed.and(context.out.flush());
    if let Some(tokens) = &restored.content.tokens {
        restore_tokens(context, &args, &store, tokens)?;
    }
    out::print_hint(
        "clients can send again what they still hold: `redphone outbox resend` on each of them",
    );
    printed
}

/// Writes the tokens of a backup if there are none, or on request: a token that was revoked since
/// the backup would become valid again.
fn restore_tokens(
    context: &mut Context,
    args: &Restore,
    store: &Path,
    tokens: &str,
) -> Result<(), Failure> {
    let file = token_file(args.tokens.as_deref(), store);
    let path = file.path();
    let exists = path.exists();
    if exists && !args.replace_tokens {
        out::print_hint(format!(
            "the tokens in {} stay as they are: --replace-tokens takes those of the backup, with \
             which tokens are good again that were revoked since",
            path.display()
        ));
        return Ok(());
    }
    if exists {
        let aside = format!("{}.before-{}", path.display(), Utc::now().format("%Y%m%dT%H%M%S%3f"));
        fs::copy(path, &aside).map_err(|error| write_failure(Path::new(&aside), &error))?;
        context.out.record_done(format!("the previous tokens are {aside}"));
        context.out.line(format!("the previous tokens are {aside}")).ok();
    }
    let written = || -> io::Result<()> {
        let mut replacement = Replacement::begin(path)?;
        replacement.write_all(tokens.as_bytes())?;
        replacement.commit()
    };
    written().map_err(|error| write_failure(path, &error))?;
    context.out.done_line(format!("tokens written to {}", path.display()))
}

fn token_file(named: Option<&Path>, store: &Path) -> TokenFile {
    named.map_or_else(|| TokenFile::for_store(store), TokenFile::new)
}

fn describe(content: &BackupContent) -> String {
    format!(
        "{} and {}",
        pluralize(content.incidents, "incident"),
        pluralize(content.events, "event")
    )
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
