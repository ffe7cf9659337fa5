//! The filter language: words and terms.
//!
//! Words are looked for in number, title, services, owner and team. Terms are `p1`,
//! `status:triggered`, `service:checkout`, `owner:me`, `owner:none`, `team:db`, `cat:security`,
//! `age>2h`, `sla:late`, `is:snoozed`; a `-` before a word or a term excludes what it matches.
//! Terms on the same field are alternatives (`p1 p2`), everything else must hold together.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::priority::{Priority, UnknownWord};
use super::service_level::{Levels, clock};
use super::status::{Category, Status, words};
use super::summary::Summary;
use super::time::parse_duration;

words! {
    /// How an incident stands to its service level.
    Sla, "service level state" {
        /// Past it.
        Late = "late" | "past",
        /// Less than a quarter of the time is left, or none.
        Near = "near",
        /// Time is left.
        Ok = "ok",
    }
}

words! {
    /// States that are no status.
    Is, "state" {
        /// Somebody still has to restore service.
        Open = "open",
        /// Resolved, closed, merged or reclassified.
        Ended = "ended" | "done",
        /// Whatever its status.
        Any = "any" | "all",
        /// Hidden from the queue for a while.
        Snoozed = "snoozed",
        /// Waiting on somebody else.
        Paused = "paused",
        /// Nobody has picked it up.
        Unacknowledged = "unacknowledged" | "unacked",
    }
}

/// Whose incidents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// Those of whoever asks.
    Me,
    /// Those that nobody leads.
    Nobody,
    /// Those of a person, by handle or part of the name.
    Person(String),
}

/// What a term asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Words to be found.
    Word(String),
    /// A priority.
    Priority(Priority),
    /// A status.
    Status(Status),
    /// An affected service.
    Service(String),
    /// The assignee.
    Owner(Owner),
    /// The team; `None` for those without.
    Team(Option<String>),
    /// The category; `None` for those without.
    Category(Option<Category>),
    /// Reported longer ago than this.
    Older(TimeDelta),
    /// Reported more recently than this.
    Younger(TimeDelta),
    /// How it stands to its service level.
    Sla(Sla),
    /// A state that is no status.
    Is(Is),
}

/// One part of a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// Excludes what it matches.
    pub not: bool,
    /// What it matches.
    pub ask: Ask,
}

/// A whole filter; empty matches every open incident that isn't snoozed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// In the order they were written.
    pub terms: Vec<Term>,
}

/// A term that can't be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
    /// What is wrong and what would be accepted.
    pub message: String,
}

/// What matching depends on besides the filter and the incident.
#[derive(Clone, Copy, Debug)]
pub struct MatchContext<'a> {
    /// The time for ages and clocks.
    pub now: DateTime<Utc>,
    /// Handle of whoever asks.
    pub me: Option<&'a str>,
    /// The service levels in force.
    pub levels: &'a Levels,
}

/// Which incidents a filter looks at, before any term is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Open ones.
    Open,
    /// All there are.
    All,
}

impl Filter {
    /// The words of it that must be found, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match &term.ask {
            Ask::Word(word) if !term.not => Some(word.as_str()),
            _ => None,
        })
    }

    /// Open incidents, unless it asks for a status or for others by `is:`.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let wide = self.terms.iter().any(|term| match &term.ask {
            Ask::Status(status) => !term.not && !status.is_open(),
            Ask::Is(Is::Any | Is::Ended) => !term.not,
            Ask::Is(Is::Open) => term.not,
            _ => false,
        });
        if wide { Scope::All } else { Scope::Open }
    }

    /// Whether snoozed incidents are looked at.
    #[must_use]
    pub fn shows_snoozed(&self) -> bool {
        self.terms.iter().any(|t| !t.not && matches!(t.ask, Ask::Is(Is::Snoozed | Is::Any)))
    }

    /// Whether an incident passes.
    #[must_use]
    pub fn matches(&self, incident: &Summary, context: MatchContext<'_>) -> bool {
        if self.scope() == Scope::Open && !incident.status.is_open() {
            return false;
        }
        if incident.is_snoozed(context.now) && !self.shows_snoozed() {
            return false;
        }
        self.terms.iter().enumerate().all(|(index, term)| {
            let hit = |t: &Term| t.ask.matches(incident, context);
            if term.not {
                return !hit(term);
            }
            if hit(term) {
                return true;
            }
            // Another term on the same field may match instead.
            let Some(field) = term.ask.field() else { return false };
            self.terms
                .iter()
                .enumerate()
                .any(|(i, t)| i != index && !t.not && t.ask.field() == Some(field) && hit(t))
        })
    }
}

