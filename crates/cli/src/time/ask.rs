//! `ask`: the time, from a server.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use timesvc::sntp::Sample;
use timesvc::{AskError, Client, DEFAULT_FORMAT, Hint, LocalTime, MAX_REPLY_BYTES, strftime};
use tokio::time::MissedTickBehavior;

use super::args::{AskArgs, DEFAULT_PORT, NTP_PORT};
use super::event::{Clock, TimeEvent};
use super::zone;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;
use crate::signals::Signals;
use crate::sockets::resolve;

/// How often `--watch` asks.
const PERIOD: Duration = Duration::from_secs(1);

/// Asks until it is answered, or with `--watch` until Ctrl-C.
pub(super) async fn ask(
    args: &AskArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    tokio::select! {
        biased;
        asked = ask_on(args, common, report) => asked,
        () = report.closed() => Ok(Exit::Done),
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

async fn ask_on(args: &AskArgs, common: &CommonArgs, report: &Report) -> Result<Exit, Problem> {
    let question = Question::new(args, common, report).await?;
    if !args.watch {
        question.put().await?;
        return Ok(Exit::Done);
    }
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A server that is gone may come back.
        if let Err(problem) = question.put().await {
            report.problem(&problem);
        }
    }
}

/// What is asked, whom, and where the answer goes.
struct Question<'a> {
    args: &'a AskArgs,
    server: String,
    client: Client,
    /// For the answers of SNTP, which have none.
    zone: TimeZone,
    report: &'a Report,
}

impl<'a> Question<'a> {
    async fn new(
        args: &'a AskArgs,
        common: &CommonArgs,
        report: &'a Report,
    ) -> Result<Self, Problem> {
        let port = if args.ntp { NTP_PORT } else { DEFAULT_PORT };
        let server = common.server_or_local()?;
        let addr = resolve(server.address()?, port, "ask").await?;
        let tz = args.tz.as_deref();
        if let Some(name) = tz.filter(|name| name.is_empty() || name.contains(' ')) {
            return Err(Problem::usage("a name of a time zone has no spaces").on("--tz", name));
        }
        Ok(Self {
            args,
            server: addr.to_string(),
            client: Client::new(addr).deadline(args.timeout),
            // By other ways the server knows the zones, and may know more of them.
            zone: if args.ntp { zone(tz)? } else { TimeZone::UTC },
            report,
        })
    }

    /// Asks once and tells the answer.
    async fn put(&self) -> Result<(), Problem> {
        if self.args.ntp { self.put_by_sntp().await } else { self.put_format().await }
    }

    async fn put_format(&self) -> Result<(), Problem> {
        let format = self.args.format.as_deref().unwrap_or_default();
        let prefix = self.args.tz.as_ref().map(|zone| format!("TZ={zone} "));
        let question = format!("{}{format}", prefix.as_deref().unwrap_or_default());
        let answer = self.client.ask(question.as_bytes()).await;
        let answer = answer.map_err(|error| self.problem(&error))?;
        if prefix.is_some_and(|prefix| answer.starts_with(prefix.as_bytes())) {
            let name = self.args.tz.as_deref().unwrap_or_default();
            let message = format!("{} does not know this time zone", self.server);
            return Err(Problem::new(Exit::NotFound, message).on("--tz", name));
        }
        if answer.is_empty() {
            let message =
                format!("{}: the formatted time is longer than servers send", self.server);
            return Err(Problem::new(Exit::Failed, message).on("ask", ftp::safe(format.as_bytes())));
        }
        self.tell(&answer);
        Ok(())
    }

    async fn put_by_sntp(&self) -> Result<(), Problem> {
        let sample = self.client.query().await.map_err(|error| self.problem(&error))?;
        let local = sample.server_time.to_zoned(self.zone.clone());
        if let Some(format) = &self.args.format {
            let time = LocalTime::new(local.timestamp(), &self.zone);
            let formatted = strftime(format.as_bytes(), &time, MAX_REPLY_BYTES);
            self.tell(&formatted.map_err(|error| Problem::new(Exit::Failed, error))?);
            return Ok(());
        }
        let line = format!(
            "{}  offset {}  delay {}  {}",
            local.strftime("%Y-%m-%d %H:%M:%S%.6f %:z"),
            milliseconds(sample.offset, true),
            milliseconds(sample.delay, false),
            standing(&sample),
        );
        let clock = Clock::new(self.server.clone(), &sample);
        self.report.tell(line, &TimeEvent::Clock(clock));
        Ok(())
    }

    /// A formatted time, made safe for a terminal.
    fn tell(&self, text: &[u8]) {
        let format = self.args.format.as_deref().filter(|format| !format.is_empty());
        let format = format.unwrap_or(DEFAULT_FORMAT);
        let lossy = String::from_utf8_lossy(text);
        let event = TimeEvent::Time { server: self.server.clone(), format, text: &lossy };
        self.report.tell(ftp::safe(text), &event);
    }

    fn problem(&self, error: &AskError) -> Problem {
        let exit = match error {
            AskError::FormatTooLong { .. } => Exit::Usage,
            AskError::Refused { .. } => Exit::Denied,
            _ => Exit::CannotConnect,
        };
        let problem = Problem::new(exit, error);
        match error {
            AskError::NoAnswer { hint: Hint::NobodyListens, .. } => problem.hint("time-cli serve"),
            _ => problem,
        }
    }
}

/// What there is to say of the server's clock.
fn standing(sample: &Sample) -> String {
    let known = if sample.is_synchronised() { "" } else { ", not synchronised" };
    format!("stratum {}{known}", sample.stratum)
}

fn milliseconds(duration: SignedDuration, signed: bool) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    if signed { format!("{milliseconds:+.3} ms") } else { format!("{milliseconds:.3} ms") }
}
