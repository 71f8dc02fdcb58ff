use std::collections::VecDeque;

use netserver::{Addr, Route};
use proto::safe;

use super::MAX_RAW_BYTES;

/// The operator's desk: each client that writes has a thread of its own, and what the operator
/// types goes to the one that is chosen.
///
/// A pure value, fed datagrams and lines. In a pipe, where nobody chooses, each line answers
/// whoever has waited longest.
///
/// ```
/// use netserver::Route;
/// use udpchat::tutorial::{Desk, DeskStep};
///
/// let mut desk = Desk::default();
/// let client = |port| Route::to(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
/// let arrival = desk.receive(&client(5001), "在吗".as_bytes());
/// assert_eq!(arrival.to_string(), "[127.0.0.1:5001] 在吗");
/// desk.receive(&client(5002), b"hello");
///
/// let DeskStep::Send(reply) = desk.line("在")? else { panic!("it is an answer") };
/// assert_eq!(reply.route, client(5001));
/// let DeskStep::Send(reply) = desk.line("@2 hi")? else { panic!("it is an answer") };
/// assert_eq!(reply.route, client(5002));
/// # Ok::<(), udpchat::tutorial::DeskError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Desk {
    limits: DeskLimits,
    /// In the order of their numbers.
    threads: Vec<Thread>,
    /// The numbers of those that wait for an answer, the longest first; once for each message.
    unanswered: VecDeque<u64>,
    chosen: Option<u64>,
    numbered: u64,
}

/// How much a desk remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeskLimits {
    /// How many clients have a thread; default 256. One more takes the place of the one that has
    /// been silent longest, because anybody can write from any number of addresses.
    pub max_threads: usize,
    /// How many messages a thread keeps; default 50. Older ones are forgotten.
    pub max_messages: usize,
}

/// What one client and the operator have said.
#[derive(Clone, Debug)]
pub struct Thread {
    number: u64,
    route: Route,
    messages: VecDeque<Said>,
    /// The desk's count of arrivals when it was last heard of.
    heard: u64,
}

/// One message of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether the operator said it.
    pub ours: bool,
    /// What was said, safe to show.
    pub text: String,
}

/// A message that has come; it prints as `[127.0.0.1:5001] text`, safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// The number of its thread.
    pub thread: u64,
    /// Who sent it.
    pub peer: Addr,
    /// What it says, safe to show.
    pub text: String,
}

/// What follows from a line of the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeskStep {
    /// Send this.
    Send(Reply),
    /// What is typed now goes to the thread of this number, or again to whoever has waited longest.
    Chosen(Option<u64>),
}

/// A reply and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The number of its thread.
    pub thread: u64,
    /// The way to the client.
    pub route: Route,
    /// What to send; it may be empty.
    pub bytes: Vec<u8>,
}

/// Why a line is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// Nobody waits and nobody is chosen.
    #[error("nobody waits for an answer; choose somebody with @NUMBER or @ADDRESS")]
    Nobody,
    /// There is no such thread.
    #[error(
        "there is no client {found}; a client is chosen by the number of its thread or its address"
    )]
    Unknown {
        /// What was asked for, safe to show.
        found: String,
    },
    /// The original clients would lose the end of it.
    #[error("a reply of {found} bytes is longer than the {MAX_RAW_BYTES} that clients read")]
    TooLong {
        /// Its length.
        found: usize,
    },
}

impl Default for DeskLimits {
    fn default() -> Self {
        Self { max_threads: 256, max_messages: 50 }
    }
}

impl DeskLimits {
    /// Sets [`max_threads`](Self#structfield.max_threads); 0 counts as 1.
    #[must_use]
    pub fn max_threads(mut self, count: usize) -> Self {
        self.max_threads = count.max(1);
        self
    }

    /// Sets [`max_messages`](Self#structfield.max_messages).
    #[must_use]
    pub fn max_messages(mut self, count: usize) -> Self {
        self.max_messages = count;
        self
    }
}

impl Desk {
    /// An empty desk.
    #[must_use]
    pub fn new(limits: DeskLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The threads, in the order in which they began.
    pub fn threads(&self) -> impl ExactSizeIterator<Item = &Thread> {
        self.threads.iter()
    }

    /// The thread that lines go to, if one was chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Thread> {
        self.thread(self.chosen?)
    }

