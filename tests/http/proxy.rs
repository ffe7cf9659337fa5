//! An HTTP proxy between the client and the API.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use redphone::backend::http::{HttpBackend, Options, ProxySettings};
use redphone::backend::{Backend, BackendError};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::certificates::{Authority, GOOD, acceptor};
use super::fixtures::{ClientFixture, TOKEN, capabilities, json};
use crate::support::port::ReservedPort;
use crate::support::proxy::Proxy;

/// The host name of the API, which no name service resolves.
const NAME: &str = "redphone.test";

/// The proxy's action on a request.
#[derive(Clone, Copy)]
enum ProxyBehaviour {
    /// Forwards to the port on this machine, whatever the host name.
    Forwards,
    /// Sends this response.
    Responds(&'static str),
    /// Closes the connection.
    Closes,
}

/// An HTTP proxy that supports CONNECT.
struct ForwardProxy {
    address: SocketAddr,
    /// The request heads that arrived, in order.
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ForwardProxy {
    async fn start(behaviour: ProxyBehaviour) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&heads);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve_client(client, behaviour, Arc::clone(&heard)));
            }
        });
        Self { address, heads, task }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve_client(
    mut client: TcpStream,
    behaviour: ProxyBehaviour,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heads.lock().unwrap().push(head);
    match behaviour {
        ProxyBehaviour::Closes => {}
        ProxyBehaviour::Responds(response) => {
            let _ = client.write_all(response.as_bytes()).await;
        }
        ProxyBehaviour::Forwards => {
            let port: u16 = target.rsplit(':').next().unwrap().parse().unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
    }
}

/// An API that speaks TLS under its name.
struct TlsApi {
    fixture: ClientFixture,
    server: Proxy,
}

impl TlsApi {
    async fn new(name: &str) -> Self {
        let authority = Authority::new("Ours");
        let tls = acceptor(authority.issue(name, GOOD));
        let server = Proxy::with_tls(tls, |_| json("", &capabilities())).await;
        let fixture = ClientFixture::new();
        fixture.write("ca.pem", &authority.pem());
        Self { fixture, server }
    }

    fn host(&self) -> String {
        format!("{NAME}:{}", self.server.address.port())
    }

    fn options(&self, host: &str, proxy: &str, except: &str) -> Options {
        Options {
            ca_file: Some(self.fixture.path("ca.pem")),
            proxies: ProxySettings::Given { url: proxy.into(), except: except.into() },
            ..self.fixture.options(&format!("https://{host}"))
        }
    }

    /// Returns the error of a request through a proxy, with both host names replaced.
    async fn refused(&self, address: SocketAddr) -> String {
        let proxy = format!("http://ines:hunter3@{address}");
        let client = HttpBackend::new(self.options(&self.host(), &proxy, "")).unwrap();
        let error = client.capabilities().await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
        for secret in [TOKEN, "hunter3", "ines", "aW5lc"] {
            assert!(!text.contains(secret) && !format!("{client:?}").contains(secret), "{text}");
        }
        text.replace(&self.host(), "HOST").replace(&address.to_string(), "PROXY")
    }
}

#[tokio::test]
async fn api_is_reached_through_a_proxy_by_its_host_name() {
    let api = TlsApi::new(NAME).await;
    let forward = ForwardProxy::start(ProxyBehaviour::Forwards).await;
    let proxy = format!("http://ines:hunter3@{}", forward.address);
    let client = HttpBackend::new(api.options(&api.host(), &proxy, "")).unwrap();
    assert_eq!(client.capabilities().await.unwrap(), capabilities());
    let heads = forward.heads();
    let connect = format!("CONNECT {} HTTP/1.1\r\n", api.host());
    assert!(heads.len() == 1 && heads[0].starts_with(&connect), "{heads:?}");
    let head = heads[0].to_lowercase();
    assert!(head.contains("proxy-authorization: basic aw5lczpodw50zxiz\r\n"), "{head}");
    assert!(!head.contains(TOKEN), "the token is for the API alone: {head}");
}

#[rstest]
#[case::a_password(
    ProxyBehaviour::Responds(
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    ),
    "the proxy PROXY on the way to HOST wants a name and a password (407 Proxy Authentication \
     Required): write them into HTTPS_PROXY"
)]
#[case::a_policy(
    ProxyBehaviour::Responds("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
    "the proxy PROXY on the way to HOST does not lead there: it may not allow it, or not reach it; \
     ask whoever runs it, or name HOST in NO_PROXY"
)]
#[case::silence(
    ProxyBehaviour::Closes,
    "the proxy PROXY on the way to HOST cut the connection before it led there"
)]
#[tokio::test]
async fn refusal_by_the_proxy_names_the_proxy(
    #[case] behaviour: ProxyBehaviour,
    #[case] expected: &str,
) {
    let api = TlsApi::new(NAME).await;
    let forward = ForwardProxy::start(behaviour).await;
    assert_eq!(api.refused(forward.address).await, expected);
    assert_eq!(api.server.count(), 0);
}

#[tokio::test]
async fn unreachable_proxy_is_named() {
    let api = TlsApi::new(NAME).await;
    let port = ReservedPort::new();
    let closed = port.address;
    let expected = "the proxy PROXY on the way to HOST refuses the connection: correct \
        HTTPS_PROXY, or name HOST in NO_PROXY";
    assert_eq!(api.refused(closed).await, expected);
    // The error is the same for plain HTTP, which needs no tunnel.
    let options = Options {
        insecure_http: true,
        proxies: ProxySettings::Given { url: format!("http://{closed}"), except: String::new() },
        ..api.fixture.options("http://redphone.test")
    };
    let error = HttpBackend::new(options).unwrap().capabilities().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the proxy {closed} on the way to redphone.test refuses")));
}

#[tokio::test]
async fn certificate_error_behind_a_proxy_names_the_proxy() {
    let api = TlsApi::new("other.test").await;
    let forward = ForwardProxy::start(ProxyBehaviour::Forwards).await;
    let message = api.refused(forward.address).await;
    let expected = "through the proxy PROXY: the certificate of HOST is for other.test";
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn host_in_no_proxy_is_reached_directly() {
    let api = TlsApi::new(NAME).await;
    let forward = ForwardProxy::start(ProxyBehaviour::Forwards).await;
    // The label is longer than DNS allows, so no name server is asked.
    let host = format!("{}.test", "n".repeat(64));
    let proxy = format!("http://{}", forward.address);
    let client = HttpBackend::new(api.options(&host, &proxy, "localhost, .test")).unwrap();
    let error = client.capabilities().await.unwrap_err().to_string();
    assert!(error.contains(&host) && !error.contains("proxy"), "{error}");
    assert_eq!(forward.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn local_address_bypasses_the_proxy() {
    let api = TlsApi::new("127.0.0.1").await;
    let forward = ForwardProxy::start(ProxyBehaviour::Forwards).await;
    let (host, proxy) = (api.server.address.to_string(), format!("http://{}", forward.address));
    let client = HttpBackend::new(api.options(&host, &proxy, "")).unwrap();
    assert_eq!(client.capabilities().await.unwrap(), capabilities());
    assert_eq!(forward.heads(), Vec::<String>::new());
}
