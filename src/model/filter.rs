//! The filter language: words and terms that select incidents.
//!
//! A word is found anywhere inside number, title, services, owner and team, folded as in
//! [`super::text::fold`]. A search of the history finds it in symptoms, notes and other texts too;
//! an excluded word excludes by the fields of the row alone. Terms are `p1`, `status:triggered`,
//! `service:checkout`, `service:none`, `owner:me`, `owner:none`, `role:me`, `role:scribe`, `team:db`,
//! `cat:security`, `source:monitoring`, `label:eu`, `age>2h`, `idle>2h`, `changed<8h`, `resolved<8h`, `since:yesterday`,
//! `before:2026-11`, `on:2026-10-29`, `sla:late`, `is:snoozed`, `is:muted`, `is:never-acknowledged`, `users>100`, `reporter:varga`,
//! `began<2h`, `resolved:yesterday`, `took>1h`, `missed:acknowledge`, `missed:resolve-p1`,
//! `primary:checkout`, `leading:db`. `team:` finds the teams that help, too. A `-` before a word or a term excludes
//! what it matches. Terms on the same field are alternatives (`p1 p2`); all other terms must match.
//!
//! `since:`, `before:` and `on:` compare with the time of the report. Days begin in the time zone
//! of the reader: see [`Filter::resolve_dates`].

mod date;
mod display;
mod hint;
mod parse;
pub mod values;

pub use date::{Calendar, Date, Period, UtcCalendar};
pub use display::quote_value;
pub use hint::FilterHint;
pub use parse::{FilterError, FilterFault, PartialFilter, RawTerm, split_terms};

use chrono::{DateTime, TimeDelta, Utc};

use super::actor::PersonRef;
use super::id::IncidentNumber;
use super::priority::Priority;
use super::service_level::{ServiceLevels, SlaTarget, missed_priority, running_clock};
use super::status::{Category, Role, Source, Status, text_enum};
use super::summary::Summary;
use super::text::{FoldedText, equals_folded};
use super::unknown::Word;

text_enum! {
    /// The state of an incident's running service level.
    Sla, "service level state" {
        /// The target is missed.
        Late = "late" | "past",
        /// At most a quarter of the time remains, or none.
        Near = "near",
        /// The target is not missed yet.
        Ok = "ok",
    }
}

text_enum! {
    /// The states that `is:` selects; they are not statuses.
    StateFilter, "state" {
        /// Somebody still has to restore service.
        Open = "open",
        /// Resolved, closed, merged or reclassified.
        Ended = "ended" | "done",
        /// Open and ended incidents alike.
        Any = "any" | "all",
        /// Hidden from the queue for a while.
        Snoozed = "snoozed",
        /// Waiting for somebody or something.
        Paused = "paused",
        /// A maintenance window mutes it.
        Muted = "muted",
        /// Nobody has acknowledged it.
        Unacknowledged = "unacknowledged" | "unacked",
        /// Nobody has ever acknowledged it, also if it was resolved without that.
        NeverAcknowledged = "never acknowledged",
        /// Folded under the incident from which it follows.
        Folded = "folded",
        /// Marked as noise.
        Noise = "noise",
    }
}

/// The assignee that a term selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The person who makes the request.
    Me,
    /// Nobody: the incident is unowned.
    Nobody,
    /// A person, by the beginning of a word of the handle or of the full name.
    Person(String),
    /// The person with this handle. No text is parsed as this: see [`Filter::resolve_owners`].
    Handle(String),
}

/// The holder of a role in the response, other than the assignee.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoleHolder {
    /// Somebody has this role.
    Anybody(Role),
    /// This person has a role; [`Owner::Nobody`] if nobody has one.
    By(Owner),
}

