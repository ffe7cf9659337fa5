//! What a redaction has removed, as far as it is known: texts that must not come back unseen with a command
//! that still waits.

use serde_json::Value;

use super::command::{Command, IncidentCommand};
use super::event::{Event, EventBody};
use super::evidence::{REDACTED_TEXT, RedactedPart, content_hash, decode_content, encode_content};
use super::impact::Reporter;
use super::incident::Incident;
use super::redaction::{RedactedTarget, note_text};

/// The members of a command's JSON that people type.
const TEXT_FIELDS: [&str; 15] = [
    "because",
    "contact",
    "customers",
    "decision",
    "detail",
    "message",
    "name",
    "reason",
    "returned",
    "symptoms",
    "text",
    "ticket",
    "title",
    "validation",
    "waived",
];
/// Members that only people of the directory have: their names are not those of reporters.
const PERSON_FIELD: &str = "handle";
/// How many characters a note of one word must have to be searched for.
const MIN_WORD: usize = 8;
/// From this character on scripts stand without blanks between words.
const FIRST_WITHOUT_BLANKS: char = '\u{2e80}';

/// The texts and the hashes of content that were redacted of one incident.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RedactedContent {
    texts: Vec<String>,
    hashes: Vec<String>,
}

impl RedactedContent {
    /// Returns whether nothing is known of what was redacted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.hashes.is_empty()
    }

    /// Adds what a redaction removes from a record and the events of its incident.
    pub fn add_record(&mut self, redacted: &RedactedTarget, record: &Incident) {
        for reporter in record.reporters.iter().filter(|one| one.id == redacted.target) {
            self.add_reporter(redacted.part, reporter);
        }
        let evidence = record.evidence.iter().filter(|one| one.id == redacted.target);
        if redacted.part == RedactedPart::Evidence {
            let hashes = evidence.map(|one| one.hash.clone()).filter(|hash| !hash.is_empty());
            self.hashes.extend(hashes);
        }
    }

    /// Adds what a redaction removes from an event.
    pub fn add_event(&mut self, redacted: &RedactedTarget, event: &Event) {
        if let Some(text) = note_text(event, redacted.part, redacted.target) {
            self.add_note(text);
        }
        if let EventBody::ReporterAdded { reporter } = &event.body
            && reporter.id == redacted.target
        {
            self.add_reporter(redacted.part, reporter);
        }
    }

    /// Adds what a redaction removes of what a command says; see [`RedactedTarget::is_in`].
    pub fn add_command(&mut self, redacted: &RedactedTarget, command: &Command) {
        let Command::Incident { command, .. } = command else { return };
        match command {
            IncidentCommand::AddNote { text } | IncidentCommand::CorrectNote { text, .. } => {
                self.add_note(text);
            }
            IncidentCommand::AddReporter { reporter } => self.add_reporter(redacted.part, reporter),
            IncidentCommand::AttachEvidence { content, .. } => {
                self.hashes.extend(decode_content(content).map(|bytes| content_hash(&bytes)));
            }
            _ => {}
        }
    }

    fn add_reporter(&mut self, part: RedactedPart, reporter: &Reporter) {
        let contact = reporter.contact.as_deref();
        if part == RedactedPart::Contact {
            if let Some(text) = contact {
                self.add_text(text);
            }
        } else if part == RedactedPart::Reporter {
            let texts = [Some(reporter.name.as_str()), contact, reporter.ticket.as_deref()];
            for text in texts.into_iter().flatten() {
                self.add_text(text);
            }
        }
    }

    /// Adds the text of a note, unless it is a short word that other texts have as well.
    fn add_note(&mut self, text: &str) {
        let text = text.trim();
        if text.contains(char::is_whitespace) || text.chars().count() >= MIN_WORD {
            self.add_text(text);
        }
    }

    fn add_text(&mut self, text: &str) {
        let text = text.trim();
        // A single character says nothing, and what was redacted before is not searched for.
        if text.chars().count() > 1 && text != REDACTED_TEXT {
            self.texts.push(text.to_owned());
        }
    }

    /// Removes from a command what was redacted. Returns whether it had any of it. A redaction stays as it
    /// is.
    pub fn remove_from(&self, command: &mut Command) -> bool {
        if let Command::Incident { command, .. } = command {
            match command {
                IncidentCommand::Redact { .. } => return false,
                IncidentCommand::AttachEvidence { name, content, .. } => {
                    let hash = decode_content(content).map(|bytes| content_hash(&bytes));
                    if hash.is_ok_and(|hash| self.hashes.contains(&hash)) {
                        REDACTED_TEXT.clone_into(name);
                        *content = encode_content(REDACTED_TEXT.as_bytes());
                        return true;
                    }
                }
                _ => {}
            }
        }
        let Ok(mut json) = serde_json::to_value(&*command) else { return false };
        if !self.remove_from_json(&mut json, false) {
            return false;
        }
        let Ok(without) = serde_json::from_value(json) else { return false };
        *command = without;
        true
    }

    fn remove_from_json(&self, json: &mut Value, is_text: bool) -> bool {
        match json {
            Value::String(text) if is_text => match self.removed_from(text) {
                Some(without) => {
                    *text = without;
                    true
                }
                None => false,
            },
            Value::Array(items) => {
                let had = items.iter_mut().map(|item| self.remove_from_json(item, is_text));
                had.filter(|had| *had).count() > 0
            }
            Value::Object(members) => {
                let is_person = members.contains_key(PERSON_FIELD);
                let had = members.iter_mut().map(|(name, member)| {
                    let is_text = !is_person && TEXT_FIELDS.contains(&name.as_str());
                    self.remove_from_json(member, is_text)
                });
                had.filter(|had| *had).count() > 0
            }
            _ => false,
        }
    }

    /// Returns a text without what was redacted; `None` if it has none of it.
    #[must_use]
    pub fn removed_from(&self, text: &str) -> Option<String> {
        let mut without = None;
        for redacted in &self.texts {
            let current = without.as_deref().unwrap_or(text);
            without = replaced(current, redacted).or(without);
        }
        without
    }
}

