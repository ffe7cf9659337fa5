//! The channel that sends mail, against a configurable server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redphone::model::notification::ChannelKind;
use redphone::outbound::channel::{ChannelSecrets, build};
use redphone::outbound::client::Timeouts;
use redphone::outbound::{
    ChannelOptions, Client, ClientOptions, OutboundMessage, Receipt, SendError,
};
use rstest::rstest;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::cases::{cached, client, message};
use super::providers::SECRET;
use crate::http::certificates::{Authority, GOOD, acceptor};

/// The texts of a server in place of the usual ones; `None` to send nothing any more.
#[derive(Clone, Copy, Default)]
struct Script {
    /// The beginning of the line that is answered in another way.
    on: &'static str,
    with: Option<&'static str>,
}

/// All lines that a server was sent.
type Lines = Arc<Mutex<Vec<String>>>;

async fn start(script: Script) -> (SocketAddr, Lines) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lines = Lines::default();
    let seen = Arc::clone(&lines);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, script, Arc::clone(&seen)));
        }
    });
    (address, lines)
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite,
    script: Script,
    seen: Lines,
) -> std::io::Result<()> {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    let mut is_data = false;
    let mut line = "CONNECT".to_owned();
    loop {
        let usual = match line.get(..4).unwrap_or_default() {
            _ if is_data && line != "." => "",
            "CONN" => "220 mail.example ESMTP\r\n",
            "EHLO" => "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
            "DATA" => "354 go on\r\n",
            _ if line == "." => "250 2.0.0 queued as 4711\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        is_data = line == "DATA" || (is_data && line != ".");
        if !script.on.is_empty() && !usual.is_empty() && line.starts_with(script.on) {
            match script.with {
                Some(with) => write.write_all(with.as_bytes()).await?,
                None => std::future::pending().await,
            }
            is_data = false;
        } else {
            write.write_all(usual.as_bytes()).await?;
        }
        let Some(next) = lines.next_line().await? else { return Ok(()) };
        seen.lock().unwrap().push(next.clone());
        line = next;
    }
}

async fn send(
    address: SocketAddr,
    user: Option<&str>,
    private_hosts: &[&str],
    message: &OutboundMessage,
) -> Result<Receipt, SendError> {
    send_within(Duration::from_mins(1), address, user, private_hosts, message).await
}

async fn send_within(
    limit: Duration,
    address: SocketAddr,
    user: Option<&str>,
    private_hosts: &[&str],
    message: &OutboundMessage,
) -> Result<Receipt, SendError> {
    let options = ChannelOptions {
        url: Some(format!("smtp://{address}").parse().unwrap()),
        from: Some("redphone <redphone@example.org>".into()),
        user: user.map(str::to_owned),
        ..ChannelOptions::default()
    };
    let secrets =
        ChannelSecrets { current: user.map(|_| cached(SECRET.into())), ..Default::default() };
    let client = client(private_hosts, Timeouts { connect: limit, answer: limit });
    let channel = build(ChannelKind::Email, &options, secrets, &client).unwrap();
    channel.send("ines@example.org", message).await
}

#[rstest]
#[case("ines@example.org", true)]
#[case("ines+pager@mail.example.org", true)]
#[case("ines", false)]
#[case("\"ines moreau\"@example.org", false)]
#[case("ines@[127.0.0.1]", false)]
#[case("ïnes@example.org", false)]
#[case("ines@example.org\r\nRCPT TO:<all@example.org>", false)]
fn address_is_one_that_a_mail_can_be_written_to(#[case] address: &str, #[case] is_valid: bool) {
    let options = ChannelOptions {
        url: Some("smtp://mail.example.org".parse().unwrap()),
        from: Some("redphone <redphone@example.org>".into()),
        ..ChannelOptions::default()
    };
    let client = client(&[], Timeouts::default());
    let channel = build(ChannelKind::Email, &options, ChannelSecrets::default(), &client).unwrap();
    assert_eq!(channel.check_address(address).is_ok(), is_valid);
}

#[tokio::test]
async fn answers_without_an_end_are_read_up_to_a_limit() {
    let long = format!("250-{}\r\n", "x".repeat(400)).repeat(120);
    let script = Script { on: "EHLO", with: Some(Box::leak(long.into_boxed_str())) };
    let (address, _) = start(script).await;
    let error = send(address, None, &["127.0.0.1"], &message("text")).await.unwrap_err();
    assert!(matches!(error, SendError::Temporary { .. }), "{error:?}");
    assert!(error.to_string().contains("its answers have no end"), "{error}");
}

#[tokio::test]
async fn mail_has_a_thread_and_says_that_nobody_wrote_it() {
    let (address, lines) = start(Script::default()).await;
    let mut message = message("Nobody has it yet.");
    let incident = message.incident.as_mut().unwrap();
    incident.title = "Card payments\r\nBcc: all@example.org\r\n\r\nfail".into();
    message.reply_to = Some("redphone+0123456789abcdefghijklmno@example.org".into());
    let receipt = send(address, None, &["127.0.0.1"], &message).await.unwrap();
    assert!(receipt.answer.starts_with("250 2.0.0 queued as 4711"), "{}", receipt.answer);
    let lines = lines.lock().unwrap().join("\n");
    let id = format!("Message-ID: <{}@example.org>", message.repetition_id());
    let thread = format!("<incident.{}@example.org>", message.incident.unwrap().id);
    for header in [
        id.as_str(),
        &format!("References: {thread}"),
        &format!("In-Reply-To: {thread}"),
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Subject: INC-12 P1 Card payments Bcc: all@example.org fail",
        "RCPT TO:<ines@example.org>",
        "Reply-To: redphone+0123456789abcdefghijklmno@example.org",
        "Or answer this mail: ack, escalate or resolve on its first line.",
    ] {
        assert!(lines.contains(header), "{header} is not in\n{lines}");
    }
    assert!(!lines.contains("\nBcc:"), "{lines}");
}

#[rstest]
#[case("RCPT", "450 4.2.1 later\r\n", "temporary")]
#[case("RCPT", "550 5.1.1 no such user\r\n", "permanent")]
#[case("CONN", "421 4.3.2 too busy\r\n", "temporary")]
#[case("CONN", "554 5.7.1 go away\r\n", "permanent")]
#[case("DATA", "452 4.3.1 disk is full\r\n", "temporary")]
#[case(".", "554 5.6.0 spam\r\n", "permanent")]
#[tokio::test]
async fn answer_of_the_server_decides_about_another_attempt(
    #[case] on: &'static str,
    #[case] with: &'static str,
    #[case] outcome: &str,
) {
    let (address, _lines) = start(Script { on, with: Some(with) }).await;
    let error = send(address, None, &["127.0.0.1"], &message("text")).await.unwrap_err();
    let found = match &error {
        SendError::Temporary { .. } => "temporary",
        SendError::Permanent { .. } => "permanent",
        SendError::Uncertain { .. } => "uncertain",
    };
    assert_eq!(found, outcome, "{error:?}");
}

#[rstest]
#[case("CONN", false)]
#[case("EHLO", false)]
#[case(".", true)]
#[tokio::test]
async fn silent_server_ends_within_the_limit(#[case] on: &'static str, #[case] uncertain: bool) {
    let (address, _lines) = start(Script { on, with: None }).await;
    let limit = Duration::from_secs(2);
    let sent = send_within(limit, address, None, &["127.0.0.1"], &message("text")).await;
    let error = sent.unwrap_err();
    assert_eq!(matches!(error, SendError::Uncertain { .. }), uncertain, "{error:?}");
    assert!(!matches!(error, SendError::Permanent { .. }), "{error:?}");
}

/// Says something without an end as soon as somebody connects, and returns how many bytes were read.
async fn flood(listener: TcpListener, part: &'static [u8]) -> usize {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut count = 0;
    while let Ok(written) = stream.write(part).await {
        count += written;
    }
    count
}

#[rstest]
#[case::one_line(&[b'2'; 4096])]
#[case::many_lines(b"220-mail.example\r\n")]
#[tokio::test]
async fn answer_without_an_end_is_bounded(#[case] part: &'static [u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let flood = tokio::spawn(flood(listener, part));
    let limit = Duration::from_secs(5);
    let sent = send_within(limit, address, None, &["127.0.0.1"], &message("text")).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, SendError::Temporary { .. }), "{error:?}");
    // The data sent beyond the limit is in the buffers of the system.
    let count = flood.await.unwrap();
    assert!(count < 32 * 1024 * 1024, "{count}");
}