/// The condition that a term puts on an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Predicate {
    /// Contains this text in number, title, services, owner or team.
    Text(String),
    /// Has exactly this priority.
    Priority(Priority),
    /// Has exactly this status.
    Status(Status),
    /// Affects the service with this name; `None` selects incidents without a service.
    Service(Option<String>),
    /// Is led by this assignee.
    Owner(Owner),
    /// Belongs to this team, or this team helps; `None` selects incidents without a team of their own.
    Team(Option<String>),
    /// Has this category; `None` selects incidents without a category.
    Category(Option<Category>),
    /// Was detected in this way.
    Source(Source),
    /// Was reported longer ago than this.
    Older(TimeDelta),
    /// Was reported more recently than this.
    Younger(TimeDelta),
    /// Has had no event for longer than this.
    Idle(TimeDelta),
    /// Has had an event more recently than this.
    Active(TimeDelta),
    /// Was reported at the beginning of this or later.
    Since(Date),
    /// Was reported before this began.
    Before(Date),
    /// Was reported within this.
    On(Date),
    /// Was resolved more recently than this.
    ResolvedWithin(TimeDelta),
    /// Was resolved longer ago than this.
    ResolvedBefore(TimeDelta),
    /// Was last resolved within this.
    ResolvedOn(Date),
    /// Took longer than this from the detection to the last resolution.
    TookLonger(TimeDelta),
    /// Took less than this from the detection to the last resolution.
    TookLess(TimeDelta),
    /// Has this primary service; `None` selects incidents without a service.
    Primary(Option<String>),
    /// Belongs to this team, whoever helps; `None` selects incidents without a team of their own.
    Leading(Option<String>),
    /// Has missed this target of its service level, or is past it: that of any priority, or of this one.
    Missed(SlaTarget, Option<Priority>),
    /// Has had an event more recently than this.
    ChangedWithin(TimeDelta),
    /// Has had no event for longer than this.
    ChangedBefore(TimeDelta),
    /// Has this label, or one that begins with it and `=` or `:`; `None` selects incidents without
    /// labels.
    Label(Option<String>),
    /// Affects more users than this; an unknown number does not match.
    MoreUsers(u64),
    /// Affects fewer users than this; an unknown number does not match.
    FewerUsers(u64),
    /// The impact began more recently than this; an unknown time does not match.
    BeganWithin(TimeDelta),
    /// The impact began longer ago than this; an unknown time does not match.
    BeganBefore(TimeDelta),
    /// Was reported by a person whose name or ticket has a word that begins with this; `None`
    /// selects incidents without a reporter.
    Reporter(Option<String>),
    /// A role is assigned.
    Role(RoleHolder),
    /// Is in this state of its service level.
    Sla(Sla),
    /// Is in this state, which `is:` selects.
    State(StateFilter),
}

/// One term of a filter: a predicate that may be negated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// Whether the term excludes the incidents that its predicate matches.
    pub negated: bool,
    /// The condition on an incident.
    pub predicate: Predicate,
}

/// A complete filter. An empty one matches every open incident that isn't snoozed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// The terms, in the order in which they were written.
    pub terms: Vec<Term>,
}

/// The inputs of a match besides the filter and the incident.
#[derive(Clone, Copy, Debug)]
pub struct MatchContext<'a> {
    /// The time at which ages and clocks are evaluated.
    pub now: DateTime<Utc>,
    /// The requester's handle, for `owner:me`.
    pub me: Option<&'a str>,
    /// The service levels in force.
    pub levels: &'a ServiceLevels,
}

/// The incidents that a filter considers before any term is applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Only incidents that are open.
    Open,
    /// Open and ended incidents.
    All,
}

