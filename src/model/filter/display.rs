//! Prints filters in the syntax that people type.

use std::fmt;

use chrono::TimeDelta;

use super::date::DurationText;
use super::{Filter, Owner, Predicate, RoleHolder, Term};
use crate::model::priority::Priority;
use crate::model::status::{Category, Role, Status};
use crate::model::unknown::Word;

/// Returns a value in the syntax of a filter: quoted if it would be parsed differently otherwise.
#[must_use]
pub fn quote_value(text: &str) -> String {
    struct Value<'a>(&'a str);
    impl fmt::Display for Value<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_value(f, self.0, ["me", "none"].iter().any(|w| self.0.eq_ignore_ascii_case(w)))
        }
    }
    Value(text).to_string()
}

/// Writes a value, quoted where `quote` or its characters demand it.
fn write_value(f: &mut fmt::Formatter<'_>, text: &str, quote: bool) -> fmt::Result {
    let plain = !quote && !text.chars().any(|c| c.is_whitespace() || c == '"');
    if plain {
        return f.write_str(text);
    }
    f.write_str("\"")?;
    for ch in text.chars() {
        if matches!(ch, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{ch}")?;
    }
    f.write_str("\"")
}

/// Writes a key and a value of a later version, as it was read.
fn write_later(f: &mut fmt::Formatter<'_>, key: &str, word: Word) -> fmt::Result {
    f.write_str(key)?;
    write_value(f, word.as_str(), word.as_str().eq_ignore_ascii_case("none"))
}

/// Writes a key and a duration.
fn write_duration(f: &mut fmt::Formatter<'_>, key: &str, duration: TimeDelta) -> fmt::Result {
    write!(f, "{key}{}", DurationText(duration))
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        // A name that equals a reserved value, such as `me`, must be quoted.
        let is_reserved =
            |text: &str, reserved: &[&str]| reserved.iter().any(|w| text.eq_ignore_ascii_case(w));
        match &self.predicate {
            Predicate::Text(word) => {
                let parsed = word.parse::<Filter>().ok().filter(|f| f.terms.len() == 1);
                let is_stable = parsed.is_some_and(|f| {
                    !f.terms[0].negated && f.terms[0].predicate == Predicate::Text(word.clone())
                });
                write_value(f, word, !is_stable)
            }
            Predicate::Priority(Priority::Unknown(word)) => write_later(f, "priority:", *word),
            Predicate::Status(Status::Unknown(word)) => write_later(f, "status:", *word),
            Predicate::Category(Some(Category::Unknown(word))) => write_later(f, "cat:", *word),
            Predicate::Priority(priority) => f.write_str(&priority.as_str().to_lowercase()),
            Predicate::Status(status) => write!(f, "status:{status}"),
            Predicate::Service(None) => f.write_str("service:none"),
            Predicate::Service(Some(name)) => {
                f.write_str("service:")?;
                write_value(f, name, is_reserved(name, &["none"]))
            }
            Predicate::Primary(None) => f.write_str("primary:none"),
            Predicate::Primary(Some(name)) => {
                f.write_str("primary:")?;
                write_value(f, name, is_reserved(name, &["none"]))
            }
            Predicate::Owner(Owner::Me) => f.write_str("owner:me"),
            Predicate::Owner(Owner::Nobody) => f.write_str("owner:none"),
            Predicate::Owner(Owner::Person(who) | Owner::Handle(who)) => {
                f.write_str("owner:")?;
                write_value(f, who, is_reserved(who, &["me", "none"]))
            }
            Predicate::Team(None) => f.write_str("team:none"),
            Predicate::Team(Some(team)) => {
                f.write_str("team:")?;
                write_value(f, team, is_reserved(team, &["none"]))
            }
            Predicate::Leading(None) => f.write_str("leading:none"),
            Predicate::Leading(Some(team)) => {
                f.write_str("leading:")?;
                write_value(f, team, is_reserved(team, &["none"]))
            }
            Predicate::Category(None) => f.write_str("cat:none"),
            Predicate::Category(Some(category)) => write!(f, "cat:{category}"),
            Predicate::Source(source) => {
                f.write_str("source:")?;
                // One word, such as user-report.
                write_value(f, &source.as_str().replace(' ', "-"), false)
            }
            Predicate::Older(than) => write_duration(f, "age>", *than),
            Predicate::Younger(than) => write_duration(f, "age<", *than),
            Predicate::Since(date) => write!(f, "since:{date}"),
            Predicate::Before(date) => write!(f, "before:{date}"),
            Predicate::On(date) => write!(f, "on:{date}"),
            Predicate::ResolvedWithin(than) => write_duration(f, "resolved<", *than),
            Predicate::ResolvedBefore(than) => write_duration(f, "resolved>", *than),
            Predicate::ResolvedOn(date) => write!(f, "resolved:{date}"),
            Predicate::TookLonger(than) => write_duration(f, "took>", *than),
            Predicate::TookLess(than) => write_duration(f, "took<", *than),
            Predicate::Missed(target, None) => write!(f, "missed:{}", target.as_str()),
            Predicate::Missed(target, Some(priority)) => {
                write!(f, "missed:{}-{}", target.as_str(), priority.as_str().to_lowercase())
            }
            Predicate::ChangedWithin(than) => write_duration(f, "changed<", *than),
            Predicate::ChangedBefore(than) => write_duration(f, "changed>", *than),
            Predicate::BeganWithin(than) => write_duration(f, "began<", *than),
            Predicate::BeganBefore(than) => write_duration(f, "began>", *than),
            Predicate::MoreUsers(than) => write!(f, "users>{than}"),
            Predicate::FewerUsers(than) => write!(f, "users<{than}"),
            Predicate::Reporter(None) => f.write_str("reporter:none"),
            Predicate::Reporter(Some(who)) => {
                f.write_str("reporter:")?;
                write_value(f, who, is_reserved(who, &["none"]))
            }
            Predicate::Label(None) => f.write_str("label:none"),
            Predicate::Label(Some(label)) => {
                f.write_str("label:")?;
                write_value(f, label, is_reserved(label, &["none"]))
            }
            Predicate::Role(RoleHolder::Anybody(role)) => {
                f.write_str("role:")?;
                write_value(f, role.as_str(), false)
            }
            Predicate::Role(RoleHolder::By(Owner::Me)) => f.write_str("role:me"),
            Predicate::Role(RoleHolder::By(Owner::Nobody)) => f.write_str("role:none"),
            Predicate::Role(RoleHolder::By(Owner::Person(who) | Owner::Handle(who))) => {
                f.write_str("role:")?;
                // A person whose name is that of a role is written as a handle.
                if who.parse::<Role>().is_ok() {
                    f.write_str("@")?;
                }
                write_value(f, who, is_reserved(who, &["me", "none"]))
            }
            Predicate::Idle(than) => write_duration(f, "idle>", *than),
            Predicate::Active(than) => write_duration(f, "idle<", *than),
            Predicate::Sla(sla) => write!(f, "sla:{sla}"),
            // One word, such as never-acknowledged.
            Predicate::State(is) => write!(f, "is:{}", is.as_str().replace(' ', "-")),
        }
    }
}
