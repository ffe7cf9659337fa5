//! The channel that runs a program.

use std::collections::BTreeSet;
use std::time::Duration;

use redphone::model::notification::ChannelKind;
use redphone::outbound::channel::{ChannelSecrets, build};
use redphone::outbound::client::Timeouts;
use redphone::outbound::{ChannelOptions, Receipt, SendError};
use rstest::rstest;

use super::cases::{client, message};
use super::providers::SECRET;

async fn run(run: &[&str], limit: Duration) -> Result<Receipt, SendError> {
    run_with(run, limit, &[]).await
}

async fn run_with(run: &[&str], limit: Duration, env: &[&str]) -> Result<Receipt, SendError> {
    let owned = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
    let options = ChannelOptions {
        run: owned(run),
        limit: Some(limit),
        env: owned(env),
        ..ChannelOptions::default()
    };
    let client = client(&[], Timeouts::default());
    let channel =
        build(ChannelKind::Command, &options, ChannelSecrets::default(), &client).unwrap();
    channel.send("ines; rm -rf /", &message("text")).await
}

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn program_reads_the_message_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    let script = format!("cat > {}; echo sent", file.display());
    let receipt = run(&["sh", "-c", &script], LONG).await.unwrap();
    assert_eq!(receipt.answer, "sent");
    let input: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(input["type"], "incident.page");
    assert_eq!(input["data"]["address"], "ines; rm -rf /");
    assert_eq!(input["data"]["incident"]["label"], "INC-12");
}

/// Returns the names of the variables that a command sees.
async fn seen_variables(named: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen");
    let script = format!("env > {}", file.display());
    run_with(&["sh", "-c", &script], LONG, named).await.unwrap();
    let environment = std::fs::read_to_string(file).unwrap();
    let variables = environment.lines().filter_map(|line| line.split_once('='));
    // The shell sets these itself.
    let variables = variables.map(|(name, _)| name.to_owned());
    variables.filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str())).collect()
}

#[tokio::test]
async fn program_sees_only_the_variables_that_are_named() {
    let usual = ["PATH", "HOME", "LANG", "TZ"];
    let expected = |names: &[&str]| -> BTreeSet<String> {
        let set = names.iter().filter(|name| std::env::var_os(name).is_some());
        set.map(|name| (*name).to_owned()).collect()
    };
    assert_eq!(seen_variables(&[]).await, expected(&usual));
    // Cargo sets it for each test, and nothing sets the other one.
    let named = ["CARGO_MANIFEST_DIR", "REDPHONE_TEST_UNSET"];
    let both = [&usual[..], &named[..]].concat();
    assert_eq!(seen_variables(&named).await, expected(&both));
    assert!(expected(&both).len() > expected(&usual).len());
}

#[tokio::test]
async fn end_of_the_program_counts_and_not_that_of_its_children() {
    let receipt = run(&["sh", "-c", "sleep 600 & echo sent"], LONG).await;
    assert!(receipt.is_ok(), "{receipt:?}");
}

#[tokio::test]
async fn program_that_reads_nothing_has_sent_the_message() {
    assert!(run(&["true"], LONG).await.is_ok());
}

#[rstest]
#[case("exit 1", false)]
#[case("exit 75", false)]
#[case("exit 69", false)]
#[case("exit 64", true)]
#[case("exit 67", true)]
#[tokio::test]
async fn exit_code_decides_about_another_attempt(#[case] script: &str, #[case] permanent: bool) {
    let error = run(&["sh", "-c", script], LONG).await.unwrap_err();
    match error {
        SendError::Permanent { .. } => assert!(permanent, "{script}"),
        SendError::Temporary { .. } => assert!(!permanent, "{script}"),
        SendError::Uncertain { .. } => panic!("{script}"),
    }
}

#[tokio::test]
async fn slow_program_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 600 & echo $! > {}; wait", file.display());
    let error = run(&["sh", "-c", &script], Duration::from_secs(3)).await.unwrap_err();
    assert!(matches!(error, SendError::Uncertain { .. }), "{error:?}");
    let pid = std::fs::read_to_string(file).unwrap();
    // The end of a killed process is learnt by its parent a moment later.
    while std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.contains(") Z"))
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn missing_program_is_permanent() {
    let error = run(&["/nowhere/page"], LONG).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent { .. }), "{error:?}");
}

#[tokio::test]
async fn output_with_a_signed_url_is_noted_without_it() {
    let receipt = run(&["cat"], LONG).await.unwrap();
    assert!(!receipt.answer.contains(SECRET), "{}", receipt.answer);
    let error = run(&["sh", "-c", "cat >&2; exit 1"], LONG).await.unwrap_err();
    assert!(!error.to_string().contains(SECRET), "{error}");
}
