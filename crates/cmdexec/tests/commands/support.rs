//! What the tests share: a server with its client, and eyes on the system.

use std::io;
use std::sync::Once;
use std::time::Duration;

use cmdexec::{
    Access, Client, ClientError, Command, CommandService, Connect, Event, Options, Outcome, Output,
    Policy, Running,
};
use netserver::{MemoryDialer, MemoryListener, StreamServer};
use tokio::io::DuplexStream;

/// More than any output here.
pub(crate) const PLENTY: usize = 1 << 30;

/// So long a failing test may hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs what `policy` allows, and a client of it.
pub(crate) struct World {
    pub(crate) client: Client<MemoryConnector>,
    pub(crate) dialer: MemoryDialer,
    _server: netserver::Running,
}

/// Connects to a listener without a network.
pub(crate) struct MemoryConnector(MemoryDialer);

impl MemoryConnector {
    pub(crate) fn new(world: &World) -> Self {
        Self(world.dialer.clone())
    }
}

impl Connect for MemoryConnector {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        self.0.dial().await
    }

    fn peer(&self) -> &str {
        "memory"
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        Self::serving(CommandService::new(policy).access(Access::default().exec(true)))
    }

    pub(crate) fn serving(service: CommandService) -> Self {
        static ADOPT: Once = Once::new();
        ADOPT.call_once(|| cmdexec::become_subreaper().unwrap());
        let (listener, dialer) = MemoryListener::new();
        let server = StreamServer::new(listener, service).start();
        let client = Client::new(MemoryConnector(dialer.clone()), Options::default());
        Self { client, dialer, _server: server }
    }

    /// Runs a shell line to its end.
    pub(crate) async fn shell(&mut self, line: &str) -> Output {
        self.output(&Command::shell(line)).await.unwrap()
    }

    pub(crate) async fn output(&mut self, command: &Command) -> Result<Output, ClientError> {
        within(self.client.output(command, PLENTY)).await
    }

    /// Runs a command with this input to its end.
    pub(crate) async fn feed(&mut self, command: Command, input: &[u8]) -> (Vec<u8>, Outcome) {
        let command = command.stdin(true);
        let mut running = self.client.start(&command, input).await.unwrap();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let outcome = within(running.copy(&mut stdout, &mut stderr)).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&stderr), "");
        (stdout, outcome)
    }
}

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes for ever")
}

/// The next line of output, of at most one piece.
pub(crate) async fn line<C: Connect, I>(running: &mut Running<'_, C, I>) -> String
where
    I: tokio::io::AsyncRead + Unpin + Send,
{
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        match within(running.next()).await.unwrap() {
            Some(Event::Stdout(bytes) | Event::Stderr(bytes)) => line.extend_from_slice(&bytes),
            Some(Event::Started { .. }) => {}
            other => panic!("{other:?} came instead of a line"),
        }
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

/// The end of a command, past all its output.
pub(crate) async fn end<C: Connect, I>(running: &mut Running<'_, C, I>) -> Outcome
where
    I: tokio::io::AsyncRead + Unpin + Send,
{
    within(running.copy(&mut tokio::io::sink(), &mut tokio::io::sink())).await.unwrap()
}

/// Waits until a process is gone, or at least has ended.
#[cfg(target_os = "linux")]
pub(crate) async fn gone(pid: &str) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    let waiting = tokio::task::spawn_blocking(move || {
        let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
        let patience = Timespec::try_from(PATIENCE).unwrap();
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&patience)).unwrap() == 1
    });
    assert!(waiting.await.unwrap(), "process {pid:?} lives on");
}

/// Whether a process is there, be it only as a zombie.
pub(crate) fn exists(pid: &str) -> bool {
    std::path::Path::new("/proc").join(pid).exists()
}

/// Bytes that do not repeat.
pub(crate) fn content(len: usize) -> Vec<u8> {
    let mut state = len as u64 | 1;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}
