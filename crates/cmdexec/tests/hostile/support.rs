//! Peers that know only what goes over the wire.

use std::time::Duration;

use bytes::Bytes;
use cmdexec::{Access, CommandService, Policy};
use netserver::{MemoryDialer, MemoryListener, StreamServer};
use proto::{Header, Hello, HelloAnswer, Limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::DuplexStream;

/// So long a failing test may hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and how to come to it.
pub(crate) struct World {
    pub(crate) dialer: MemoryDialer,
    _server: netserver::Running,
}

impl World {
    pub(crate) fn new() -> Self {
        let policy = Policy::default()
            .kill_grace(Duration::from_millis(100))
            .pipe_grace(Duration::from_millis(100));
        let service = CommandService::new(policy).access(Access::default().exec(true));
        let (listener, dialer) = MemoryListener::new();
        Self { dialer, _server: StreamServer::new(listener, service).start() }
    }

    /// A peer that is welcome.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::hello(self.dialer.dial().await.unwrap()).await
    }

    /// The server still serves.
    pub(crate) async fn assert_up(&self) {
        let mut raw = self.raw().await;
        raw.shell(1, "echo up");
        assert_eq!(raw.end(1).await["proof"]["stdout"]["bytes"], 3);
    }
}

/// Any frame that came.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Heard(pub(crate) Value);

impl Header for Heard {
    fn body_len(&self) -> u64 {
        self.0["body"].as_u64().unwrap_or(0)
    }
}

/// A header of any text as it goes over the wire.
pub(crate) fn frame(header: &str) -> Vec<u8> {
    let len = i32::try_from(header.len()).unwrap();
    [&len.to_le_bytes(), header.as_bytes()].concat()
}

/// A request for a shell line.
pub(crate) fn run(id: u64, line: &str, more: &str) -> String {
    let line = serde_json::to_string(line).unwrap();
    format!(r#"{{"type":"run","id":{id},"command":{{"shell":{{"line":{line}}}}}{more}}}"#)
}

/// A peer of a server or, where it hears the hello, of a client.
pub(crate) struct Raw {
    pub(crate) conn: proto::Connection<DuplexStream>,
}

impl Raw {
    /// Says hello to a server, and hears that it is welcome.
    pub(crate) async fn hello(stream: DuplexStream) -> Self {
        let mut conn = proto::Connection::new(stream, Limits::default());
        conn.enqueue_encoded(Hello::new("exec").encode(&Limits::default()).unwrap());
        let answer = within(conn.next::<HelloAnswer>()).await.unwrap().unwrap();
        assert!(matches!(answer, HelloAnswer::Welcome { .. }));
        Self { conn }
    }

    /// Hears the hello of a client, and lets it in.
    pub(crate) async fn welcome(stream: DuplexStream) -> Option<Self> {
        let mut conn = proto::Connection::new(stream, Limits::default());
        let hello = conn.next::<Hello>().await.ok().flatten()?;
        let answer = hello.answer("exec", &[], proto::Algorithm::ALL);
        conn.enqueue_encoded(answer.encode(&Limits::default()).unwrap());
        Some(Self { conn })
    }

    pub(crate) fn say(&mut self, header: &str) {
        self.conn.enqueue_encoded(Bytes::from(frame(header)));
    }

    pub(crate) fn shell(&mut self, id: u64, line: &str) {
        self.say(&run(id, line, ""));
    }

    pub(crate) fn stdin(&mut self, id: u64, body: &[u8]) {
        self.say(&format!(r#"{{"type":"stdin","id":{id},"body":{}}}"#, body.len()));
        self.conn.enqueue_encoded(Bytes::copy_from_slice(body));
    }

    /// The next frame, of which the body is passed over.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        within(async {
            self.conn.skip_body().await.ok()?;
            self.conn.next::<Heard>().await.ok().flatten().map(|heard| heard.0)
        })
        .await
    }

    /// The next frame of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let heard = self.hear().await.expect("the connection ended");
            if heard["type"] == kind {
                return heard;
            }
        }
    }

    /// The end of this request.
    pub(crate) async fn end(&mut self, id: u64) -> Value {
        let end = self.until("end").await;
        assert_eq!(end["id"], id, "{end}");
        end
    }

    /// The end of the conversation, and what it says.
    pub(crate) async fn given_up(&mut self) -> String {
        let end = self.end(0).await;
        assert_eq!(end["status"], "bad_request");
        assert_eq!(self.hear().await, None);
        end["message"].as_str().unwrap().to_owned()
    }
}

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes for ever")
}

/// Waits until a process has ended.
#[cfg(target_os = "linux")]
pub(crate) async fn gone(pid: &Value) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let pid = Pid::from_raw(i32::try_from(pid.as_u64().unwrap()).unwrap()).unwrap();
    let waiting = tokio::task::spawn_blocking(move || {
        let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
        let patience = Timespec::try_from(PATIENCE).unwrap();
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&patience)).unwrap() == 1
    });
    assert!(waiting.await.unwrap(), "process {pid:?} lives on");
}
