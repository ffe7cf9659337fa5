//! Checks the settings file, the environment and the flags once, and merges them into one value.
//!
//! A flag wins over the environment, the environment over the settings file, and the file over the
//! default: only [`ConfigLoader::load`] chooses values. What is wrong with a flag or a variable is
//! an error. What is wrong in the file is a [`Warning`], and its default holds.

pub mod appearance;
pub mod colors;
pub mod diagnostics;
pub mod load;
pub mod location;
pub mod log;
pub mod origin;
pub mod outbound;
pub mod panes;
pub mod pattern;
pub mod placeholder_text;
pub mod publishing;
pub mod reload;
pub mod sample;
pub mod show;
pub mod show_json;
pub mod watch;

mod effective;
mod error;
mod file;
mod flags;
mod folders;
mod load_location;
mod log_level;
mod nearest;
mod toml_text;

pub use diagnostics::{FilePosition, Warning};
pub use effective::Config;
pub use error::ConfigError;
pub use flags::Flags;
pub use folders::{FILE_NAME, Folders};
pub use load::ConfigLoader;
pub use location::{Location, RemoteConfig};
pub(crate) use nearest::{nearest, suggestion};
pub use origin::{Origin, Origins};
pub use panes::PanesSettings;
pub use reload::Reload;
