//! TLS certificate and key from files, reloaded when the files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::backend::certificate::CertificateFacts;
use crate::files::FileStamp;

/// How often the files are checked at most. They are checked only when a peer connects.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The files of certificate and key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// The certificate and its chain, as PEM.
    pub cert: PathBuf,
    /// The private key, as PEM.
    pub key: PathBuf,
}

/// The reason why the files can't be used, as a sentence that names the file and a remedy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// The certificate of a running server.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// When the first certificate of the chain ceases to be valid.
    expires_at: Option<DateTime<Utc>>,
    stamps: [Option<FileStamp>; 2],
    checked_at: Instant,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Tls {
    /// Loads the files.
    ///
    /// # Errors
    /// The files can't be read, or certificate and key do not belong together.
    pub(super) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let stamps = files.stamps();
        let (config, expires_at) = files.read()?;
        let current = Current { config, expires_at, stamps, checked_at: Instant::now() };
        Ok(Self { files, current: Mutex::new(current) })
    }

    /// Returns an acceptor for the next connection, with the present certificate.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.refreshed().config))
    }

    /// Returns when the first of the present certificates ceases to be valid.
    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.refreshed().expires_at
    }

    /// Returns the present certificate, read again if its files have changed.
    fn refreshed(&self) -> MutexGuard<'_, Current> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.checked_at.elapsed() >= CHECK_INTERVAL {
            current.checked_at = Instant::now();
            let stamps = self.files.stamps();
            if stamps != current.stamps {
                match self.files.read() {
                    Ok((config, expires_at)) => {
                        current.config = config;
                        current.expires_at = expires_at;
                        current.stamps = stamps;
                        tracing::info!("the certificate was read again");
                    }
                    // The files may be in the middle of a change: they are checked again.
                    Err(error) => tracing::warn!("the certificate stays as it was: {error}"),
                }
            }
        }
        current
    }
}

impl TlsFiles {
    fn stamps(&self) -> [Option<FileStamp>; 2] {
        [&self.cert, &self.key].map(|path| FileStamp::read(path))
    }

    /// Reads the files. Returns also when the first of the certificates ceases to be valid.
    fn read(&self) -> Result<(Arc<ServerConfig>, Option<DateTime<Utc>>), TlsError> {
        let certs: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(&self.cert).and_then(Iterator::collect);
        let certs = certs.map_err(|e| read_error(&self.cert, "certificate", &e))?;
        if certs.is_empty() {
            return Err(read_error(&self.cert, "certificate", &pem::Error::NoItemsFound));
        }
        let facts = certs.iter().filter_map(|cert| CertificateFacts::read(cert));
        let expires_at = facts.map(|facts| facts.not_after).min();
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|e| read_error(&self.key, "private key", &e))?;
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certs, key);
        let mut config = config.map_err(|error| {
            let (cert, key) = (self.cert.display(), self.key.display());
            TlsError(format!(
                "{cert} and {key} can't be used together ({error}): give a certificate and its key"
            ))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((Arc::new(config), expires_at))
    }
}

fn read_error(path: &Path, what: &str, error: &pem::Error) -> TlsError {
    let file = path.display();
    TlsError(match error {
        pem::Error::Io(error) => {
            let reason = error.kind();
            format!("{file} can't be read ({reason}): make it readable for the server")
        }
        pem::Error::NoItemsFound => {
            format!("{file} has no {what} in it: give one as PEM")
        }
        error => {
            format!("{file} is no {what} ({error}): give one as PEM")
        }
    })
}