impl Ask {
    /// The field on which several terms are alternatives; `None` where each must hold.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Priority(_) => Some("priority"),
            Self::Status(_) => Some("status"),
            Self::Service(_) => Some("service"),
            Self::Owner(_) => Some("owner"),
            Self::Team(_) => Some("team"),
            Self::Category(_) => Some("category"),
            Self::Sla(_) => Some("sla"),
            Self::Word(_) | Self::Older(_) | Self::Younger(_) | Self::Is(_) => None,
        }
    }

    /// Whether an incident has what is asked for.
    #[must_use]
    pub fn matches(&self, incident: &Summary, context: MatchContext<'_>) -> bool {
        match self {
            Self::Word(word) => has_word(incident, word),
            Self::Priority(priority) => incident.priority == *priority,
            Self::Status(status) => incident.status == *status,
            Self::Service(name) => incident.services.iter().any(|s| same(s, name)),
            Self::Owner(Owner::Nobody) => incident.assignee.is_none(),
            Self::Owner(Owner::Me) => match (&incident.assignee, context.me) {
                (Some(person), Some(me)) => same(&person.handle, me),
                _ => false,
            },
            Self::Owner(Owner::Person(who)) => incident
                .assignee
                .as_ref()
                .is_some_and(|p| same(&p.handle, who) || contains(&p.name, who)),
            Self::Team(team) => match (team, &incident.team) {
                (Some(team), Some(there)) => same(there, team),
                (None, None) => true,
                _ => false,
            },
            Self::Category(category) => incident.category == *category,
            Self::Older(than) => context.now - incident.reported_at > *than,
            Self::Younger(than) => context.now - incident.reported_at < *than,
            Self::Sla(sla) => clock(incident, context.levels).is_some_and(|clock| {
                let (past, near) = (clock.is_past(context.now), clock.is_near(context.now));
                match sla {
                    Sla::Late => past,
                    Sla::Near => near,
                    Sla::Ok => !past,
                }
            }),
            Self::Is(is) => match is {
                Is::Open => incident.status.is_open(),
                Is::Ended => !incident.status.is_open(),
                Is::Any => true,
                Is::Snoozed => incident.is_snoozed(context.now),
                Is::Paused => incident.paused,
                Is::Unacknowledged => incident.status == Status::Triggered,
            },
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn contains(text: &str, part: &str) -> bool {
    let found_ascii = part.is_ascii()
        && text
            .as_bytes()
            .windows(part.len().max(1))
            .any(|w| w.eq_ignore_ascii_case(part.as_bytes()));
    found_ascii || (!part.is_ascii() && text.to_lowercase().contains(&part.to_lowercase()))
}

fn has_word(incident: &Summary, word: &str) -> bool {
    let person = incident.assignee.as_ref();
    contains(&incident.title, word)
        || incident.services.iter().any(|s| contains(s, word))
        || person.is_some_and(|p| contains(&p.name, word) || contains(&p.handle, word))
        || incident.team.as_deref().is_some_and(|t| contains(t, word))
        || incident.number.is_some_and(|n| contains(&n.to_string(), word))
}

/// A piece of the text: whether it excludes, its key, its operator and its value.
struct Token {
    at: Range<usize>,
    not: bool,
    key: Option<(String, char)>,
    value: String,
    quoted: bool,
}

/// Splits at blanks outside quotes. A quote that isn't closed reaches to the end.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(start, first)) = chars.peek() else { break };
        let mut token =
            Token { at: start..start, not: false, key: None, value: String::new(), quoted: false };
        if first == '-' {
            chars.next();
            token.not = true;
        }
        let mut open = false;
        while let Some(&(index, ch)) = chars.peek() {
            if ch.is_whitespace() && !open {
                break;
            }
            chars.next();
            token.at.end = index + ch.len_utf8();
            match ch {
                '"' => {
                    open = !open;
                    token.quoted = true;
                }
                '\\' if open => {
                    if let Some((i, next)) = chars.next() {
                        token.value.push(next);
                        token.at.end = i + next.len_utf8();
                    }
                }
                ':' | '<' | '>'
                    if !open && !token.quoted && token.key.is_none() && !token.value.is_empty() =>
                {
                    token.key = Some((std::mem::take(&mut token.value).to_lowercase(), ch));
                }
                _ => token.value.push(ch),
            }
        }
        if token.at.is_empty() {
            token.at.end = start + 1;
        }
        tokens.push(token);
    }
    tokens
}

const TERMS: &str = "p1 to p4, status:, service:, owner:, team:, cat:, age> or age<, sla:, is:";

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut terms = Vec::new();
        for token in tokens(text) {
            let ask =
                ask(&token).map_err(|message| FilterError { at: token.at.clone(), message })?;
            terms.push(Term { not: token.not, ask });
        }
        Ok(Self { terms })
    }
}

