//! `selftest`: sends a marked alert through the complete chain, and reports the steps with their
//! times.

use std::time::{Duration, Instant};

use serde::Serialize;
use uuid::Uuid;

use super::args::SelfTest;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::out::{Out, Style, StyledLine};
use super::session::{IfMissing, open_store, resolve_person};
use crate::backend::Backend;
use crate::engine::SystemClock;
use crate::engine::self_test::{SelfTestOptions, SelfTestStep, run_self_test};
use crate::model::signals::{SELF_TEST, levels_of};
use crate::model::text::pad;

/// The width of the names of steps.
const STEP_WIDTH: usize = 13;

/// A step, as `--json` prints it.
#[derive(Serialize)]
struct StepJson<'a> {
    step: &'a str,
    is_done: bool,
    ms: u64,
    text: &'a str,
}

/// Runs `selftest`.
pub async fn run(context: &mut Context, args: &SelfTest) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let store = open_store(config, IfMissing::Refuse, "selftest").await?;
    let directory = store.directory().await?;
    let options = SelfTestOptions {
        key: format!("{SELF_TEST}:{}", Uuid::now_v7()),
        service: args.service.clone(),
        team: None,
        levels: levels_of(args.priority, &store.rules().matrix),
        call: args.person.as_deref().map(|handle| resolve_person(handle, &directory)),
        acknowledges: resolve_person(&config.me, &directory),
        within: Duration::from_secs(args.timeout.into()),
    };
    let began = Instant::now();
    let mut printed = Ok(());
    let mut report = |step: &SelfTestStep| {
        if printed.is_ok() {
            printed = print(out, step, began.elapsed(), args.json);
        }
    };
    let result = run_self_test(&store, &SystemClock, options, &mut report).await;
    store.close().await;
    printed?;
    match result? {
        None => Ok(()),
        Some(_) => Err(Failure::failed("the self-test has failed: a step did not happen in time")),
    }
}

/// Prints a step.
fn print(
    out: &mut Out,
    step: &SelfTestStep,
    elapsed: Duration,
    is_json: bool,
) -> Result<(), Failure> {
    let SelfTestStep { name, is_done, text } = step;
    if is_json {
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        return json::print(out, &StepJson { step: name, is_done: *is_done, ms, text });
    }
    let time = format!("{:6.2} s  ", elapsed.as_secs_f64());
    let mut line = StyledLine::new(time, Style::Dim);
    line.push(pad(*name, STEP_WIDTH), Style::Plain);
    line.push(text.as_str(), if *is_done { Style::Plain } else { Style::Alarm });
    out.styled_line(&line)?;
    out.flush()
}
