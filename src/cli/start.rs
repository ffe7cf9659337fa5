//! Without a command: the panes on the workspace of the configuration, and the reasons for leaving
//! them.

use super::args::Command;
use super::context::Context;
use super::failure::Failure;
use super::panes::{HasErrands, check_terminal, run_failure, show};
use super::runtime::block_on;
use super::session::IfMissing;
use super::workspace::OpenWorkspace;
use super::{demo, out, parse, settings_editor};
use crate::config::Config;
use crate::tui::Errand;

/// Shows the panes until the user quits them. After editing the settings, the panes return with the
/// new ones.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    check_terminal()?;
    loop {
        let (config, flags) = (context.config.clone(), context.flags.clone());
        let errand = block_on(async {
            let workspace = OpenWorkspace::open(config, flags, IfMissing::Create).await?;
            let panes = Box::pin(show(workspace, None, HasErrands::Yes)).await;
            panes.map_err(|error| run_failure(&error))
        })?;
        match errand {
            None => return Ok(()),
            Some(Errand::Demo) => {
                let parsed = parse::parse(&["redphone".into(), "demo".into()])?;
                let Some(Command::Demo(args)) = parsed.and_then(|cli| cli.command) else {
                    return Ok(());
                };
                return demo::run(context, args);
            }
            Some(Errand::Settings) => {
                if let Err(failure) = settings_editor::run(&context.flags) {
                    out::print_failure(&failure);
                    settings_editor::wait_for_enter();
                }
                context.config = Config::from_process(context.flags.clone())?;
            }
        }
    }
}
