//! Several clients of a real server whose store is put back, and outboxes of one remote under several
//! names.

mod outboxes;
mod restore;
mod site;
mod versions;
