//! One native connection, from the hello to its end.

use std::sync::Arc;

use netserver::StopSignal;
use proto::{Algorithm, ConnectionError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::audit::Audit;
use super::execution::{self, Execution};
use super::places::Places;
use super::{Access, ServeError};
use crate::line::{Line, LineError, Waiting, bad_request};
use crate::policy::Policy;
use crate::run::{Plan, Process};
use crate::wire::{End, Failure, Proof, Run, Status};

/// What is the same for all requests of a connection.
pub(super) struct Session<'a, T> {
    pub(super) line: Line<T>,
    pub(super) policy: &'a Policy,
    pub(super) places: &'a Arc<Places>,
    pub(super) access: Access,
    pub(super) algorithm: Algorithm,
    pub(super) peer: String,
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Session<'_, T> {
    /// Answers requests in their order until the client has none left or the server stops.
    pub(super) async fn run(mut self, stop: &StopSignal) -> Result<(), ServeError> {
        loop {
            let waiting = tokio::select! {
                biased;
                waiting = self.line.request() => waiting,
                () = stop.stopped() => Ok(None),
            };
            let end = match waiting {
                Ok(Some(waiting)) => self.answer(waiting).await,
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match end {
                Ok(end) => self.line.say_end(end),
                Err(error) => return Err(self.give_up(error).await),
            }
        }
        Ok(self.line.connection().shutdown().await.map_err(LineError::from)?)
    }

    /// Ends a conversation that cannot go on. What was answered before still arrives, and then,
    /// as the end of request 0, which no client makes, why nothing more follows.
    async fn give_up(&mut self, error: LineError) -> ServeError {
        if !matches!(error, LineError::Connection(ConnectionError::Io(_))) {
            self.line.say_end(End::failed(0, bad_request(&error)));
            // It was to be given up anyway.
            let _ = self.line.connection().shutdown().await;
        }
        error.into()
    }

    async fn answer(&mut self, waiting: Waiting) -> Result<End, LineError> {
        let run = waiting.run;
        let audit = Audit::new(&self.peer, &self.access.owner, &run.command);
        let answered = match waiting.cancelled {
            true => Ok(Err(Failure::new(Status::Cancelled, "the request was cancelled"))),
            false => self.execute(&run).await,
        };
        audit.log(&answered);
        Ok(match answered? {
            Ok(proof) => End::ran(run.id, proof),
            Err(failure) => End::failed(run.id, failure),
        })
    }

    async fn execute(&mut self, run: &Run) -> Result<Result<Proof, Failure>, LineError> {
        let begun = match self.plan(run) {
            Ok((plan, place)) => Process::spawn(plan).await.map(|process| (process, place)),
            Err(refusal) => Err(refusal),
        };
        let (process, _place) = match begun {
            Ok(begun) => begun,
            Err(failure) => return Ok(Err(failure)),
        };
        let limits = execution::Limits::new(run, self.policy);
        Execution::new(&mut self.line, run, process, limits, self.algorithm).run().await.map(Ok)
    }

    /// What to run, and the place to run it in, if it may be run.
    fn plan(&self, run: &Run) -> Result<(Plan, super::places::Place), Failure> {
        if !self.access.exec {
            return Err(Failure::new(Status::Denied, "you may not run commands here"));
        }
        let argv = self.policy.admit(run)?;
        Ok((Plan::new(argv, run), self.places.take(&self.access.owner)?))
    }
}
