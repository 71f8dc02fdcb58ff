//! What every program is told on its command line, and in its environment.

pub(crate) mod home;

mod address;
mod rate;
mod server;
mod span;

pub(crate) use address::Address;
pub(crate) use home::Home;
pub use rate::{Rate, RateError};
pub(crate) use server::{Server, ServerArg};
pub(crate) use span::Span;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::problem::Problem;

/// Under which name it is told who came in, and what was changed.
const AUDIT: &str = "seam::audit";

/// The options that every program has, before and after its subcommands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CommonArgs {
    /// The server: HOST, HOST:PORT or a ticket; @FILE or - to read it from a file or a pipe
    #[arg(
        short,
        long,
        global = true,
        env = "SEAM_SERVER",
        hide_env_values = true,
        value_name = "SERVER"
    )]
    pub(crate) server: Option<ServerArg>,

    /// Neither encrypt nor ask who calls: for the tutorial's programs and closed test networks
    #[arg(long, global = true)]
    pub(crate) plain: bool,

    /// Print one JSON object a line on standard output, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say what happens inside; -vv says more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl CommonArgs {
    /// The server that was named; where none was, the usual one on this machine.
    pub(crate) fn server_or_local(&self) -> Result<Server, Problem> {
        match &self.server {
            Some(server) => server.read(),
            None => Ok(Server::Address(Address::local())),
        }
    }

    /// Sends what the crates have to tell to standard error, as much of it as was asked for. A
    /// server also tells who came and what was changed, and when.
    pub(crate) fn start_tracing(&self, serves: bool) {
        let level = match self.verbose {
            0 if self.quiet => LevelFilter::ERROR,
            0 => LevelFilter::WARN,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let audit = if serves && !self.quiet { level.max(LevelFilter::INFO) } else { level };
        let filter = Targets::new().with_default(level).with_target(AUDIT, audit);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(console::colors_enabled_stderr())
            .with_target(self.verbose > 1);
        let registry = tracing_subscriber::registry().with(filter);
        match serves {
            true => registry.with(lines).init(),
            false => registry.with(lines.without_time()).init(),
        }
    }
}
