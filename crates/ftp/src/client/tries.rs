//! One call, made as often as it takes.

use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::backoff::Backoff;
use super::session::Session;
use super::{ClientError, Event, Observer, Options};

/// Whether a call may be made a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same once and twice.
    Always,
    /// When its answer was lost it may have been done, and a second time would mean another thing.
    UnlessLost,
}

/// The tries of one call.
pub(super) struct Tries {
    backoff: Backoff,
    repeat: Repeat,
    /// Whether the server was ever reached.
    met: bool,
    /// How many bytes of content the best try came to.
    furthest: u64,
}

impl Tries {
    pub(super) fn new(options: &Options, repeat: Repeat, met: bool) -> Self {
        Self { backoff: Backoff::new(options, Instant::now()), repeat, met, furthest: 0 }
    }

    /// A try came as far as a session.
    pub(super) fn called<T>(&mut self, session: &mut Session<T>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.met |= session.is_welcome();
        let reached = session.take_reached();
        // To move the same again is no progress: a line that always breaks at the same place
        // would be tried for ever.
        if reached > self.furthest {
            self.furthest = reached;
            self.backoff.progressed(Instant::now());
        }
    }

    /// Takes the outcome of a try; after one that is worth another, waits and returns `None`.
    pub(super) async fn judge<T>(
        &mut self,
        outcome: Result<T, ClientError>,
        observer: &dyn Observer,
    ) -> Result<Option<T>, ClientError> {
        let error = match outcome {
            Ok(done) => return Ok(Some(done)),
            Err(error) => error,
        };
        // Who was never reached is not there; who was, may come back, and broke off its welcome.
        let hopeless = error.is_about_the_connection() && !self.met;
        let broke_off = matches!(error, ClientError::Stranger { .. }) && self.met;
        let again = error.is_worth_another_try() || broke_off;
        let lost = matches!(error, ClientError::Lost { .. });
        if !again || hopeless || (lost && self.repeat == Repeat::UnlessLost) {
            return Err(error);
        }
        let Some(delay) = self.backoff.next(&error, Instant::now()) else {
            return Err(self.backoff.give_up(error));
        };
        observer.event(Event::Retrying { error: &error, attempt: self.backoff.total(), delay });
        tokio::time::sleep(delay).await;
        Ok(None)
    }
}

/// Makes a call on a session, as often as it takes and the options allow. (A macro, because the
/// futures of a function that takes async closures cannot be shown to be `Send`.)
macro_rules! attempt {
    ($client:ident, $repeat:expr, $observer:expr, |$session:ident| $call:expr) => {{
        let mut tries = Tries::new(&$client.options, $repeat, $client.session.is_some());
        loop {
            let outcome = match $client.take_session().await {
                Ok(mut $session) => {
                    let outcome = $call.await;
                    $client.keep($session, &mut tries, outcome)
                }
                Err(error) => Err(error),
            };
            if let Some(done) = tries.judge(outcome, $observer).await? {
                break Ok(done);
            }
        }
    }};
}
pub(super) use attempt;
