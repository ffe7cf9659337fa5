//! Settings of an organization in which each person is called for a service of their own.

use std::fmt::Write as _;

/// Appends people `p0`, `p1` and so on to settings: each with a team, a service `s0`, `s1` and so on, a
/// policy that calls them immediately, and contacts. `contacts` returns the lines of the contacts of a
/// person with a handle.
pub fn add_people(settings: &mut String, people: usize, contacts: impl Fn(&str) -> String) {
    for person in 0..people {
        let contacts = contacts(&format!("p{person}"));
        // Writing to a String can't fail.
        let _ = write!(
            settings,
            "[[people]]\nhandle = \"p{person}\"\nname = \"P {person}\"\n\
             [[teams]]\nname = \"t{person}\"\nmembers = [\"p{person}\"]\n\
             [[services]]\nname = \"s{person}\"\nteam = \"t{person}\"\n\
             [[policies]]\nteam = \"t{person}\"\n\
             levels = [{{ after = \"0m\", call = [\"p{person}\"] }}]\n\
             [[contacts]]\nperson = \"p{person}\"\n{contacts}"
        );
    }
}

/// Returns two contacts over the channel `pager`, of which the second is used some seconds later.
pub fn two_pagers(_handle: &str) -> String {
    "ways = [{ name = \"first\", channel = \"pager\", address = \"first\" },\n\
     { name = \"second\", channel = \"pager\", address = \"second\" }]\n\
     urgent = [{ contact = \"first\" }, { contact = \"second\", after = \"8s\" }]\n"
        .to_owned()
}