impl Filter {
    /// Returns the texts that an incident must contain, in order.
    pub fn search_texts(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match &term.predicate {
            Predicate::Text(word) if !term.negated => Some(word.as_str()),
            _ => None,
        })
    }

    /// Returns which incidents the filter considers.
    ///
    /// These are the open ones, unless a term selects ended ones by `status:`, `is:` or `resolved`.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let selects_ended = self.terms.iter().any(|term| match &term.predicate {
            Predicate::Status(status) => !term.negated && !status.is_open(),
            Predicate::State(StateFilter::Any | StateFilter::Ended)
            | Predicate::ResolvedWithin(_)
            | Predicate::ResolvedBefore(_)
            | Predicate::ResolvedOn(_)
            | Predicate::TookLonger(_)
            | Predicate::TookLess(_) => !term.negated,
            Predicate::State(StateFilter::Open) => term.negated,
            _ => false,
        });
        if selects_ended { Scope::All } else { Scope::Open }
    }

    /// Returns filters for all incidents that have one of the values of later versions that the terms
    /// name, one filter for each term.
    pub fn later_values(&self) -> impl Iterator<Item = Self> {
        let later = self.terms.iter().filter(|term| term.predicate.is_later());
        later.map(|term| Self::any_with(term.predicate.clone()))
    }

    /// Returns filters with which a backend reads all incidents whose status, priority or category
    /// has a value of a later version. They match none of these.
    #[must_use]
    pub fn probes_of_later_values() -> [Self; 3] {
        let word = Word::UNNAMED;
        [
            Predicate::Status(Status::Unknown(word)),
            Predicate::Priority(Priority::Unknown(word)),
            Predicate::Category(Some(Category::Unknown(word))),
        ]
        .map(Self::any_with)
    }

    fn any_with(predicate: Predicate) -> Self {
        let any = Predicate::State(StateFilter::Any);
        let terms = [any, predicate].map(|predicate| Term { negated: false, predicate });
        Self { terms: terms.into() }
    }

    /// Returns whether a term names a person whose handle must still be resolved; see
    /// [`Self::resolve_owners`].
    #[must_use]
    pub fn names_owner(&self) -> bool {
        let names_person = |term: &Term| {
            matches!(
                term.predicate,
                Predicate::Owner(Owner::Person(_))
                    | Predicate::Role(RoleHolder::By(Owner::Person(_)))
            )
        };
        self.terms.iter().any(names_person)
    }

    /// Returns whether a term depends on who makes the request.
    #[must_use]
    pub fn names_requester(&self) -> bool {
        let is_me = |term: &Term| {
            matches!(
                term.predicate,
                Predicate::Owner(Owner::Me) | Predicate::Role(RoleHolder::By(Owner::Me))
            )
        };
        self.terms.iter().any(is_me)
    }

    /// Replaces each date by the time that it means at `now`, in the zone of `calendar`. Dates of a
    /// filter for which this is not done mean days of UTC.
    pub fn resolve_dates(&mut self, now: DateTime<Utc>, calendar: &(impl Calendar + ?Sized)) {
        for term in &mut self.terms {
            match &mut term.predicate {
                // The same in every zone.
                Predicate::Since(Date::Ago(_)) | Predicate::Before(Date::Ago(_)) => {}
                Predicate::Since(date) | Predicate::Before(date) => {
                    *date = Date::Instant(date.resolve(now, calendar).0);
                }
                Predicate::On(date) | Predicate::ResolvedOn(date) => {
                    let (from, to) = date.resolve(now, calendar);
                    *date = Date::Span(from, to);
                }
                _ => {}
            }
        }
    }

    /// Restricts each owner that is the handle of one of these people to that person. Other owners
    /// remain parts of names.
    pub fn resolve_owners<'a>(&mut self, people: impl IntoIterator<Item = &'a PersonRef>) {
        for person in people {
            for term in &mut self.terms {
                if let Predicate::Owner(owner) | Predicate::Role(RoleHolder::By(owner)) =
                    &mut term.predicate
                    && let Owner::Person(who) = owner
                    && equals_folded(&person.handle, who)
                {
                    *owner = Owner::Handle(std::mem::take(who));
                }
            }
        }
    }

    /// Returns whether the filter considers snoozed incidents too.
    #[must_use]
    pub fn shows_snoozed(&self) -> bool {
        self.terms.iter().any(|t| {
            !t.negated
                && matches!(t.predicate, Predicate::State(StateFilter::Snoozed | StateFilter::Any))
        })
    }

    /// Returns whether an incident passes the filter.
    #[must_use]
    pub fn matches(&self, incident: &Summary, context: MatchContext<'_>) -> bool {
        // The scope follows from all terms: it is not determined for each of thousands of open rows.
        if !incident.status.is_open() && self.scope() == Scope::Open {
            return false;
        }
        if incident.is_snoozed(context.now) && !self.shows_snoozed() {
            return false;
        }
        // Bits of the fields that have terms, and of those fields for which a term has matched.
        let (mut fields_with_terms, mut fields_matched) = (0_u16, 0_u16);
        for term in &self.terms {
            let field = if term.negated { 0 } else { term.predicate.field_bit() };
            fields_with_terms |= field;
            if field & fields_matched != 0 {
                continue;
            }
            match (term.predicate.matches(incident, context), field) {
                (is_match, 0) if is_match == term.negated => return false,
                (true, field) => fields_matched |= field,
                (false, _) => {}
            }
        }
        fields_with_terms == fields_matched
    }
}

