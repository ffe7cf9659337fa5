//! Top floor: the command line, one file per command.
