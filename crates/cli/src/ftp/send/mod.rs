//! `send`: a few things for somebody elsewhere, until they were fetched.

mod fetched;
mod shelf;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use ftp::FileService;
use identity::{Home, Paths, Rights, Share, TicketId};
use netserver::Running;

use self::fetched::Fetched;
use super::args::{DEFAULT_PORT, SendArgs};
use super::os;
use super::serve::{self, Served};
use crate::exit::Exit;
use crate::peer::resolve;
use crate::problem::Problem;
use crate::report::{Event, Report, Sending};
use crate::settings::CommonArgs;
use crate::signals::Signals;
use crate::ticket::Issued;

/// Serves until everything was fetched, or the ticket has expired with nobody there.
pub(super) async fn send(args: &SendArgs, common: &CommonArgs, report: &Report) -> Exit {
    let errand = match Errand::start(args, common, report).await {
        Ok(errand) => errand,
        Err(problem) => {
            report.problem(&problem);
            return problem.exit;
        }
    };
    let ended = errand.attend(report).await;
    match errand.finish(ended).await {
        Ok(exit) => exit,
        Err(problem) => {
            report.problem(&problem);
            problem.exit
        }
    }
}

/// One `send`, from its beginning to its end.
struct Errand {
    running: Running,
    fetched: Arc<Fetched>,
    sent: Arc<AtomicU64>,
    size: u64,
    label: String,
    issued: Issued,
    _share: OwnShare,
}

/// How it came to its end.
enum Ended {
    Fetched,
    Expired,
    Interrupted,
}

impl Errand {
    async fn start(args: &SendArgs, common: &CommonArgs, report: &Report) -> Result<Self, Problem> {
        if common.plain {
            let message = "what is sent is always encrypted: leave out --plain, or use serve";
            return Err(Problem::usage(message));
        }
        let shelf = Arc::new(shelf::put_on(&args.paths)?);
        let names = shelf.names().cloned().collect();
        let home = Home::from_env()?;
        let own = OwnShare::make(&home)?;
        let offered = Rights::none().read(Paths::all());
        let fetched = Arc::new(Fetched::new(names, args.terms.uses, report.clone()));
        let service = FileService::new(Arc::clone(&shelf));
        let sent = Arc::new(AtomicU64::new(0));
        let addr = resolve(&args.bind, DEFAULT_PORT).await?;
        let running = Served::guarded(service, own.share.clone(), offered.clone())?
            .audited_by(fetched.clone())
            .counted_by(Arc::clone(&sent))
            .start(addr)?;
        let bound = running.local_addr().ip().expect("a TCP server has an address");
        let label = label(&args.paths);
        let (files, size) = tokio::task::spawn_blocking(move || shelf::count(&*shelf))
            .await
            .expect("counting does not panic");
        let mut terms = args.terms.clone();
        if terms.host.is_none() && bound.ip().is_loopback() {
            terms.host = Some(bound.ip().to_string());
        }
        let issued = terms.issue(&home, own.share.clone(), offered, None, bound)?;
        tell(report, bound, &label, files, size);
        issued.tell(report, "ftp-cli get TICKET");
        Ok(Self { running, fetched, sent, size, label, issued, _share: own })
    }

    /// Waits for the end, whatever it is.
    async fn attend(&self, report: &Report) -> Ended {
        let mut signals = Signals::new();
        let total = self.size.saturating_mul(u64::from(self.issued.terms.uses));
        let mut sending = Sending::new(report, &self.label, total, Arc::clone(&self.sent));
        let deadline = tokio::time::sleep(self.issued.terms.valid.duration());
        let ended = async {
            tokio::select! {
                biased;
                () = self.fetched.all() => Ended::Fetched,
                () = signals.next() => Ended::Interrupted,
                () = self.expiry(deadline) => Ended::Expired,
            }
        };
        sending.watch(ended).await
    }

    /// The time is over, and nobody is fetching any more.
    async fn expiry(&self, deadline: tokio::time::Sleep) {
        deadline.await;
        while self.running.counters().admitted > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Stops the server, so that its last words arrive, and takes the ticket back.
    async fn finish(self, ended: Ended) -> Result<Exit, Problem> {
        let Self { running, issued, .. } = self;
        running.shutdown();
        // Whatever became of the last connections: what was fetched is fetched.
        let _ = running.wait().await;
        revoke(issued.id)?;
        match ended {
            Ended::Fetched => Ok(Exit::Done),
            Ended::Interrupted => Ok(Exit::Interrupted),
            Ended::Expired => {
                let message = "the ticket has expired, and not everything was fetched";
                Err(Problem::new(Exit::Failed, message).on("send", issued.ticket.place))
            }
        }
    }
}

/// A share that there was never before and will never be again: whoever came in once by a ticket
/// comes in to nothing else.
struct OwnShare {
    share: Share,
    dir: PathBuf,
}

impl OwnShare {
    fn make(home: &Home) -> Result<Self, Problem> {
        // The key comes first: it makes the directory, and makes it private.
        home.key()?;
        let failed = |path: &Path, error: &io::Error| {
            Problem::new(Exit::Failed, os::reason(error)).on("make", os::show(path))
        };
        let all = home.dir().join("sending");
        fs::create_dir_all(&all).map_err(|error| failed(&all, &error))?;
        let dir = all.join(identity::Token::generate().reveal().as_str());
        fs::create_dir(&dir).map_err(|error| failed(&dir, &error))?;
        Ok(Self { share: serve::share(&dir)?, dir })
    }
}

impl Drop for OwnShare {
    fn drop(&mut self) {
        // An empty directory that stays behind harms nobody.
        let _ = fs::remove_dir(&self.dir);
    }
}

fn revoke(id: TicketId) -> Result<(), Problem> {
    let revoked = Home::from_env()?.tickets().revoke(&id.to_string());
    revoked.map(drop).map_err(|error| Problem::new(Exit::Failed, error).on("revoke", id))
}

fn tell(report: &Report, addr: SocketAddr, label: &str, files: u64, size: u64) {
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    report.note(format_args!(
        "sending {label}: {files}, {}, from {addr}",
        crate::report::text::size(size)
    ));
    report.event(&Event::Serving {
        address: addr.to_string(),
        root: label.to_owned(),
        rights: &["read"],
        plain: false,
    });
}

/// What it is called on one line.
fn label(paths: &[PathBuf]) -> String {
    match paths {
        [path] => os::show(path.file_name().map_or(path.as_path(), Path::new)).to_string(),
        paths => format!("{} things", paths.len()),
    }
}