    /// How many messages have not been answered.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Takes a datagram.
    pub fn receive(&mut self, route: &Route, bytes: &[u8]) -> Arrival {
        let text = shown(bytes);
        let number = self.thread_of(route);
        let max_messages = self.limits.max_messages;
        let thread = self.thread_mut(number).expect("it was found or begun just now");
        // The client may have come by another address of ours this time.
        thread.route = route.clone();
        thread.say(Said { ours: false, text: text.clone() }, max_messages);
        if self.unanswered.len() == self.limits.max_threads {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(number);
        Arrival { thread: number, peer: route.peer().clone(), text }
    }

    /// Takes a line that the operator typed: `@NUMBER` or `@ADDRESS` chooses a thread, `@NUMBER
    /// text` answers there once, `@` chooses nobody, and anything else is an answer to the chosen
    /// one, or else to whoever has waited longest. `@@` begins an answer that begins with `@`.
    ///
    /// # Errors
    ///
    /// If there is nobody to answer, or the answer is too long.
    pub fn line(&mut self, line: &str) -> Result<DeskStep, DeskError> {
        if let Some(text) = line.strip_prefix("@@") {
            return self.answer(&format!("@{text}"));
        }
        let Some(command) = line.strip_prefix('@') else {
            return self.answer(line);
        };
        let (who, text) = match command.split_once(' ') {
            Some((who, text)) => (who, Some(text)),
            None => (command.trim(), None),
        };
        if who.is_empty() {
            self.chosen = None;
            return Ok(DeskStep::Chosen(None));
        }
        let number = self.find(who)?;
        match text {
            Some(text) => self.answer_to(number, text),
            None => {
                self.chosen = Some(number);
                Ok(DeskStep::Chosen(self.chosen))
            }
        }
    }

    fn answer(&mut self, text: &str) -> Result<DeskStep, DeskError> {
        let number = self.chosen.or(self.unanswered.front().copied()).ok_or(DeskError::Nobody)?;
        self.answer_to(number, text)
    }

    fn answer_to(&mut self, number: u64, text: &str) -> Result<DeskStep, DeskError> {
        if text.len() > MAX_RAW_BYTES {
            return Err(DeskError::TooLong { found: text.len() });
        }
        let max_messages = self.limits.max_messages;
        let thread = self.thread_mut(number).ok_or(DeskError::Nobody)?;
        thread.say(Said { ours: true, text: safe(text).to_string() }, max_messages);
        let route = thread.route.clone();
        if let Some(place) = self.unanswered.iter().position(|&waiting| waiting == number) {
            self.unanswered.remove(place);
        }
        Ok(DeskStep::Send(Reply { thread: number, route, bytes: text.into() }))
    }

    fn find(&self, who: &str) -> Result<u64, DeskError> {
        let is_it = |thread: &&Thread| {
            who.parse() == Ok(thread.number) || thread.route.peer().to_string() == who
        };
        let unknown = || DeskError::Unknown { found: safe(who).to_string() };
        self.threads.iter().find(is_it).map(Thread::number).ok_or_else(unknown)
    }

    /// The number of a peer's thread, which begins if there is none.
    fn thread_of(&mut self, route: &Route) -> u64 {
        self.numbered += 1;
        let now = self.numbered;
        let is_its = |thread: &&mut Thread| thread.route.peer() == route.peer();
        if let Some(thread) = self.threads.iter_mut().find(is_its) {
            thread.heard = now;
            return thread.number;
        }
        if self.threads.len() == self.limits.max_threads {
            self.forget_the_most_silent();
        }
        let number = self.threads.last().map_or(1, |last| last.number + 1);
        let messages = VecDeque::new();
        self.threads.push(Thread { number, route: route.clone(), messages, heard: now });
        number
    }

    /// The chosen one stays, unless it is the only one.
    fn forget_the_most_silent(&mut self) {
        let chosen = self.chosen;
        let silent = |(_, thread): &(usize, &Thread)| (Some(thread.number) == chosen, thread.heard);
        let Some((place, _)) = self.threads.iter().enumerate().min_by_key(silent) else {
            return;
        };
        let gone = self.threads.remove(place).number;
        self.unanswered.retain(|&number| number != gone);
        self.chosen = chosen.filter(|&number| number != gone);
    }

    fn thread(&self, number: u64) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.number == number)
    }

    fn thread_mut(&mut self, number: u64) -> Option<&mut Thread> {
        self.threads.iter_mut().find(|thread| thread.number == number)
    }
}

