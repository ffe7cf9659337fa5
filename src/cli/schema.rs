//! `schema`: prints the JSON Schema of a command's JSON output.

use super::args::SchemaOf;
use super::context::Context;
use super::failure::Failure;
use super::json;
use super::records::{EventLine, IncidentLine, NotificationLine, json_schema};
use super::show::IncidentJson;
use super::verb::CommandJson;
use crate::backend::SimilarIncidents;

/// Prints the schema of one command's output.
pub fn run(context: &mut Context, of: SchemaOf) -> Result<(), Failure> {
    let schema = match of {
        SchemaOf::List => json_schema::<IncidentLine>("A line of redphone list --json"),
        SchemaOf::Events => json_schema::<EventLine>("A line of redphone events --json"),
        SchemaOf::Notifications => {
            json_schema::<NotificationLine>("A line of redphone notifications --json")
        }
        SchemaOf::Show => json_schema::<IncidentJson>("The output of redphone show --json"),
        SchemaOf::Similar => {
            json_schema::<SimilarIncidents>("The output of redphone similar --json")
        }
        SchemaOf::Verb => json_schema::<CommandJson>("A line of a verb with --json"),
    };
    json::print(&mut context.out, &schema)
}