fn ask(token: &Token) -> Result<Ask, String> {
    let value = token.value.as_str();
    let said = |error: UnknownWord| error.to_string();
    let Some((key, operator)) = &token.key else {
        if value.trim().is_empty() {
            return Err("nothing stands after the -, or between the quotes".into());
        }
        let lower = value.to_ascii_lowercase();
        let is_level = |prefix: &str| {
            lower.strip_prefix(prefix).is_some_and(|n| matches!(n, "1" | "2" | "3" | "4"))
        };
        if !token.quoted && (is_level("p") || is_level("sev")) {
            return lower.parse().map(Ask::Priority).map_err(said);
        }
        return Ok(Ask::Word(value.to_owned()));
    };
    if value.trim().is_empty() {
        return Err(format!("{key}{operator} needs a value"));
    }
    let none = !token.quoted && value.eq_ignore_ascii_case("none");
    match (key.as_str(), operator) {
        ("priority" | "pri", ':') => value.parse().map(Ask::Priority).map_err(said),
        ("status", ':') => value.parse().map(Ask::Status).map_err(said),
        ("service" | "svc", ':') => Ok(Ask::Service(value.to_owned())),
        ("owner" | "assignee", ':') if none => Ok(Ask::Owner(Owner::Nobody)),
        ("owner" | "assignee", ':') if !token.quoted && value.eq_ignore_ascii_case("me") => {
            Ok(Ask::Owner(Owner::Me))
        }
        ("owner" | "assignee", ':') => {
            Ok(Ask::Owner(Owner::Person(value.trim_start_matches('@').to_owned())))
        }
        ("team", ':') => Ok(Ask::Team((!none).then(|| value.to_owned()))),
        ("cat" | "category", ':') if none => Ok(Ask::Category(None)),
        ("cat" | "category", ':') => value.parse().map(|c| Ask::Category(Some(c))).map_err(said),
        ("sla", ':') => value.parse().map(Ask::Sla).map_err(said),
        ("is", ':') => value.parse().map(Ask::Is).map_err(said),
        ("age", '<' | '>') => {
            let span = parse_duration(value).ok_or_else(|| {
                format!("{value:?} is not a duration: write 30m, 2h, 1h30m or 3d")
            })?;
            Ok(if *operator == '>' { Ask::Older(span) } else { Ask::Younger(span) })
        }
        ("age", _) => Err("age needs > or <, as in age>2h".into()),
        _ => Err(format!(
            "{key}{operator} is not a filter term: use {TERMS}, or put \"quotes\" around a word"
        )),
    }
}

/// A value as it is written: quoted where it would be read as something else.
fn value(f: &mut fmt::Formatter<'_>, text: &str, quote: bool) -> fmt::Result {
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

/// A span in the largest unit that is exact.
fn span(f: &mut fmt::Formatter<'_>, span: TimeDelta) -> fmt::Result {
    let seconds = span.num_seconds();
    for (unit, size) in [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds > 0 && seconds % size == 0 {
            return write!(f, "{}{unit}", seconds / size);
        }
    }
    write!(f, "{seconds}s")
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
        if self.not {
            f.write_str("-")?;
        }
        // A name that reads like a special word is quoted.
        let special =
            |text: &str, words: &[&str]| words.iter().any(|w| text.eq_ignore_ascii_case(w));
        match &self.ask {
            Ask::Word(word) => {
                let alone = word.parse::<Filter>().ok().filter(|f| f.terms.len() == 1);
                let same = alone
                    .is_some_and(|f| !f.terms[0].not && f.terms[0].ask == Ask::Word(word.clone()));
                value(f, word, !same)
            }
            Ask::Priority(priority) => f.write_str(&priority.as_str().to_lowercase()),
            Ask::Status(status) => write!(f, "status:{status}"),
            Ask::Service(name) => {
                f.write_str("service:")?;
                value(f, name, false)
            }
            Ask::Owner(Owner::Me) => f.write_str("owner:me"),
            Ask::Owner(Owner::Nobody) => f.write_str("owner:none"),
            Ask::Owner(Owner::Person(who)) => {
                f.write_str("owner:")?;
                value(f, who, special(who, &["me", "none"]))
            }
            Ask::Team(None) => f.write_str("team:none"),
            Ask::Team(Some(team)) => {
                f.write_str("team:")?;
                value(f, team, special(team, &["none"]))
            }
            Ask::Category(None) => f.write_str("cat:none"),
            Ask::Category(Some(category)) => write!(f, "cat:{category}"),
            Ask::Older(than) => {
                f.write_str("age>")?;
                span(f, *than)
            }
            Ask::Younger(than) => {
                f.write_str("age<")?;
                span(f, *than)
            }
            Ask::Sla(sla) => write!(f, "sla:{sla}"),
            Ask::Is(is) => write!(f, "is:{is}"),
        }
    }
}
