//! The real program in a pseudo-terminal, for behaviour that only a terminal shows.

mod answers;
mod drafts;
mod exit;
mod filter;
mod lifecycle;
mod offline;
mod output_size;
mod palette;
mod panes;
mod read_only;
mod run;
mod setup;
mod slow_link;
mod startup_errors;
mod store;
mod storm;
mod terminal;
mod verbs;
mod wall;
mod workspaces;
