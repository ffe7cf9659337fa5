//! Reads calendars of other programs: files of this machine, and addresses by the one client.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use tokio::io::AsyncReadExt;

use super::client::{Client, Request};
use crate::model::calendar::{CalendarError, CalendarLocation, MAX_BYTES};

/// The longest wait for a file, which may be on a network.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the text of a calendar.
#[async_trait]
pub trait CalendarReader: Send + Sync {
    /// Reads a calendar, within bounded time.
    ///
    /// # Errors
    /// The reason why it can't be read, as a sentence without the address.
    async fn read(&self, location: &CalendarLocation) -> Result<String, String>;
}

/// Reads files, and addresses by a client.
pub struct CalendarClient(pub Client);

#[async_trait]
impl CalendarReader for CalendarClient {
    async fn read(&self, location: &CalendarLocation) -> Result<String, String> {
        match location {
            CalendarLocation::File(path) => {
                let read = async {
                    let file = tokio::fs::File::open(path).await?;
                    let mut bytes = Vec::new();
                    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
                    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).await?;
                    Ok::<_, std::io::Error>(bytes)
                };
                let read = tokio::time::timeout(FILE_TIMEOUT, read).await;
                let read = read.map_err(|_| "the file can't be read in time".to_owned())?;
                let bytes = read.map_err(|error| format!("the file can't be read: {error}"))?;
                text(&bytes)
            }
            CalendarLocation::Url { url, host } => {
                let parsed: Url = url.parse().map_err(|_| format!("{host} has no URL"))?;
                let request = Request::get(parsed, "text/calendar, */*;q=0.5", MAX_BYTES + 1);
                let answer = self.0.send(request).await.map_err(|error| error.to_string())?;
                if let Some(other) = &answer.redirect_host {
                    return Err(format!(
                        "{host} refers to {other}, which is not followed: write the address that it \
                         refers to"
                    ));
                }
                if !answer.status.is_success() {
                    return Err(format!("{host} answered {}", answer.status.as_u16()));
                }
                text(answer.body.as_bytes())
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    if bytes.len() > MAX_BYTES {
        return Err(CalendarError::TooLarge.to_string());
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
