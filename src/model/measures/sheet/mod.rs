//! The pages as tables: the one form that the metrics pane, the command line and copied Markdown show.
//!
//! A [`Sheet`] has the figures of one page as rows and columns, each with its unit, its tone
//! (better or worse), and a filter for its incidents.

mod behind;
mod budgets;
mod change;
mod definitions;
mod levels;
mod make;
mod page;
mod people;
mod practice;
mod recurring;
mod table;
mod text;
mod times;
mod volume;

pub use behind::reported_in_hour;
pub use change::{point_change, relative_change};
pub use page::Page;
pub use table::{Behind, Cell, Column, Row, Sheet, Table, Tone, Unit, Value};