/// Replaces a text wherever it stands as words of another one, whatever its case; `None` where it does not.
fn replaced(text: &str, redacted: &str) -> Option<String> {
    let mut without = String::new();
    let (mut copied, mut before) = (0, None);
    for (index, character) in text.char_indices() {
        if index >= copied
            && let Some(length) = match_length(&text[index..], redacted)
            && !joins(before, text[index..].chars().next())
            && !joins(
                text[..index + length].chars().next_back(),
                text[index + length..].chars().next(),
            )
        {
            without.push_str(&text[copied..index]);
            without.push_str(REDACTED_TEXT);
            copied = index + length;
        }
        before = Some(character);
    }
    if copied == 0 {
        return None;
    }
    without.push_str(&text[copied..]);
    Some(without)
}

/// Returns how many bytes of a text are another one, whatever the case, if it begins with that.
fn match_length(text: &str, other: &str) -> Option<usize> {
    let mut letters = text.char_indices().flat_map(|(index, character)| {
        let end = index + character.len_utf8();
        character.to_lowercase().map(move |letter| (end, letter))
    });
    let mut length = 0;
    for wanted in other.chars().flat_map(char::to_lowercase) {
        let (end, letter) = letters.next()?;
        if letter != wanted {
            return None;
        }
        length = end;
    }
    Some(length)
}