impl Predicate {
    /// Returns whether it compares with a value that this version does not define.
    #[must_use]
    pub fn is_later(&self) -> bool {
        match self {
            Self::Priority(priority) => priority.is_unknown(),
            Self::Status(status) => status.is_unknown(),
            Self::Category(category) => category.is_some_and(Category::is_unknown),
            _ => false,
        }
    }

    /// Returns the name of the field on which several terms are alternatives.
    ///
    /// `None` for a predicate that must match on its own.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Priority(_) => Some("priority"),
            Self::Status(_) => Some("status"),
            Self::Service(_) => Some("service"),
            Self::Owner(_) => Some("owner"),
            Self::Team(_) => Some("team"),
            Self::Category(_) => Some("category"),
            Self::Source(_) => Some("source"),
            Self::Sla(_) => Some("sla"),
            Self::On(_) => Some("day"),
            Self::Label(_) => Some("label"),
            Self::Role(_) => Some("role"),
            Self::Reporter(_) => Some("reporter"),
            Self::ResolvedOn(_) => Some("day of the resolution"),
            Self::Missed(..) => Some("missed"),
            Self::Leading(_) => Some("leading team"),
            Self::Primary(_) => Some("primary service"),
            Self::Text(_)
            | Self::Older(_)
            | Self::Younger(_)
            | Self::Idle(_)
            | Self::Active(_)
            | Self::Since(_)
            | Self::Before(_)
            | Self::ResolvedWithin(_)
            | Self::ResolvedBefore(_)
            | Self::TookLonger(_)
            | Self::TookLess(_)
            | Self::ChangedWithin(_)
            | Self::ChangedBefore(_)
            | Self::MoreUsers(_)
            | Self::FewerUsers(_)
            | Self::BeganWithin(_)
            | Self::BeganBefore(_)
            | Self::State(_) => None,
        }
    }

    /// Returns the bit of the predicate's [`field`](Self::field), or 0 without one.
    fn field_bit(&self) -> u16 {
        match self {
            Self::Priority(_) => 1,
            Self::Status(_) => 1 << 1,
            Self::Service(_) => 1 << 2,
            Self::Owner(_) => 1 << 3,
            Self::Team(_) => 1 << 4,
            Self::Category(_) => 1 << 5,
            Self::Sla(_) => 1 << 6,
            Self::On(_) => 1 << 7,
            Self::Label(_) => 1 << 8,
            Self::Role(_) => 1 << 9,
            Self::Reporter(_) => 1 << 10,
            Self::Source(_) => 1 << 11,
            Self::ResolvedOn(_) => 1 << 12,
            Self::Missed(..) => 1 << 13,
            Self::Primary(_) => 1 << 14,
            Self::Leading(_) => 1 << 15,
            Self::Text(_)
            | Self::Older(_)
            | Self::Younger(_)
            | Self::Idle(_)
            | Self::Active(_)
            | Self::Since(_)
            | Self::Before(_)
            | Self::ResolvedWithin(_)
            | Self::ResolvedBefore(_)
            | Self::TookLonger(_)
            | Self::TookLess(_)
            | Self::ChangedWithin(_)
            | Self::ChangedBefore(_)
            | Self::MoreUsers(_)
            | Self::FewerUsers(_)
            | Self::BeganWithin(_)
            | Self::BeganBefore(_)
            | Self::State(_) => 0,
        }
    }

    /// Returns whether an incident satisfies the predicate.
    #[must_use]
    pub fn matches(&self, incident: &Summary, context: MatchContext<'_>) -> bool {
        match self {
            Self::Text(word) => contains_text(incident, word),
            Self::Priority(priority) => incident.priority == *priority,
            Self::Status(status) => incident.status == *status,
            Self::Service(None) | Self::Primary(None) => incident.services.is_empty(),
            Self::Service(Some(name)) => incident.services.iter().any(|s| equals_folded(s, name)),
            Self::Primary(Some(name)) => {
                incident.primary_service().is_some_and(|primary| equals_folded(primary, name))
            }
            Self::Owner(owner) => match &incident.assignee {
                Some(person) => owner.is(person, context),
                None => *owner == Owner::Nobody,
            },
            Self::Role(RoleHolder::Anybody(role)) => {
                incident.attributes.roles.iter().any(|holder| holder.role == *role)
            }
            Self::Role(RoleHolder::By(Owner::Nobody)) => incident.attributes.roles.is_empty(),
            Self::Role(RoleHolder::By(who)) => {
                incident.attributes.roles.iter().any(|holder| who.is(&holder.person, context))
            }
            Self::Label(None) => incident.attributes.labels.is_empty(),
            Self::Label(Some(label)) => {
                incident.attributes.labels.iter().any(|one| is_label(one, label))
            }
            Self::Team(None) | Self::Leading(None) => incident.team.is_none(),
            Self::Leading(Some(team)) => {
                incident.team.as_ref().is_some_and(|one| equals_folded(one, team))
            }
            Self::Team(Some(team)) => {
                let helping = &incident.attributes.teams;
                incident.team.iter().chain(helping).any(|one| equals_folded(one, team))
            }
            Self::MoreUsers(than) => incident.attributes.users.is_some_and(|users| users > *than),
            Self::FewerUsers(than) => incident.attributes.users.is_some_and(|users| users < *than),
            Self::BeganWithin(than) => {
                incident.attributes.began_at.is_some_and(|at| context.now - at < *than)
            }
            Self::BeganBefore(than) => {
                incident.attributes.began_at.is_some_and(|at| context.now - at > *than)
            }
            Self::Reporter(None) => incident.attributes.reporters.is_empty(),
            Self::Reporter(Some(who)) => {
                let who = FoldedText::new(who);
                incident.attributes.reporters.iter().any(|one| who.begins_word_in(one))
            }
            Self::Category(category) => incident.category == *category,
            Self::Source(source) => incident.source == *source,
            Self::Older(than) => context.now - incident.reported_at > *than,
            Self::Younger(than) => context.now - incident.reported_at < *than,
            Self::Idle(than) | Self::ChangedBefore(than) => {
                context.now - incident.last_event_at > *than
            }
            Self::Active(than) | Self::ChangedWithin(than) => {
                context.now - incident.last_event_at < *than
            }
            Self::ResolvedWithin(than) => {
                incident.resolved_at.is_some_and(|at| context.now - at < *than)
            }
            Self::ResolvedBefore(than) => {
                incident.resolved_at.is_some_and(|at| context.now - at > *than)
            }
            Self::ResolvedOn(date) => incident.resolved_at.is_some_and(|at| {
                let (from, to) = date.resolve(context.now, &UtcCalendar);
                from <= at && at < to
            }),
            Self::TookLonger(than) => {
                incident.resolved_at.is_some_and(|at| at - incident.detected_at > *than)
            }
            Self::TookLess(than) => {
                incident.resolved_at.is_some_and(|at| at - incident.detected_at < *than)
            }
            Self::Missed(target, of) => {
                missed_priority(incident, *target, context.now, context.levels)
                    .is_some_and(|priority| of.is_none_or(|of| of == priority))
            }
            Self::Since(date) => incident.reported_at >= date.resolve(context.now, &UtcCalendar).0,
            Self::Before(date) => incident.reported_at < date.resolve(context.now, &UtcCalendar).0,
            Self::On(date) => {
                let (from, to) = date.resolve(context.now, &UtcCalendar);
                from <= incident.reported_at && incident.reported_at < to
            }
            Self::Sla(sla) => running_clock(incident, context.levels).is_some_and(|clock| {
                let (past, near) = (clock.is_past(context.now), clock.is_near(context.now));
                match sla {
                    Sla::Late => past,
                    Sla::Near => near,
                    Sla::Ok => !past,
                }
            }),
            Self::State(state) => state.matches(incident, context.now),
        }
    }
}

