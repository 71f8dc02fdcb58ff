//! `run` and `shell` with the tutorial's own servers, which know nothing but raw text.

use cmdexec::classic::{ClassicClient, ClassicMode};

use super::args::HowArgs;
use super::event::ExecEvent;
use super::explain::explain_classic;
use super::forward::Catch;
use super::output::{Output, Stream};
use super::{args::DEFAULT_PORT, args::SERVICE};
use crate::exit::Exit;
use crate::peer::Dialer;
use crate::problem::Problem;
use crate::report::text;
use crate::settings::CommonArgs;

/// One of the tutorial's servers.
pub(super) struct Classic {
    client: ClassicClient<Dialer>,
    server: String,
}

impl Classic {
    /// The server that was named, or the usual one of this machine.
    pub(super) fn new(
        mode: ClassicMode,
        how: &HowArgs,
        common: &CommonArgs,
    ) -> Result<Self, Problem> {
        if how.dir.is_some() || how.shell.is_some() || !how.env.is_empty() {
            return Err(Problem::usage(
                "--dir, --env and --shell mean nothing to the tutorial's servers: say it in the \
                 command, as in 'cd DIR; NAME=VALUE COMMAND'",
            ));
        }
        // The originals know nothing of encryption.
        let common = CommonArgs { plain: true, ..common.clone() };
        let server = common.server_or_local()?;
        let dialer = Dialer::new(&server, SERVICE, DEFAULT_PORT, &common)?;
        let server = dialer.address().to_owned();
        let mut client = ClassicClient::new(dialer, mode);
        if let Some(limit) = how.timeout {
            client = client.answer_within(limit.duration());
        }
        Ok(Self { client, server })
    }

    /// `HOST:PORT`.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Runs a command. Its exit status is unknown: an answer is all that can be had.
    pub(super) async fn run(
        &mut self,
        command: &str,
        output: &mut Output,
        catch: &mut Catch,
    ) -> Result<u8, Problem> {
        output.begin();
        let answer = tokio::select! {
            answer = self.client.run(command) => answer
                .map_err(|error| explain_classic("run", command.as_bytes(), &error))?,
            caught = catch.ending() => return Ok(caught.status()),
        };
        let bytes = answer.len() as u64;
        let written = async {
            output.put(Stream::Stdout, answer.into()).await?;
            output.end().await?;
            output.tell(&ExecEvent::Answered { bytes }).await
        };
        // What went wrong is what `finish` tells.
        let _ = written.await;
        tokio::select! {
            finished = output.finish() => finished.map_err(|error| {
                let message = format!("cannot write the output: {}", text::reason(&error));
                Problem::new(Exit::Failed, message)
            })?,
            caught = catch.ending() => return Ok(caught.status()),
        }
        Ok(Exit::Done.code())
    }
}
