//! What every program is told on its command line, and in its environment.

mod address;
mod home;
mod rate;

pub(crate) use address::Address;
pub(crate) use home::Home;
pub use rate::{Rate, RateError};

use tracing_subscriber::filter::LevelFilter;

/// The options that every program has, before and after its subcommands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CommonArgs {
    /// The server: HOST, HOST:PORT or [IPV6]:PORT
    #[arg(short, long, global = true, env = "SEAM_SERVER", value_name = "ADDR")]
    pub(crate) server: Option<Address>,

    /// Speak without encryption (so far all there is)
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
    /// Sends what the crates have to tell to standard error, as much of it as was asked for.
    pub(crate) fn start_tracing(&self) {
        let level = match self.verbose {
            0 if self.quiet => LevelFilter::ERROR,
            0 => LevelFilter::WARN,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .with_ansi(console::colors_enabled_stderr())
            .without_time()
            .with_target(self.verbose > 1)
            .init();
    }
}
