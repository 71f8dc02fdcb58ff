//! `serve`: a directory for others.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ftp::{Access, Audit, FileService, LocalStore, Store};
use identity::{Gate, Home, Paths, Rights, ServerTls, Share};
use netserver::{Penalties, Running, StreamServer};

use super::args::{DEFAULT_PORT, SERVICE, ServeArgs};
use super::door::GuardedFiles;
use super::os;
use crate::exit::Exit;
use crate::peer::{Door, listen, resolve};
use crate::problem::Problem;
use crate::report::{Event, Report};
use crate::settings::CommonArgs;
use crate::signals::Signals;
use crate::ticket::how_to_make;

/// What a browser is told that knocks at an encrypted port.
const WHAT_LIVES_HERE: &str = "This is a file server of Seam, not a web site, and encrypted.\n\
    Its files are listed by: ftp-cli -s HOST:PORT ls\n";

/// Serves until Ctrl-C; a second one does not wait for the transfers under way.
pub(super) async fn serve(args: &ServeArgs, common: &CommonArgs, report: &Report) -> Exit {
    let started = async {
        let (root, store) = open(&args.dir, args.write)
            .map_err(|problem| problem.on("serve", os::show(&args.dir)))?;
        let addr = resolve(&args.bind, DEFAULT_PORT).await?;
        check_reach(addr, args, common)?;
        check_ticket(args, common)?;
        let served = Served::new(store, offered(args.write), &root, common.plain)?;
        let running = served.start(addr)?;
        tell(&running, &root, args, common, report)?;
        Ok(running)
    };
    match started.await {
        Ok(running) => wait(running, report).await,
        Err(problem) => {
            let problem: Problem = problem;
            report.problem(&problem);
            problem.exit
        }
    }
}

/// Without encryption other machines are let in only by whoever says so twice.
fn check_reach(addr: SocketAddr, args: &ServeArgs, common: &CommonArgs) -> Result<(), Problem> {
    // Not left to clap, which does not see a --plain that stands before the subcommand.
    if args.let_everyone_in && !common.plain {
        let message = "--let-everyone-in is for --plain: with keys a ticket lets others in";
        return Err(Problem::usage(message));
    }
    if addr.ip().is_loopback() || !common.plain || args.let_everyone_in {
        return Ok(());
    }
    let message = format!(
        "{addr} can be reached from other machines, and with --plain everyone there could read \
         {} what is served: leave out --plain, or say --let-everyone-in if that is meant",
        if args.write { "and change" } else { "all of" }
    );
    Err(Problem::usage(message).on("serve", os::show(&args.dir)))
}

/// A ticket gives no more than is served. That is said before anything is served.
fn check_ticket(args: &ServeArgs, common: &CommonArgs) -> Result<(), Problem> {
    let Some(granted) = &args.ticket else { return Ok(()) };
    if common.plain {
        let message = "a ticket is for an encrypted connection: leave out --plain";
        return Err(Problem::usage(message).on("--ticket", granted));
    }
    if !offered(args.write).cover(granted) {
        let message = "a ticket cannot give more than is served: writing needs --write";
        return Err(Problem::usage(message).on("--ticket", granted));
    }
    Ok(())
}

