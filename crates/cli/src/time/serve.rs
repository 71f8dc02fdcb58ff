//! `serve`: the time, for others.

use std::hash::RandomState;
use std::net::SocketAddr;

use jiff::tz::TimeZone;
use netserver::{
    DatagramHandle, DatagramHandler, DatagramLimits, DatagramReport, DatagramServer, RateLimit,
    Report as StreamReport, Running, ServeError, ServerHandle, StreamServer, UdpEndpoint,
};
use timesvc::{
    ClockClaim, DaytimeDatagrams, DaytimeStream, LegacyAnswers, Policy, Reach, SecondsDatagrams,
    SecondsStream, SntpDatagrams, TimeAnswers, TimeDatagrams,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::args::{DAYTIME_PORT, DEFAULT_PORT, NTP_PORT, SECONDS_PORT, ServeArgs};
use super::event::{Serving, TimeEvent};
use super::zone;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Report, text};
use crate::settings::Address;
use crate::signals::Signals;
use crate::sockets::{bind_both, bind_datagrams, local, resolve};

/// How many datagrams a second of one public source are answered, unless said otherwise.
const PUBLIC_RATE: u32 = 100;

/// A request of NTP is hardly ever longer than this, whatever extensions it has.
const MAX_NTP_BYTES: usize = 1024;

/// Serves until Ctrl-C.
pub(super) async fn serve(args: &ServeArgs, report: &Report) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let zone = zone(args.tz.as_deref())?;
    let sockets = Sockets::bind(args).await?;
    let serving = sockets.describe(args, &zone)?;
    let servers = sockets.start(args, &zone)?;
    let line = tell(&serving);
    report.tell(line, &TimeEvent::Serving(serving));
    servers.wait(&mut signals, report).await
}

/// The line that says that all is ready.
fn tell(serving: &Serving) -> String {
    let reach = if serving.public { "everybody" } else { "private addresses" };
    let zone = serving.zone.as_deref().unwrap_or("local time");
    let mut line = format!("serving the time at {}, to {reach}, {zone}", serving.address);
    for (name, address) in
        [("SNTP", &serving.ntp), ("daytime", &serving.daytime), ("seconds", &serving.time)]
    {
        if let Some(address) = address {
            line += &format!("; {name} at {address}");
        }
    }
    line
}

/// All that is listened on.
struct Sockets {
    time: UdpEndpoint,
    ntp: Option<UdpEndpoint>,
    daytime: Option<(TcpListener, UdpEndpoint)>,
    seconds: Option<(TcpListener, UdpEndpoint)>,
}

impl Sockets {
    async fn bind(args: &ServeArgs) -> Result<Self, Problem> {
        let both = async |address: &Option<Address>, port, option| match address {
            Some(address) => bind_both(resolve(address, port, option).await?, option).map(Some),
            None => Ok(None),
        };
        let ntp = match &args.ntp {
            Some(address) => {
                let addr = resolve(address, NTP_PORT, "--ntp").await?;
                let socket = bind_datagrams(addr, "--ntp")?;
                let stamped = socket.with_timestamps();
                let failed = |error| Problem::new(Exit::Failed, text::reason(&error));
                Some(stamped.map_err(|error| failed(error).on("--ntp", address))?)
            }
            None => None,
        };
        Ok(Self {
            time: bind_datagrams(resolve(&args.bind, DEFAULT_PORT, "--bind").await?, "--bind")?,
            ntp,
            daytime: both(&args.daytime, DAYTIME_PORT, "--daytime").await?,
            seconds: both(&args.time, SECONDS_PORT, "--time").await?,
        })
    }

    /// The sockets for datagrams, each with its option.
    fn datagrams(&self) -> impl Iterator<Item = (&UdpEndpoint, &'static str)> {
        [
            (Some(&self.time), "--bind"),
            (self.ntp.as_ref(), "--ntp"),
            (self.daytime.as_ref().map(|(_, socket)| socket), "--daytime"),
            (self.seconds.as_ref().map(|(_, socket)| socket), "--time"),
        ]
        .into_iter()
        .filter_map(|(socket, option)| Some((socket?, option)))
    }

    fn addrs(&self) -> Result<Vec<(SocketAddr, &'static str)>, Problem> {
        self.datagrams().map(|(socket, option)| Ok((local(socket, option)?, option))).collect()
    }

    fn describe(&self, args: &ServeArgs, zone: &TimeZone) -> Result<Serving, Problem> {
        let addrs = self.addrs()?;
        let at = |option| {
            let found = addrs.iter().find(|(_, its)| *its == option);
            found.map(|(addr, _)| addr.to_string())
        };
        Ok(Serving {
            address: at("--bind").expect("it is always bound"),
            ntp: at("--ntp"),
            daytime: at("--daytime"),
            time: at("--time"),
            zone: zone.iana_name().map(str::to_owned),
            public: args.public,
        })
    }

