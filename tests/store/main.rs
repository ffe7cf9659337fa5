//! The file backend beyond what every backend does: the file itself, import and export, damage.

mod doctoring;
mod importing;
mod lasting;
mod make;
mod opening;
mod properties;
mod together;
mod waiting;