/// Tells what is reachable by whom, and makes the ticket that was asked for.
fn tell(
    running: &Running,
    root: &Path,
    args: &ServeArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<(), Problem> {
    let address = running.local_addr().to_string();
    let rights: &[&str] = if args.write { &["read", "write"] } else { &["read"] };
    let access = if args.write { "writable" } else { "read-only" };
    let how = match common.plain {
        true => "plain: not encrypted, for everyone who reaches it",
        false => "encrypted",
    };
    let plain = common.plain;
    report.tell(
        format_args!("serving {} at {address}, {access}, {how}", os::show(root)),
        &Event::Serving { address: address.clone(), root: os::lossy(root), rights, plain },
    );
    if plain {
        return Ok(());
    }
    let Some(granted) = &args.ticket else {
        let addr = running.local_addr().ip();
        let new = how_to_make("ftp-cli", Some(root), addr, DEFAULT_PORT);
        report.note(format_args!("for this account, and for whom a ticket lets in: {new}"));
        return Ok(());
    };
    let addr = running.local_addr().ip().expect("a TCP server has an address");
    let share = share(root)?;
    let issued = args.terms.issue(&Home::from_env()?, share, granted.clone(), None, addr)?;
    issued.tell(report, "ftp-cli ls -s TICKET, then get, put ...");
    Ok(())
}

/// All that a server offers to anybody.
pub(super) fn offered(writable: bool) -> Rights {
    let write = if writable { Paths::all() } else { Paths::none() };
    Rights::none().read(Paths::all()).write(write)
}

/// What rights are about here.
pub(super) fn share(root: &Path) -> Result<Share, Problem> {
    Share::new(SERVICE, root)
        .map_err(|error| Problem::new(Exit::Failed, os::reason(&error)).on("serve", os::show(root)))
}

/// Waits for the signal to stop, and then for the transfers under way.
async fn wait(running: Running, report: &Report) -> Exit {
    let mut signals = Signals::new();
    let handle = running.handle();
    let mut ending = std::pin::pin!(running.wait());
    let ended = tokio::select! {
        ended = &mut ending => ended,
        () = signals.next() => {
            handle.shutdown();
            report.note("stopping when the transfers under way are done; again: at once");
            tokio::select! {
                ended = &mut ending => ended,
                () = signals.next() => return Exit::Interrupted,
            }
        }
    };
    match ended {
        Ok(ended) => {
            report.note(format_args!("stopped: {ended}"));
            report.event(&Event::Stopped { accepted: ended.accepted, aborted: ended.aborted });
            Exit::Done
        }
        Err(error) => {
            report.problem(&Problem::new(Exit::Failed, &error).on("serve", error.local));
            Exit::Failed
        }
    }
}

/// Opens what is to be served.
pub(super) fn open(dir: &Path, writable: bool) -> Result<(PathBuf, LocalStore), Problem> {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(Exit::NotFound, "there is no such directory"),
        io::ErrorKind::NotADirectory => Problem::new(Exit::Failed, "it is not a directory"),
        io::ErrorKind::PermissionDenied => {
            Problem::new(Exit::Denied, "it may not be read by this account")
        }
        _ => Problem::new(Exit::Failed, os::reason(error)),
    };
    let root = fs::canonicalize(dir).map_err(|error| failed(&error))?;
    // What cannot be listed is noticed now, not by the first client.
    fs::read_dir(&root).map_err(|error| failed(&error))?;
    let store = LocalStore::open(&root, writable).map_err(|error| failed(&error.source))?;
    Ok((root, store))
}

/// A file service, and the door before it.
pub(super) struct Served<S> {
    files: GuardedFiles<S>,
    door: Door,
    penalties: Option<Penalties>,
}

impl<S: Store> Served<S> {
    /// A store for those who may come in, or plain for everyone.
    pub(super) fn new(
        store: S,
        offered: Rights,
        root: &Path,
        plain: bool,
    ) -> Result<Self, Problem> {
        let store = Arc::new(store);
        if plain {
            let access = Access::default().write(!offered.write.is_empty());
            let files = GuardedFiles::open_to_all(FileService::new(store).access(access));
            return Ok(Self { files, door: Door::plain(), penalties: None });
        }
        Self::guarded(FileService::new(store), share(root)?, offered)
    }

    /// A service for those whom the account's books let in to a share.
    pub(super) fn guarded(
        service: FileService<S>,
        share: Share,
        offered: Rights,
    ) -> Result<Self, Problem> {
        let home = Home::from_env()?;
        let tls = ServerTls::new(&home.key()?, SERVICE);
        let gate = Gate::new(&home, share, offered)?;
        Ok(Self {
            files: GuardedFiles::behind(gate, service),
            door: Door::encrypted(tls, WHAT_LIVES_HERE),
            penalties: Some(Penalties::default()),
        })
    }

    /// Tells `audit` what was done, instead of the log.
    pub(super) fn audited_by(self, audit: Arc<dyn Audit>) -> Self {
        Self { files: self.files.audited_by(audit), ..self }
    }

    /// Counts in `sent` what goes out.
    pub(super) fn counted_by(self, sent: Arc<AtomicU64>) -> Self {
        Self { door: self.door.counted_by(sent), ..self }
    }

    /// Starts it.
    pub(super) fn start(self, addr: SocketAddr) -> Result<Running, Problem> {
        let Self { files, door, penalties } = self;
        let listener = listen(addr)?;
        Ok(StreamServer::new(listener, files).upgrade(door).penalties(penalties).start())
    }
}
