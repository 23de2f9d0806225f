//! A server on 127.0.0.1 that answers with what it was told to, byte by byte as told, and keeps what it was sent.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running server on a port of its own. It stops when it is dropped.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    replies: VecDeque<Reply>,
    requests: VecDeque<Received>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers beside those of the transfer.
    pub headers: Vec<(String, String)>,
    /// The body, in the pieces in which the client is to see it.
    pub pieces: Vec<Vec<u8>>,
    /// What comes after them.
    pub end: End,
}

/// What comes after the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The proper end of the body.
    Proper,
    /// The connection closes in the middle of the body.
    Cut,
    /// Nothing, for ever.
    Silence,
}

impl Reply {
    /// An answer in one piece.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, pieces: vec![body.into()], end: End::Proper }
    }
}

impl Loopback {
    /// Starts a server in the present runtime.
    ///
    /// # Panics
    /// Where this machine has no port to give.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of this machine");
        let address = listener.local_addr().expect("the port's address");
        let shared = Arc::<Mutex<Shared>>::default();
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, task }
    }

    /// The URL of a path on the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Adds an answer; answers are given in order, one for each request.
    pub fn reply(&self, reply: Reply) {
        self.lock().replies.push_back(reply);
    }

    /// Takes the first request that was not taken yet. After the last one, drops answers that nobody asked for.
    pub fn received(&self) -> Option<Received> {
        let mut shared = self.lock();
        let request = shared.requests.pop_front();
        if request.is_some() && shared.requests.is_empty() {
            shared.replies.clear();
        }
        request
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        // A client that goes away is no fault of the server.
        tokio::spawn(async move { serve(stream, &shared).await.ok() });
    }
}

async fn serve(mut stream: TcpStream, shared: &Mutex<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    while let Some(request) = read(&mut stream, &mut unread).await? {
        let reply = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.requests.push_back(request);
            shared.replies.pop_front()
        };
        let reply = reply.unwrap_or_else(|| Reply::new(500, "text/plain", "the test gave no answer for this request"));
        stream.write_all(&bytes(&reply)).await?;
        match reply.end {
            End::Proper => {}
            End::Cut => return Ok(()),
            End::Silence => std::future::pending().await,
        }
    }
    Ok(())
}

/// Reads one request; `None` where the client sends no more.
async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let head_end = loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(unread.get(..head_end).unwrap_or_default()).into_owned();
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let end = head_end + length.unwrap_or(0);
    while unread.len() < end {
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
    let rest = unread.split_off(end);
    let body = std::mem::replace(unread, rest).split_off(head_end);
    Ok(Some(Received { head, body }))
}

/// The answer on the wire. Each piece is an HTTP chunk, which the client gets as it stands.
fn bytes(reply: &Reply) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {} Recorded\r\ntransfer-encoding: chunked\r\n", reply.status).into_bytes();
    for (name, value) in &reply.headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    for piece in reply.pieces.iter().filter(|piece| !piece.is_empty()) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    if reply.end == End::Proper {
        out.extend_from_slice(b"0\r\n\r\n");
    }
    out
}