    fn start(self, args: &ServeArgs, zone: &TimeZone) -> Result<Servers, Problem> {
        let reach = if args.public { Reach::Everywhere } else { Reach::Private };
        let own_ports: Vec<u16> = self.addrs()?.iter().map(|(addr, _)| addr.port()).collect();
        let policy = Policy::default().reach(reach).own_ports(own_ports);
        let rate = args.max_rate.or(args.public.then_some(PUBLIC_RATE));
        let mut servers = Servers { rate: rate.map(RateLimit::per_second), ..Servers::default() };
        let legacy = || LegacyAnswers::new(zone.clone(), policy.clone(), RandomState::new());

        let answers = TimeAnswers::new(zone.clone(), policy.clone(), RandomState::new());
        servers.datagrams(self.time, TimeDatagrams::new(answers), DatagramLimits::default());
        if let Some(socket) = self.ntp {
            let claim = args.local_stratum.map_or(ClockClaim::Kernel, ClockClaim::Local);
            let limits =
                DatagramLimits::default().max_payload_bytes(MAX_NTP_BYTES).batch_datagrams(1);
            servers.datagrams(socket, SntpDatagrams::new(claim), limits);
        }
        if let Some((listener, socket)) = self.daytime {
            servers.streams(StreamServer::new(listener, DaytimeStream::new(zone.clone())).start());
            servers.datagrams(socket, DaytimeDatagrams::new(legacy()), DatagramLimits::default());
        }
        if let Some((listener, socket)) = self.seconds {
            servers.streams(StreamServer::new(listener, SecondsStream).start());
            servers.datagrams(socket, SecondsDatagrams::new(legacy()), DatagramLimits::default());
        }
        Ok(servers)
    }
}

/// The servers that run, and what stops them.
#[derive(Default)]
struct Servers {
    rate: Option<RateLimit>,
    datagram_handles: Vec<DatagramHandle>,
    stream_handles: Vec<ServerHandle>,
    ending: JoinSet<Ended>,
}

/// How a server ended.
enum Ended {
    Datagrams(Result<DatagramReport, ServeError<DatagramReport>>),
    Streams(Result<StreamReport, ServeError>),
}

/// What all of them did.
#[derive(Default)]
struct Totals {
    received: u64,
    sent: u64,
    accepted: u64,
    broken: Option<Problem>,
}

impl Servers {
    fn datagrams(
        &mut self,
        socket: UdpEndpoint,
        handler: impl DatagramHandler,
        limits: DatagramLimits,
    ) {
        let server = DatagramServer::new(socket, handler).limits(limits);
        let running = server.rate_limit(self.rate.clone()).start();
        self.datagram_handles.push(running.handle());
        self.ending.spawn(async { Ended::Datagrams(running.wait().await) });
    }

    fn streams(&mut self, running: Running) {
        self.stream_handles.push(running.handle());
        self.ending.spawn(async { Ended::Streams(running.wait().await) });
    }

    /// Waits for the signal to stop, or for a server that ends by itself; then ends all of them.
    async fn wait(mut self, signals: &mut Signals, report: &Report) -> Result<Exit, Problem> {
        let mut totals = Totals::default();
        tokio::select! {
            Some(ended) = self.ending.join_next() => totals.add(ended),
            () = signals.next() => {}
        }
        self.datagram_handles.iter().for_each(DatagramHandle::shutdown);
        self.stream_handles.iter().for_each(ServerHandle::shutdown);
        loop {
            tokio::select! {
                ended = self.ending.join_next() => match ended {
                    Some(ended) => totals.add(ended),
                    None => break,
                },
                () = signals.next() => return Ok(Exit::Interrupted),
            }
        }
        let Totals { received, sent, accepted, broken } = totals;
        report.note(format_args!("stopped: {received} received, {sent} sent, {accepted} accepted"));
        report.event(&TimeEvent::Stopped { received, sent, accepted });
        broken.map_or(Ok(Exit::Done), Err)
    }
}

impl Totals {
    fn add(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Datagrams(ended)) => {
                let done = ended.unwrap_or_else(|error| {
                    self.broken = Some(Problem::new(Exit::Failed, &error));
                    error.report
                });
                self.received += done.received;
                self.sent += done.sent;
            }
            Ok(Ended::Streams(ended)) => {
                let done = ended.unwrap_or_else(|error| {
                    self.broken = Some(Problem::new(Exit::Failed, &error));
                    error.report
                });
                self.accepted += done.accepted;
            }
            Err(error) => self.broken = Some(Problem::new(Exit::Failed, error)),
        }
    }
}