impl StateFilter {
    /// Returns whether an incident is in the state at `now`.
    fn matches(self, incident: &Summary, now: DateTime<Utc>) -> bool {
        match self {
            Self::Open => incident.status.is_open(),
            Self::Ended => !incident.status.is_open(),
            Self::Any => true,
            Self::Snoozed => incident.is_snoozed(now),
            Self::Paused => incident.paused,
            Self::Muted => incident.is_muted(),
            Self::Unacknowledged => incident.status == Status::Triggered,
            Self::NeverAcknowledged => incident.acknowledged_by_somebody_at().is_none(),
            Self::Folded => incident.folded_under.is_some(),
            Self::Noise => incident.is_noise,
        }
    }
}

impl Owner {
    /// Returns whether it selects this person.
    fn is(&self, person: &PersonRef, context: MatchContext<'_>) -> bool {
        match self {
            Self::Me => context.me.is_some_and(|me| equals_folded(&person.handle, me)),
            Self::Nobody => false,
            Self::Handle(who) => equals_folded(&person.handle, who),
            Self::Person(who) => {
                let who = FoldedText::new(who);
                who.begins_word_in(&person.handle) || who.begins_word_in(&person.name)
            }
        }
    }
}

/// Returns whether a label equals the wanted one, or is a value of it: `env=prod` for `env`.
fn is_label(label: &str, wanted: &str) -> bool {
    let key = label.split_once(['=', ':']).map(|(key, _)| key);
    equals_folded(label, wanted) || key.is_some_and(|key| equals_folded(key.trim_end(), wanted))
}

