//! The pages of the measures, with the definitions of their figures.

use super::definitions;
use crate::model::status::text_enum;

text_enum! {
    /// A page of the measures.
    Page, "page" {
        /// The most important figures of the other pages.
        Overview = "overview",
        /// How long it took.
        Times = "times",
        /// The numbers of incidents, and their times.
        Volume = "volume",
        /// How often service levels were met.
        Levels = "levels" | "service levels",
        /// Faults that came back.
        Recurring = "recurring",
        /// How much of the error budgets is used.
        Budgets = "budgets" | "error budgets",
        /// The load of incidents on people.
        People = "people",
        /// Reviews, runbooks, fields, false alarms and reopenings.
        Practice = "practice",
    }
}

#[allow(clippy::derivable_impls, reason = "the enum is defined by a macro")]
impl Default for Page {
    fn default() -> Self {
        Self::Overview
    }
}

impl Page {
    /// Returns the position of the page, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|page| *page == self).unwrap_or(0)
    }

    /// Returns the page at a number of pages after this one, or before it, round the end.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let count = Self::ALL.len().cast_signed();
        let index = (self.index().cast_signed() + by).rem_euclid(count).cast_unsigned();
        Self::ALL.get(index).copied().unwrap_or(Self::Overview)
    }

    /// Returns the definitions of the figures of the page.
    #[must_use]
    pub const fn definitions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Overview => definitions::OVERVIEW,
            Self::Times => definitions::TIMES,
            Self::Volume => definitions::VOLUME,
            Self::Levels => definitions::LEVELS,
            Self::Recurring => definitions::RECURRING,
            Self::Budgets => definitions::BUDGETS,
            Self::People => definitions::PEOPLE,
            Self::Practice => definitions::PRACTICE,
        }
    }
}