/// Returns whether two characters that follow each other are of one word.
fn joins(one: Option<char>, other: Option<char>) -> bool {
    let is_of_word =
        |character: char| character.is_alphanumeric() && character < FIRST_WITHOUT_BLANKS;
    one.is_some_and(is_of_word) && other.is_some_and(is_of_word)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::IncidentId;
    use crate::model::impact::Reporter;

    fn content(part: RedactedPart) -> RedactedContent {
        let id = Uuid::from_u128(1);
        let reporter = Reporter {
            id,
            name: "Tom Varga".into(),
            contact: Some("tom@example.org".into()),
            ticket: None,
            redacted: false,
        };
        let command = Command::incident(
            IncidentId(Uuid::from_u128(8)),
            IncidentCommand::AddReporter { reporter },
        );
        let target = RedactedTarget { incident: IncidentId(Uuid::from_u128(8)), part, target: id };
        let mut content = RedactedContent::default();
        content.add_command(&target, &command);
        content
    }

    #[rstest]
    #[case("TOM VARGA called again", Some("(redacted) called again"))]
    #[case("Tom Varga, tom@example.org.", Some("(redacted), (redacted)."))]
    #[case("Tom Vargas called", None)]
    #[case("atom Varga", None)]
    #[case("Tom  Varga", None)]
    #[case("田Tom Varga田", Some("田(redacted)田"))]
    #[case("Tom VargaTom Varga Tom Varga", Some("Tom VargaTom Varga (redacted)"))]
    #[case("", None)]
    fn texts_are_replaced_whatever_their_case(#[case] text: &str, #[case] expected: Option<&str>) {
        let content = content(RedactedPart::Reporter);
        assert_eq!(content.removed_from(text).as_deref(), expected);
    }

    #[test]
    fn contact_alone_leaves_the_name() {
        let content = content(RedactedPart::Contact);
        assert_eq!(content.removed_from("Tom Varga"), None);
        assert_eq!(
            content.removed_from("mail tom@example.org").as_deref(),
            Some("mail (redacted)")
        );
    }

    #[rstest]
    #[case(json!({"do": "add_note", "text": "Tom Varga"}), true)]
    #[case(json!({"do": "assign", "to": {"handle": "tom", "name": "Tom Varga"}}), false)]
    #[case(json!({"do": "answer_item", "item": {"closing": "contained"}, "answer": {"waived": "Tom Varga knows"}}), true)]
    #[case(json!({"do": "redact", "part": "contact", "target": Uuid::nil(), "reason": "Tom Varga"}), false)]
    #[case(json!({"do": "acknowledge"}), false)]
    fn only_typed_texts_of_a_command_are_searched(#[case] ask: Value, #[case] expected: bool) {
        let content = content(RedactedPart::Reporter);
        let before: IncidentCommand = serde_json::from_value(ask).unwrap();
        let before = Command::incident(IncidentId(Uuid::nil()), before);
        let mut command = before.clone();
        assert_eq!(content.remove_from(&mut command), expected);
        assert_eq!(command == before, !expected);
        let json = serde_json::to_string(&command).unwrap();
        assert!(!expected || !json.contains("Tom Varga"), "{json}");
    }

    #[rstest]
    #[case("failover", "failover again", Some("(redacted) again"))]
    #[case("done", "is it done?", None)]
    #[case(" done ", "is it done?", None)]
    #[case("not yet", "it is not yet so", Some("it is (redacted) so"))]
    fn redacted_note_of_a_short_word_is_not_searched(
        #[case] note: &str,
        #[case] text: &str,
        #[case] expected: Option<&str>,
    ) {
        let incident = IncidentId(Uuid::from_u128(8));
        let (part, target) = (RedactedPart::Note, Uuid::from_u128(1));
        let command = Command::incident(incident, IncidentCommand::AddNote { text: note.into() });
        let mut content = RedactedContent::default();
        content.add_command(&RedactedTarget { incident, part, target }, &command);
        assert_eq!(content.removed_from(text).as_deref(), expected);
    }

    #[test]
    fn same_content_is_removed_whatever_its_name() {
        let id = Uuid::from_u128(3);
        let attach = |name: &str, content: &[u8]| {
            let (name, content) = (name.to_owned(), encode_content(content));
            let command = IncidentCommand::AttachEvidence { evidence: id, name, content };
            Command::incident(IncidentId(Uuid::nil()), command)
        };
        let target = RedactedTarget {
            incident: IncidentId(Uuid::nil()),
            part: RedactedPart::Evidence,
            target: id,
        };
        let mut content = RedactedContent::default();
        content.add_command(&target, &attach("a.log", b"password"));
        let mut same = attach("b.log", b"password");
        assert!(content.remove_from(&mut same));
        assert_eq!(same, attach(REDACTED_TEXT, REDACTED_TEXT.as_bytes()));
        assert!(!content.remove_from(&mut attach("a.log", b"other")));
    }
}