impl Thread {
    /// What it is chosen by.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Who the client is.
    #[must_use]
    pub fn peer(&self) -> &Addr {
        self.route.peer()
    }

    /// The messages that are remembered, the oldest first.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = &Said> {
        self.messages.iter()
    }

    fn say(&mut self, said: Said, max_messages: usize) {
        self.messages.push_back(said);
        while self.messages.len() > max_messages {
            self.messages.pop_front();
        }
    }
}

/// A message as it is kept: of one that is longer than the original server would read, the
/// beginning and its length.
fn shown(bytes: &[u8]) -> String {
    match bytes.get(..MAX_RAW_BYTES) {
        Some(beginning) if bytes.len() > MAX_RAW_BYTES => {
            format!("{}… ({} bytes)", safe(beginning), bytes.len())
        }
        _ => safe(bytes).to_string(),
    }
}

impl std::fmt::Display for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.peer, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn client(port: u16) -> Route {
        Route::to(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn sent(step: Result<DeskStep, DeskError>) -> (u64, Vec<u8>) {
        match step {
            Ok(DeskStep::Send(reply)) => (reply.thread, reply.bytes),
            other => panic!("nothing is sent: {other:?}"),
        }
    }

    #[test]
    fn in_a_pipe_whoever_waited_longest_is_answered() {
        let mut desk = Desk::default();
        assert_eq!(desk.line("hello?"), Err(DeskError::Nobody));
        for port in [1, 2, 1] {
            desk.receive(&client(port), b"hi");
        }
        assert_eq!(sent(desk.line("a")), (1, b"a".to_vec()));
        assert_eq!(sent(desk.line("")), (2, b"".to_vec()));
        assert_eq!(sent(desk.line("c")), (1, b"c".to_vec()));
        assert_eq!(desk.line("d"), Err(DeskError::Nobody));
    }

    #[test]
    fn the_chosen_one_gets_everything_until_another_is_chosen() {
        let mut desk = Desk::default();
        for port in [1, 2] {
            desk.receive(&client(port), b"hi");
        }
        assert_eq!(desk.line("@127.0.0.1:2"), Ok(DeskStep::Chosen(Some(2))));
        assert_eq!(sent(desk.line("a")).0, 2);
        assert_eq!(sent(desk.line("b")).0, 2);
        assert_eq!(sent(desk.line("@1 c")), (1, b"c".to_vec()));
        assert_eq!(sent(desk.line("@@home")), (2, b"@home".to_vec()));
        assert_eq!(desk.line("@7"), Err(DeskError::Unknown { found: "7".into() }));
        assert_eq!(desk.line("@"), Ok(DeskStep::Chosen(None)));
        assert_eq!(desk.line("d"), Err(DeskError::Nobody));
        assert!(matches!(desk.line(&"x".repeat(1025)), Err(DeskError::Nobody)));
        assert_eq!(
            desk.line(&format!("@1 {}", "x".repeat(1025))),
            Err(DeskError::TooLong { found: 1025 })
        );
    }

    #[test]
    fn a_million_clients_take_the_memory_of_a_few() {
        let mut desk = Desk::new(DeskLimits::default().max_threads(8).max_messages(3));
        desk.receive(&client(1), b"I am chosen");
        desk.line("@1").unwrap();
        for port in 2..=u16::MAX {
            desk.receive(&client(port), b"flood");
        }
        for _ in 0..10 {
            desk.receive(&client(1), b"still here");
        }
        assert_eq!(desk.threads().len(), 8);
        assert_eq!(desk.chosen().unwrap().messages().len(), 3);
        assert!(desk.unanswered() <= 8);
    }

    #[test]
    fn what_a_client_sends_is_made_safe() {
        let mut desk = Desk::default();
        let arrival = desk.receive(&client(9), b"\x1b[2J\xb0");
        assert_eq!(arrival.to_string(), r"[127.0.0.1:9] \x1b[2J\xb0");
        assert_eq!(desk.receive(&client(9), b"").text, "");
        let long = desk.receive(&client(9), &[b'x'; 65_507]).text;
        assert!(long.ends_with("xxx… (65507 bytes)") && long.len() < 1100);
    }
}