#[tokio::test]
async fn password_never_leaves_without_tls() {
    let (address, lines) = start(Script::default()).await;
    let user = Some("redphone");
    let error = send(address, user, &["127.0.0.1"], &message("text")).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent { .. }), "{error:?}");
    assert!(!lines.lock().unwrap().iter().any(|line| line.starts_with("AUTH")));
}

#[rstest]
#[case::trusted(true)]
#[case::not_trusted(false)]
#[tokio::test]
async fn mail_is_sent_by_tls_from_the_start(#[case] is_trusted: bool) {
    let authority = Authority::new("mail authority");
    let acceptor = acceptor(authority.issue("localhost", GOOD));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = Lines::default();
    let seen = Arc::clone(&lines);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(serve(stream, Script::default(), Arc::clone(&seen)));
            }
        }
    });
    let options = ChannelOptions {
        url: Some(format!("smtps://localhost:{port}").parse().unwrap()),
        from: Some("redphone <redphone@example.org>".into()),
        user: Some("redphone".into()),
        ..ChannelOptions::default()
    };
    let client = Client::new(&ClientOptions {
        private_hosts: vec!["localhost".parse().unwrap()],
        ca_pem: is_trusted.then(|| authority.pem().into_bytes()),
        ..ClientOptions::default()
    });
    let secrets = ChannelSecrets { current: Some(cached(SECRET.into())), ..Default::default() };
    let client = Arc::new(client.unwrap());
    let channel = build(ChannelKind::Email, &options, secrets, &client).unwrap();
    let result = channel.send("ines@example.org", &message("text")).await;
    let lines = lines.lock().unwrap();
    if is_trusted {
        let answer = result.unwrap().answer;
        assert!(answer.starts_with("250 2.0.0 queued as 4711"), "{answer}");
        assert!(lines.iter().any(|line| line.starts_with("AUTH PLAIN ")));
    } else {
        assert!(matches!(result, Err(SendError::Temporary { .. })), "{result:?}");
        assert!(lines.is_empty());
    }
}

#[tokio::test]
async fn mail_server_of_the_own_network_must_be_named() {
    let (address, lines) = start(Script::default()).await;
    let error = send(address, None, &[], &message("text")).await.unwrap_err();
    assert!(matches!(error, SendError::Permanent { .. }), "{error:?}");
    assert!(lines.lock().unwrap().is_empty());
}
