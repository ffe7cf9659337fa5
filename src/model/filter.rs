//! The filter language: words and terms.
//!
//! Words are looked for in number, title, services, owner and team. Terms are `p1`,
//! `status:triggered`, `service:checkout`, `owner:me`, `owner:none`, `team:db`, `cat:security`,
//! `age>2h`, `idle>2h`, `sla:late`, `is:snoozed`; a `-` before a word or a term excludes what it
//! matches.
//! Terms on the same field are alternatives (`p1 p2`), everything else must hold together.

mod written;

pub use written::{FilterError, PartialFilter, RawTerm, quote_value, split_terms};

use chrono::{DateTime, TimeDelta, Utc};

use super::priority::Priority;
use super::service_level::{ServiceLevels, running_clock};
use super::status::{Category, Status, text_enum};
use super::summary::Summary;

text_enum! {
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

text_enum! {
    /// States that are no status.
    StateFilter, "state" {
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
pub enum Predicate {
    /// Words to be found.
    Text(String),
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
    /// Nothing has happened to it for longer than this.
    Idle(TimeDelta),
    /// Something has happened to it more recently than this.
    Active(TimeDelta),
    /// How it stands to its service level.
    Sla(Sla),
    /// A state that is no status.
    State(StateFilter),
}

/// One part of a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// Excludes what it matches.
    pub negated: bool,
    /// What it matches.
    pub predicate: Predicate,
}

/// A whole filter; empty matches every open incident that isn't snoozed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// In the order they were written.
    pub terms: Vec<Term>,
}

/// What matching depends on besides the filter and the incident.
#[derive(Clone, Copy, Debug)]
pub struct MatchContext<'a> {
    /// The time for ages and clocks.
    pub now: DateTime<Utc>,
    /// Handle of whoever asks.
    pub me: Option<&'a str>,
    /// The service levels in force.
    pub levels: &'a ServiceLevels,
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
    pub fn search_texts(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match &term.predicate {
            Predicate::Text(word) if !term.negated => Some(word.as_str()),
            _ => None,
        })
    }

    /// Open incidents, unless it asks for a status or for others by `is:`.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let wide = self.terms.iter().any(|term| match &term.predicate {
            Predicate::Status(status) => !term.negated && !status.is_open(),
            Predicate::State(StateFilter::Any | StateFilter::Ended) => !term.negated,
            Predicate::State(StateFilter::Open) => term.negated,
            _ => false,
        });
        if wide { Scope::All } else { Scope::Open }
    }

    /// Whether snoozed incidents are looked at.
    #[must_use]
    pub fn shows_snoozed(&self) -> bool {
        self.terms.iter().any(|t| {
            !t.negated
                && matches!(t.predicate, Predicate::State(StateFilter::Snoozed | StateFilter::Any))
        })
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
        // Fields that are asked about, and those of them of which a term has matched.
        let (mut asked, mut met) = (0_u8, 0_u8);
        for term in &self.terms {
            let field = if term.negated { 0 } else { term.predicate.field_bit() };
            asked |= field;
            if field & met != 0 {
                continue;
            }
            match (term.predicate.matches(incident, context), field) {
                (hit, 0) if hit == term.negated => return false,
                (true, field) => met |= field,
                (false, _) => {}
            }
        }
        asked == met
    }
}

impl Predicate {
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
            Self::Text(_)
            | Self::Older(_)
            | Self::Younger(_)
            | Self::Idle(_)
            | Self::Active(_)
            | Self::State(_) => None,
        }
    }

    /// The same as a bit; 0 where each must hold.
    fn field_bit(&self) -> u8 {
        match self {
            Self::Priority(_) => 1,
            Self::Status(_) => 1 << 1,
            Self::Service(_) => 1 << 2,
            Self::Owner(_) => 1 << 3,
            Self::Team(_) => 1 << 4,
            Self::Category(_) => 1 << 5,
            Self::Sla(_) => 1 << 6,
            Self::Text(_)
            | Self::Older(_)
            | Self::Younger(_)
            | Self::Idle(_)
            | Self::Active(_)
            | Self::State(_) => 0,
        }
    }

    /// Whether an incident has what is asked for.
    #[must_use]
    pub fn matches(&self, incident: &Summary, context: MatchContext<'_>) -> bool {
        match self {
            Self::Text(word) => contains_text(incident, word),
            Self::Priority(priority) => incident.priority == *priority,
            Self::Status(status) => incident.status == *status,
            Self::Service(name) => incident.services.iter().any(|s| equals_ignoring_case(s, name)),
            Self::Owner(Owner::Nobody) => incident.assignee.is_none(),
            Self::Owner(Owner::Me) => match (&incident.assignee, context.me) {
                (Some(person), Some(me)) => equals_ignoring_case(&person.handle, me),
                _ => false,
            },
            Self::Owner(Owner::Person(who)) => incident.assignee.as_ref().is_some_and(|p| {
                equals_ignoring_case(&p.handle, who) || contains_ignoring_case(&p.name, who)
            }),
            Self::Team(team) => match (team, &incident.team) {
                (Some(team), Some(there)) => equals_ignoring_case(there, team),
                (None, None) => true,
                _ => false,
            },
            Self::Category(category) => incident.category == *category,
            Self::Older(than) => context.now - incident.reported_at > *than,
            Self::Younger(than) => context.now - incident.reported_at < *than,
            Self::Idle(than) => context.now - incident.last_event_at > *than,
            Self::Active(than) => context.now - incident.last_event_at < *than,
            Self::Sla(sla) => running_clock(incident, context.levels).is_some_and(|clock| {
                let (past, near) = (clock.is_past(context.now), clock.is_near(context.now));
                match sla {
                    Sla::Late => past,
                    Sla::Near => near,
                    Sla::Ok => !past,
                }
            }),
            Self::State(is) => match is {
                StateFilter::Open => incident.status.is_open(),
                StateFilter::Ended => !incident.status.is_open(),
                StateFilter::Any => true,
                StateFilter::Snoozed => incident.is_snoozed(context.now),
                StateFilter::Paused => incident.paused,
                StateFilter::Unacknowledged => incident.status == Status::Triggered,
            },
        }
    }
}

fn equals_ignoring_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    let found_ascii = part.is_ascii()
        && text
            .as_bytes()
            .windows(part.len().max(1))
            .any(|w| w.eq_ignore_ascii_case(part.as_bytes()));
    found_ascii || (!part.is_ascii() && text.to_lowercase().contains(&part.to_lowercase()))
}

fn contains_text(incident: &Summary, word: &str) -> bool {
    let person = incident.assignee.as_ref();
    contains_ignoring_case(&incident.title, word)
        || incident.services.iter().any(|s| contains_ignoring_case(s, word))
        || person.is_some_and(|p| {
            contains_ignoring_case(&p.name, word) || contains_ignoring_case(&p.handle, word)
        })
        || incident.team.as_deref().is_some_and(|t| contains_ignoring_case(t, word))
        || incident.number.is_some_and(|n| contains_ignoring_case(&n.to_string(), word))
}
