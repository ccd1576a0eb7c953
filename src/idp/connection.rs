//! Bounded connections for axum: so many at once, so long for a request, TLS or not. axum sets no limits itself, and
//! what connects here may be a target that is badly broken. What is asked and answered is `server`'s business.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::{Accept, TlsAcceptor, server::TlsStream};

/// The bounds of connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub(super) connections: usize,
    /// From the first byte of a request to its last, and from the connection (TLS handshake included) to the first
    /// request's last.
    pub(super) request: Duration,
    /// Between an answer and the next request.
    pub(super) idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, request: Duration::from_secs(10), idle: Duration::from_secs(60) }
    }
}

/// A listener whose connections keep to [`Limits`].
pub(super) struct BoundedListener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    permits: Arc<Semaphore>,
}

impl BoundedListener {
    pub(super) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>, limits: Limits) -> Self {
        Self { tcp, tls, limits, permits: Arc::new(Semaphore::new(limits.connections)) }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed; without a permit the connection is merely not counted.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        // Its errors (too many open files, a client that is gone) are dealt with by axum.
        let (tcp, peer) = Listener::accept(&mut self.tcp).await;
        // Answers are small and whole: nothing is gained by waiting for more. Without it they are only slower.
        let _ = tcp.set_nodelay(true);
        let stream = match &self.tls {
            Some(tls) => Stream::Handshake(Box::new(tls.accept(tcp))),
            None => Stream::Plain(tcp),
        };
        let deadline = Box::pin(sleep(self.limits.request));
        (Connection { stream, limits: self.limits, in_request: true, deadline, _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

enum Stream {
    Plain(TcpStream),
    /// The handshake is made by the first read, so in the connection's own task: no other connection waits for it.
    Handshake(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection with a deadline.
pub(super) struct Connection {
    stream: Stream,
    limits: Limits,
    /// Bytes have come since the last answer, or nothing has come yet.
    in_request: bool,
    deadline: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

impl Connection {
    fn set_deadline(&mut self, in_request: bool) {
        self.in_request = in_request;
        let time = if in_request { self.limits.request } else { self.limits.idle };
        self.deadline.as_mut().reset(Instant::now() + time);
    }

    /// The stream, once the handshake is made.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Io>>> {
        if let Stream::Handshake(accept) = &mut self.stream {
            self.stream = Stream::Tls(Box::new(ready!(Pin::new(accept.as_mut()).poll(cx))?));
        }
        Poll::Ready(match &mut self.stream {
            Stream::Plain(tcp) => Ok(Pin::new(tcp)),
            Stream::Tls(tls) => Ok(Pin::new(tls.as_mut())),
            Stream::Handshake(_) => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    /// What the stream's `poll` gives; where it gives nothing yet, the deadline counts.
    fn poll_within_deadline<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut dyn Io>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = match self.poll_stream(cx) {
            Poll::Ready(Ok(stream)) => poll(stream, cx),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        if polled.is_pending() && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_within_deadline(cx, |stream, cx| stream.poll_read(cx, buffer)))?;
        if !self.in_request {
            self.set_deadline(true);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.poll_within_deadline(cx, |stream, cx| stream.poll_write(cx, bytes)))?;
        // The server answers at once and as a whole, so this ends the request.
        self.set_deadline(false);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.stream, Stream::Handshake(_)) {
            // Nothing was written.
            return Poll::Ready(Ok(()));
        }
        self.poll_within_deadline(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.stream, Stream::Handshake(_)) {
            // Dropping what has not begun is all there is to do.
            return Poll::Ready(Ok(()));
        }
        self.poll_within_deadline(cx, |stream, cx| stream.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn listener(limits: Limits) -> (BoundedListener, SocketAddr) {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        (BoundedListener::new(tcp, None, limits), address)
    }

    #[tokio::test]
    async fn a_request_that_does_not_end_is_cut() {
        let limits = Limits { request: Duration::from_millis(20), ..Limits::default() };
        let (mut listener, address) = listener(limits).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HT").await.unwrap();
        let (mut connection, _) = listener.accept().await;
        let error = connection.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn after_an_answer_the_connection_may_be_idle_for_longer() {
        let limits = Limits {
            request: Duration::from_millis(20),
            idle: Duration::from_secs(3600),
            ..Limits::default()
        };
        let (mut listener, address) = listener(limits).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = listener.accept().await;
        connection.write_all(b"answer").await.unwrap();
        assert!(!connection.in_request);
        assert!(connection.deadline.deadline() > Instant::now() + Duration::from_secs(3000));
        client.write_all(b"G").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'G');
        assert!(connection.in_request);
        assert!(connection.deadline.deadline() < Instant::now() + Duration::from_secs(1));
    }

    #[tokio::test]
    async fn no_more_connections_than_allowed() {
        let (mut listener, address) = listener(Limits { connections: 1, ..Limits::default() }).await;
        let _clients =
            (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let (first, _) = listener.accept().await;
        {
            let mut second = std::pin::pin!(listener.accept());
            let polled = std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_pending())).await;
            assert!(polled, "the second must wait");
            drop(first);
            second.await;
        }
    }
}