/// Returns whether a word is anywhere inside number, title, services, owner or team.
fn contains_text(incident: &Summary, word: &str) -> bool {
    row_contains(incident, &FoldedText::new(word))
}

/// Returns whether a folded word is anywhere inside number, title, services, owner or team of an
/// incident: the fields of its row that are searched.
#[must_use]
pub fn row_contains(incident: &Summary, word: &FoldedText<'_>) -> bool {
    let person = incident.assignee.as_ref();
    word.is_in(&incident.title)
        || incident.services.iter().any(|service| word.is_in(service))
        || person.is_some_and(|p| word.is_in(&p.name) || word.is_in(&p.handle))
        || incident.team.as_deref().is_some_and(|team| word.is_in(team))
        || incident.number.is_some_and(|number| number_contains(number, word))
}

/// Returns whether a folded word is a part of a number as people write it: `INC-2041`, `INC2041` or
/// `#2041`.
#[must_use]
pub fn number_contains(number: IncidentNumber, word: &FoldedText<'_>) -> bool {
    let word = word.as_str();
    // Fast path: most words contain another letter.
    if !word.bytes().all(|byte| byte.is_ascii_digit() || b"inc-#".contains(&byte)) {
        return false;
    }
    let written = number.to_string().to_ascii_lowercase();
    written.contains(word)
        || written.replace('-', "").starts_with(word)
        || word.strip_prefix('#').is_some_and(|digits| number.0.to_string().starts_with(digits))
}
