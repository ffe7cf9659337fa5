//! Mails, as a mail server passes them to a program: one thread is one incident.
//!
//! The first mail of a thread declares an incident: its subject is the title, its text the
//! symptoms, and its sender the label `reporter`. Others of the thread are added to the incident
//! while that is open. Threads are distinguished by the ids of mails (`References`, `In-Reply-To`,
//! `Message-ID`), so a changed subject changes nothing. Automatic replies, such as notices of
//! absence, are left out, and so are messages of this program about incidents: one to a list from
//! which mails come here would declare an incident, of which the next message says the same.

use chrono::{DateTime, TimeDelta, Utc};
use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders as _};
use uuid::Uuid;

use super::error::IngestError;
use super::identity::digest;
use super::mail_text::mail_text;
use crate::model::alert::{
    AlertGroup, AlertReport, MAIL_SOURCE, MAX_ANNOTATION_CHARS, MAX_LABEL_CHARS, cut, one_line,
};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = MAIL_SOURCE;

/// The name of the sender in texts.
const SENDER: &str = "The sender of the mail";
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The maximum age of a mail's own date when it arrives.
const MAX_AGE: TimeDelta = TimeDelta::days(7);
/// The prefixes that programs add to subjects of replies and of forwarded mails.
const PREFIXES: [&str; 8] = ["re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "antw:", "tr:"];

/// The prefix of an incident's id in the threads of messages that this program sends.
const OWN_THREAD: &str = "incident.";

/// Reads a mail that arrives at `now`; `None` for the answer of a machine, and for a message of this program.
///
/// # Errors
/// It is no mail, as it has neither a sender nor a subject nor an id.
pub fn parse(body: &[u8], now: DateTime<Utc>) -> Result<Option<AlertGroup>, IngestError> {
    let mail = MessageParser::default().parse(body);
    let mail = mail.ok_or(IngestError::Missing("the header of the mail"))?;
    let reporter = reporter(&mail);
    if reporter.is_none() && mail.subject().is_none() && mail.message_id().is_none() {
        return Err(IngestError::Missing("the header of the mail"));
    }
    let thread = first_id(mail.references()).or_else(|| first_id(mail.in_reply_to()));
    if is_automatic_answer(&mail) || is_report_of_delivery(&mail) || is_own_message(&mail, thread) {
        return Ok(None);
    }
    // A mail without an id is only the same as one with the same content.
    let content = String::from_utf8_lossy(body);
    let own = mail.message_id().map(str::trim).filter(|id| !id.is_empty()).unwrap_or(&content);
    let thread = digest(&["thread", thread.unwrap_or(own)]);
    let subject = one_line(subject(&mail), MAX_TITLE_CHARS);
    let text = mail_text(&mail).map(|text| cut(text.trim(), MAX_ANNOTATION_CHARS));
    let text = text.filter(|text| !text.is_empty());
    let reporter = reporter.map(|address| ("reporter".to_owned(), address));
    let alert = AlertReport {
        key: digest(&["mail", own]),
        is_firing: true,
        starts_at: sent_at(&mail).filter(|at| *at <= now && now - *at <= MAX_AGE),
        ends_at: None,
        expires_at: None,
        title: if subject.is_empty() { "Mail without a subject".to_owned() } else { subject },
        labels: reporter.into_iter().collect(),
        annotations: text.map(|text| ("description".to_owned(), text)).into_iter().collect(),
        url: None,
    };
    Ok(Some(AlertGroup::new(SOURCE, SENDER, format!("{SOURCE}:{thread}"), vec![alert])))
}

/// Returns the address of the sender of a mail, otherwise the name.
fn reporter(mail: &Message<'_>) -> Option<String> {
    let sender = mail.from()?.first()?;
    let text = sender.address.as_deref().or(sender.name.as_deref())?;
    Some(one_line(text, MAX_LABEL_CHARS)).filter(|text| !text.is_empty())
}

/// Returns the subject without the prefixes of programs.
fn subject<'a>(mail: &'a Message<'_>) -> &'a str {
    let mut subject = mail.subject().unwrap_or_default().trim();
    let prefix_of = |text: &str| {
        PREFIXES.iter().find(|prefix| {
            text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        })
    };
    while let Some(prefix) = prefix_of(subject) {
        subject = subject.get(prefix.len()..).unwrap_or_default().trim_start();
    }
    subject
}

/// Returns the first id of a header that lists ids of mails.
fn first_id<'a>(value: &'a HeaderValue<'_>) -> Option<&'a str> {
    let id = match value {
        HeaderValue::Text(text) => Some(&**text),
        HeaderValue::TextList(texts) => texts.first().map(|text| &**text),
        _ => None,
    };
    id.map(str::trim).filter(|id| !id.is_empty())
}

/// Returns when a mail was sent, according to its header.
fn sent_at(mail: &Message<'_>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(mail.date()?.to_timestamp(), 0)
}

/// Returns the text of a header in lower case.
fn header(mail: &Message<'_>, name: &str) -> String {
    let headers = mail.headers().iter();
    let mut named = headers.filter(|header| header.name.as_str().eq_ignore_ascii_case(name));
    named.find_map(|header| header.value.as_text()).unwrap_or_default().trim().to_lowercase()
}

/// Returns whether it is a delivery report of a mail server. Not all of them are marked as
/// automatic.
fn is_report_of_delivery(mail: &Message<'_>) -> bool {
    let kind = mail.content_type().and_then(|content_type| content_type.attribute("report-type"));
    let kinds = ["delivery-status", "disposition-notification"];
    kind.is_some_and(|kind| kinds.iter().any(|name| kind.trim().eq_ignore_ascii_case(name)))
}

/// Returns whether this program has sent a mail about an incident.
fn is_own_message(mail: &Message<'_>, thread: Option<&str>) -> bool {
    let of_incident = thread.and_then(|id| id.strip_prefix(OWN_THREAD)?.split('@').next());
    let is_thread = of_incident.is_some_and(|id| Uuid::try_parse(id).is_ok());
    is_thread && header(mail, "auto-submitted").starts_with("auto-generated")
}

/// Returns whether a machine has answered a mail. A program that sends mails of its own accord is none.
fn is_automatic_answer(mail: &Message<'_>) -> bool {
    let value = |name: &str| header(mail, name);
    value("auto-submitted").starts_with("auto-replied")
        || matches!(value("precedence").as_str(), "auto_reply" | "auto-reply")
        || !value("x-autoreply").is_empty()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::alert::declaration;
    use crate::model::check;
    use crate::model::directory::Directory;
    use crate::model::status::Source;

    fn now() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn mail(headers: &str, text: &str) -> String {
        let fixed =
            "From: Ines Moreau <ines@example.com>\r\nDate: Sun, 1 Mar 2026 10:00:00 +0100\r\n";
        format!("{fixed}{headers}\r\n\r\n{text}\r\n")
    }

    fn read(mail: &str) -> AlertGroup {
        parse(mail.as_bytes(), now()).unwrap().unwrap()
    }

    #[test]
    fn first_mail_of_a_thread_declares_an_incident() {
        let text =
            mail("Subject: Cards are declined\r\nMessage-ID: <1@example.com>", "Since nine.");
        let group = read(&text);
        let alert = &group.alerts[0];
        assert_eq!(alert.title, "Cards are declined");
        assert_eq!(alert.labels["reporter"], "ines@example.com");
        assert_eq!(alert.annotations["description"], "Since nine.");
        assert_eq!(alert.starts_at, Some("2026-03-01T09:00:00Z".parse().unwrap()));
        let declared = declaration(&group, &[0], &Directory::default(), now());
        assert_eq!(
            (declared.title.as_str(), declared.source),
            ("Cards are declined", Source::UserReport)
        );
        assert_eq!(
            (declared.symptoms.as_str(), declared.labels),
            ("Since nine.", vec!["reporter=ines@example.com".to_owned()])
        );
    }

    #[rstest]
    #[case::references(
        "References: <1@example.com> <2@example.com>\r\nIn-Reply-To: <2@example.com>"
    )]
    #[case::reply("In-Reply-To: <1@example.com>")]
    fn answer_belongs_to_its_thread(#[case] headers: &str) {
        let first = read(&mail("Subject: Cards are declined\r\nMessage-ID: <1@example.com>", "a"));
        let headers =
            format!("Subject: RE: Fwd: Cards\r\nMessage-ID: <3@example.com>\r\n{headers}");
        let answer = read(&mail(&headers, "b"));
        assert_eq!((answer.key, answer.alerts[0].title.as_str()), (first.key, "Cards"));
        assert_ne!(answer.alerts[0].key, first.alerts[0].key);
    }

    #[test]
    fn the_same_mail_is_the_same_alert() {
        let text = mail("Subject: A\r\nMessage-ID: <1@example.com>", "a");
        assert_eq!(read(&text), read(&text));
        let (one, other) = (mail("Subject: A", "a"), mail("Subject: A", "b"));
        assert_eq!(read(&one).key, read(&one).key);
        assert_ne!(read(&one).key, read(&other).key);
    }

    #[test]
    fn encoded_parts_are_read() {
        let headers = "Subject: =?UTF-8?Q?Zahlung_schl=C3=A4gt_fehl?=\r\nMessage-ID: <1@example.com>\r\n\
            MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b";
        let text = "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nSeit =FCber einer Stunde\r\n--b\r\n\
            Content-Type: text/html\r\n\r\n<p>x</p>\r\n--b--";
        let group = read(&mail(headers, text));
        assert_eq!(group.alerts[0].title, "Zahlung schlägt fehl");
        assert_eq!(group.alerts[0].annotations["description"], "Seit über einer Stunde");
    }

    #[rstest]
    #[case::absence("Auto-Submitted: auto-replied")]
    #[case::precedence("Precedence: auto_reply")]
    #[case::other("X-Autoreply: yes")]
    #[case::bounce("Content-Type: multipart/report; report-type=delivery-status; boundary=b")]
    #[case::receipt(
        "Content-Type: multipart/report; boundary=b; report-type=\"disposition-notification\""
    )]
    fn answers_of_machines_are_ignored(#[case] header: &str) {
        let text = mail(&format!("Subject: Away\r\n{header}"), "I am away.");
        assert_eq!(parse(text.as_bytes(), now()), Ok(None));
    }

    #[rstest]
    #[case::own(
        "incident.0198c5a4-4ad1-7d43-9f6e-2f6ea8b5a1c3@example.com",
        "auto-generated",
        true
    )]
    #[case::answer("incident.0198c5a4-4ad1-7d43-9f6e-2f6ea8b5a1c3@example.com", "no", false)]
    #[case::other("incident.17@example.com", "auto-generated", false)]
    fn own_messages_declare_nothing(
        #[case] thread: &str,
        #[case] submitted: &str,
        #[case] is_own: bool,
    ) {
        let headers = format!(
            "Subject: [P1] INC-7 Cards are declined\r\nMessage-ID: <9@example.com>\r\n\
             References: <{thread}>\r\nIn-Reply-To: <{thread}>\r\nAuto-Submitted: {submitted}"
        );
        let group = parse(mail(&headers, "Triggered.").as_bytes(), now()).unwrap();
        assert_eq!(group.is_none(), is_own);
    }

    #[test]
    fn mail_of_a_program_is_read() {
        let text = mail("Subject: Disk full\r\nAuto-Submitted: auto-generated", "db1");
        assert_eq!(read(&text).alerts[0].title, "Disk full");
    }

    #[rstest]
    #[case::empty("")]
    #[case::json("{\"alerts\":[]}")]
    #[case::text("no mail at all")]
    fn what_is_no_mail_is_refused(#[case] text: &str) {
        assert_eq!(
            parse(text.as_bytes(), now()),
            Err(IngestError::Missing("the header of the mail"))
        );
    }

    #[rstest]
    #[case::old("Sat, 1 Mar 2025 10:00:00 +0000")]
    #[case::future("Mon, 1 Mar 2027 10:00:00 +0000")]
    fn senseless_dates_are_ignored(#[case] date: &str) {
        let text = format!("From: ines@example.com\r\nSubject: A\r\nDate: {date}\r\n\r\na\r\n");
        assert_eq!(read(&text).alerts[0].starts_at, None);
    }

    #[test]
    fn long_and_odd_mails_make_valid_incidents() {
        let long = "ü".repeat(10_000);
        let headers = format!("Subject: {long}\u{1b}[2J\r\nMessage-ID: {long}");
        for text in [mail(&headers, &long), mail("Subject:", ""), mail("Subject: re: re:", "")] {
            let group = read(&text);
            let declared = declaration(&group, &[0], &Directory::default(), now());
            check::declaration(&declared).unwrap();
        }
    }
}
