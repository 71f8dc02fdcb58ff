//! What the tests share: an echo handler, hooks that remember, bounded waits.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netserver::{Conn, Counters, Event, Hooks, Running, StreamHandler};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// Admits everybody and sends back what comes, until the end or until the server stops.
pub(crate) struct Echo;

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> StreamHandler<S> for Echo {
    type Error = io::Error;

    async fn handle(&self, mut stream: S, conn: Conn) -> io::Result<()> {
        conn.admit()?;
        let mut bytes = [0; 512];
        loop {
            let count = tokio::select! {
                count = stream.read(&mut bytes) => count?,
                () = conn.stop().stopped() => 0,
            };
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&bytes[..count]).await?;
        }
    }
}

/// Sends something through an echo server, hears it back, and ends the connection.
pub(crate) async fn hear_echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, said: &[u8]) {
    stream.write_all(said).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, said);
}

/// Reads to the end of the stream, as text. A reset is an end too.
pub(crate) async fn read_all<S: AsyncRead + Unpin>(mut stream: S) -> String {
    let mut heard = Vec::new();
    match stream.read_to_end(&mut heard).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    String::from_utf8(heard).unwrap()
}

/// Fails instead of hanging; nothing takes anywhere near this long.
pub(crate) async fn bounded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("the test hangs")
}

/// Hooks that remember what they were told, one line each.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Remembered>);

#[derive(Default)]
struct Remembered {
    lines: Mutex<Vec<String>>,
    more: Notify,
}

impl Recorder {
    fn note(&self, line: String) {
        self.0.lines.lock().unwrap().push(line);
        self.0.more.notify_one();
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap().clone()
    }

    /// Waits for a line to be noted; for one waiter at a time.
    pub(crate) async fn heard(&self, line: &str) {
        while !self.lines().iter().any(|noted| noted == line) {
            self.0.more.notified().await;
        }
    }
}

impl Hooks for Recorder {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Accepted(conn) => self.note(format!("accepted {}", conn.id())),
            Event::Admitted(conn) => self.note(format!("admitted {}", conn.id())),
            Event::Ended { conn, ending, .. } => {
                self.note(format!("ended {}: {ending}", conn.id()));
            }
            Event::Barred { barred_for, .. } => {
                self.note(format!("barred for {} s", barred_for.as_secs_f64().ceil()));
            }
            Event::AcceptFailed { failure, .. } => self.note(format!("accept: {failure:?}")),
            Event::Stopping => self.note("stopping".to_owned()),
            _ => {}
        }
    }

    fn failure(&self, conn: &Conn, error: &dyn Display) {
        self.note(format!("failure {}: {error}", conn.id()));
    }

    fn panic(&self, conn: &Conn, message: &str) {
        self.note(format!("panic {}: {message}", conn.id()));
    }

    fn tick(&self, counters: &Counters) {
        self.note(format!("tick: {}", counters.so_far));
    }
}

/// Stops a server and gives back its report.
pub(crate) async fn stop(running: Running) -> netserver::Report {
    running.shutdown();
    let report = bounded(running.wait()).await.unwrap();
    assert_eq!(report.ended(), report.accepted, "{report}");
    report
}
