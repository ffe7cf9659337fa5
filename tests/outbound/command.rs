//! The channel that runs a program.

use std::time::Duration;

use redphone::model::notification::ChannelKind;
use redphone::outbound::channel::{ChannelSecrets, build};
use redphone::outbound::client::Timeouts;
use redphone::outbound::{ChannelOptions, Receipt, SendError};
use rstest::rstest;

use super::cases::{client, message};
use super::providers::SECRET;

async fn run(run: &[&str], limit: Duration) -> Result<Receipt, SendError> {
    let options = ChannelOptions {
        run: run.iter().map(|part| (*part).to_owned()).collect(),
        limit: Some(limit),
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
