//! The real program in a real terminal, for what only a terminal shows.

mod bytes;
mod drafts;
mod find;
mod leaving;
mod link;
mod offline;
mod palette;
mod panes;
mod read_only;
mod refused;
mod runs;
mod sites;
mod store;
mod verbs;
mod wall;
