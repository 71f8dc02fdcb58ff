//! `serve`: a directory for others.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp::{Access, FileService, LocalStore};
use netserver::{Running, StreamServer};

use super::args::{DEFAULT_PORT, ServeArgs};
use super::os;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Event, Report};
use crate::settings::{Address, CommonArgs};
use crate::signals::Signals;

/// Serves until Ctrl-C; a second one does not wait for the transfers under way.
pub(super) async fn serve(args: &ServeArgs, common: &CommonArgs, report: &Report) -> Exit {
    let (running, root) = match start(args, common).await {
        Ok(started) => started,
        Err(problem) => {
            report.problem(&problem);
            return problem.exit;
        }
    };
    let address = running.local_addr().to_string();
    let rights: &[&str] = if args.write { &["read", "write"] } else { &["read"] };
    let access = if args.write { "writable" } else { "read-only" };
    report.tell(
        format_args!("serving {} at {address}, {access}, plain (not encrypted)", os::show(&root)),
        &Event::Serving { address: address.clone(), root: os::lossy(&root), rights, plain: true },
    );
    wait(running, report).await
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

/// Starts a server; also tells its directory as it is, without links.
async fn start(args: &ServeArgs, common: &CommonArgs) -> Result<(Running, PathBuf), Problem> {
    let on = |problem: Problem| problem.on("serve", os::show(&args.dir));
    let (root, store) = open(&args.dir, args.write).map_err(on)?;
    let addr = resolve(&args.bind).await?;
    if !addr.ip().is_loopback() && !common.plain {
        let message = format!(
            "{addr} can be reached from other machines, and nothing is encrypted yet: \
             say --plain if the network is to be trusted"
        );
        return Err(Problem::usage(message).on("serve", os::show(&args.dir)));
    }
    Ok((listen(addr, store, args.write)?, root))
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

/// Serves a store at an address.
pub(super) fn listen(
    addr: SocketAddr,
    store: LocalStore,
    writable: bool,
) -> Result<Running, Problem> {
    let listener = netserver::bind_tcp(addr).map_err(|error| match error.source.kind() {
        io::ErrorKind::AddrInUse => {
            let message = format!(
                "{addr} is in use by another program; choose one with --bind {}:PORT",
                Host(addr)
            );
            Problem::new(Exit::Failed, message)
        }
        io::ErrorKind::PermissionDenied => {
            let message =
                format!("listening on {addr} is not permitted; ports below 1024 rarely are");
            Problem::new(Exit::Denied, message)
        }
        _ => Problem::new(Exit::Failed, &error),
    })?;
    let access = Access::default().write(writable);
    let service = FileService::new(Arc::new(store)).access(access).classic(true);
    Ok(StreamServer::new(listener, service).start())
}

/// An address the way it is written before a port.
struct Host(SocketAddr);

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            SocketAddr::V4(addr) => addr.ip().fmt(f),
            SocketAddr::V6(addr) => write!(f, "[{}]", addr.ip()),
        }
    }
}

async fn resolve(bind: &Address) -> Result<SocketAddr, Problem> {
    let found = tokio::net::lookup_host((bind.host(), bind.port_or(DEFAULT_PORT))).await;
    match found.map(|mut addrs| addrs.next()) {
        Ok(Some(addr)) => Ok(addr),
        Ok(None) => Err(Problem::new(Exit::Failed, "it has no address").on("--bind", bind)),
        Err(error) => Err(Problem::new(Exit::Failed, os::reason(&error)).on("--bind", bind)),
    }
}
