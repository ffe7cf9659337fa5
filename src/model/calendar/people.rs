//! The people meant by the entries of a calendar.

use super::entry::{Attendee, Entry};
use crate::model::actor::PersonRef;
use crate::model::check::MAX_NAME_CHARS;
use crate::model::text::{FoldedText, truncate};

/// The people whom a calendar can mean.
#[derive(Clone, Debug)]
pub struct CalendarPeople<'a> {
    /// The people of the directory.
    pub people: &'a [PersonRef],
    /// Addresses of mail with the handles of those who have them.
    pub mails: Vec<(String, String)>,
}

/// The person whom an entry means.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Meant {
    /// A text that is not the name of a person.
    Unknown(String),
    /// Somebody, by the handle.
    Person(String),
}

impl CalendarPeople<'_> {
    /// Finds the person that an entry means: the one whose name or handle is its summary; otherwise
    /// an attendee who is in the directory; otherwise the only person whose name the summary
    /// contains.
    pub(super) fn meant_by(&self, entry: &Entry) -> Meant {
        let summary = entry.summary.trim();
        let found = self
            .named(summary)
            .or_else(|| entry.attendees.iter().find_map(|attendee| self.attending(attendee)))
            .or_else(|| self.mentioned(summary));
        found.map_or_else(|| unknown(entry), |person| Meant::Person(person.to_owned()))
    }

    /// Returns the handle of the person with a handle or a full name.
    fn named(&self, text: &str) -> Option<&str> {
        let text = text.trim().trim_start_matches('@');
        if text.contains('@') {
            return self.with_mail(text);
        }
        let folded = FoldedText::new(text);
        let is = |own: &str| FoldedText::new(own).as_str() == folded.as_str();
        let by_handle = self.people.iter().find(|person| is(&person.handle));
        let person = by_handle.or_else(|| self.people.iter().find(|person| is(&person.name)))?;
        Some(&person.handle)
    }

    fn attending(&self, attendee: &Attendee) -> Option<&str> {
        let by_mail = attendee.mail.as_deref().and_then(|mail| self.with_mail(mail));
        by_mail.or_else(|| self.named(attendee.name.as_deref()?))
    }

    /// Returns the handle of the person with an address: one of the contacts, else one whose part before
    /// the `@` is the handle.
    fn with_mail(&self, mail: &str) -> Option<&str> {
        let mail = mail.trim();
        let own = self.mails.iter().find(|(own, _)| own.eq_ignore_ascii_case(mail));
        if let Some((_, handle)) = own {
            return Some(handle);
        }
        let (local, _) = mail.split_once('@')?;
        let person = self.people.iter().find(|person| person.handle.eq_ignore_ascii_case(local))?;
        Some(&person.handle)
    }

    /// Returns the handle of the only person whose full name or handle a text contains as whole
    /// words.
    fn mentioned(&self, text: &str) -> Option<&str> {
        let text = between_blanks(text);
        let mut found = self.people.iter().filter(|person| {
            [&person.name, &person.handle].into_iter().any(|own| {
                let own = between_blanks(own);
                !own.trim().is_empty() && text.contains(&own)
            })
        });
        let person = found.next()?;
        found.next().is_none().then_some(person.handle.as_str())
    }
}

/// Returns the folded words of a text, separated and enclosed by spaces.
fn between_blanks(text: &str) -> String {
    let folded = FoldedText::new(text);
    let words = folded.as_str().split(|character: char| !character.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Returns the name that an entry gives to a person who is not in the directory.
fn unknown(entry: &Entry) -> Meant {
    let attendee = entry.attendees.first();
    let of_attendee = attendee.and_then(|attendee| attendee.name.clone().or(attendee.mail.clone()));
    let summary = entry.summary.trim().to_owned();
    let text = if summary.is_empty() { of_attendee.unwrap_or_default() } else { summary };
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = if text.is_empty() { "an entry without a name".to_owned() } else { text };
    Meant::Unknown(truncate(&text, MAX_NAME_CHARS).to_string())
}
