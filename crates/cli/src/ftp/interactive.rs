//! The prompt: commands typed, or from a pipe; with a store of its own where no server is.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ftp::{ClientError, Options};
use netserver::Running;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::args::{DEFAULT_PORT, FtpArgs, SERVICE, TransferArgs};
use super::complete::FtpCompleter;
use super::os;
use super::serve::{self, Served};
use super::session::{self, Session};
use super::typed::Outcome;
use crate::exit::Exit;
use crate::peer::{Dialer, tls_error};
use crate::problem::Problem;
use crate::prompt::{Editor, Input};
use crate::report::{Event, Report, text};
use crate::settings::{Address, CommonArgs, Home, Server, home};
use crate::signals::Signals;

/// How long somebody at the default address may take to prove to be one of ours.
const PROBE_WITHIN: Duration = Duration::from_secs(3);

/// Reads commands until there are no more.
pub(super) async fn run(args: &FtpArgs, report: &Report) -> Exit {
    let (mut session, own) = match connect(args, report).await {
        Ok(connected) => connected,
        Err(problem) => {
            report.problem(&problem);
            return problem.exit;
        }
    };
    session.local = env::current_dir().unwrap_or_default();
    session.program = "";
    let mut signals = Signals::new();
    let exit = match report.terminal().input {
        true => read_terminal(&mut session, &args.transfer, &mut signals).await,
        false => read_pipe(&mut session, &args.transfer, &mut signals).await,
    };
    // The client goes first, so that the server has nobody to wait for.
    session.client.lock().await.close().await;
    drop(session);
    if let Some(own) = own {
        own.shutdown();
        // How many connections a server had that served this very prompt is of no interest.
        let _ = own.wait().await;
    }
    exit
}

/// The server that was named, one of ours at the default address, or one of our own.
async fn connect(args: &FtpArgs, report: &Report) -> Result<(Session, Option<Running>), Problem> {
    let session = session::named(args, report)?;
    if args.common.server.is_some() {
        session.connect().await?;
        session.redeem().await?;
        report.note(format_args!("connected to {}; help lists the commands", session.server));
        return Ok((session, None));
    }
    let server = session.server.clone();
    match probe(&session).await {
        Probe::Ours => {
            report.note(format_args!("connected to {server}; help lists the commands"));
            return Ok((session, None));
        }
        Probe::Nobody => {}
        Probe::Stranger(why) => {
            report.note(format_args!("{server} is left alone: {why}"));
        }
    }
    let (running, address) = serve_own_store(&args.common, report).await?;
    let server = Server::Address(address.parse().expect("a server's address is one"));
    let dialer = Dialer::new(&server, SERVICE, DEFAULT_PORT, &args.common)?;
    Ok((Session::new(dialer, session::client_options(args), report.clone()), Some(running)))
}

/// Who is at the default address.
enum Probe {
    Ours,
    Nobody,
    /// Somebody else, or one of ours that does not let us in.
    Stranger(String),
}

async fn probe(session: &Session) -> Probe {
    let options = Options::default().attempts(0).connect_within(PROBE_WITHIN);
    let mut client = ftp::Client::new(session.dialer.clone(), options);
    match tokio::time::timeout(PROBE_WITHIN, client.connect()).await {
        Ok(Ok(())) => Probe::Ours,
        Ok(Err(ClientError::Connect { source, .. })) if tls_error(&source).is_some() => {
            Probe::Stranger(source.to_string())
        }
        Ok(Err(ClientError::Connect { .. })) => Probe::Nobody,
        Ok(Err(ClientError::Refused { message, .. })) => {
            Probe::Stranger(format!("it refused us: {}", ftp::safe(message.as_bytes())))
        }
        Ok(Err(_)) => Probe::Stranger("another program has that port".into()),
        Err(_) => Probe::Stranger("another program has that port, and does not answer".into()),
    }
}

/// Serves the account's own store in this process, and says so.
async fn serve_own_store(
    common: &CommonArgs,
    report: &Report,
) -> Result<(Running, String), Problem> {
    let home = Home::find().ok_or_else(|| {
        Problem::new(Exit::Failed, "this account has no home directory; SEAM_HOME can name one")
    })?;
    let made = home::make_private(&home.state).and_then(|()| home::make_private(&home.store));
    made.map_err(|error| {
        let store = os::show(&home.store);
        Problem::new(Exit::Failed, os::reason(&error)).on("make the store", store)
    })?;
    let (root, store) = serve::open(&home.store, true)
        .map_err(|problem| problem.on("open the store", os::show(&home.store)))?;
    let served = Served::new(store, serve::offered(true), &root, common.plain)?;
    let running = served.start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = running.local_addr().to_string();
    let shown = os::show(&root);
    if report.terminal().input {
        report.note(format_args!(
            "No server was named and none is running at {}, so while this prompt is open\n\
             this program serves a store of its own, at {address}:\n  {shown}\n{}",
            Address::local().with_default_port(DEFAULT_PORT),
            first_steps(&root),
        ));
    } else {
        report.note(format_args!("serving a store of its own, {shown}, at {address}"));
    }
    report.event(&Event::Serving {
        address: address.clone(),
        root: os::lossy(&root),
        rights: &["read", "write"],
        plain: common.plain,
    });
    Ok((running, address))
}

/// What to try first: an empty store must not look broken.
fn first_steps(root: &Path) -> String {
    match fs::read_dir(root).map_or(0, Iterator::count) {
        0 => "It is empty so far. Try: put FILE, then ls, then get FILE; help lists all commands."
            .into(),
        1 => "One thing is in it. Try: ls, get NAME, put FILE; help lists all commands.".into(),
        count => {
            format!(
                "{count} things are in it. Try: ls, get NAME, put FILE; help lists all commands."
            )
        }
    }
}

async fn read_terminal(session: &mut Session, outer: &TransferArgs, signals: &mut Signals) -> Exit {
    let mut editor = Editor::new(Home::history("ftp-history").as_deref());
    let stopper = editor.stopper();
    loop {
        let completer = Box::new(FtpCompleter::new(session));
        let mut reading = std::pin::pin!(editor.read(prompt(session), completer));
        let mut terminated = false;
        let input = tokio::select! {
            input = &mut reading => input,
            () = signals.next() => {
                terminated = true;
                stopper.stop();
                reading.await
            }
        };
        match input {
            Input::Line(line) => {
                // At the prompt a failure has been told, and the next command decides.
                if session.execute(line.as_bytes(), outer, signals).await == Outcome::Quit {
                    return Exit::Done;
                }
            }
            Input::Discarded => {}
            Input::End if terminated => {
                // The shell's own prompt is to begin a line.
                session.report.note("");
                return Exit::Interrupted;
            }
            Input::End => return Exit::Done,
        }
    }
}

async fn read_pipe(session: &mut Session, outer: &TransferArgs, signals: &mut Signals) -> Exit {
    let report = session.report.clone();
    let mut input = BufReader::new(tokio::io::stdin());
    let mut first = Exit::Done;
    loop {
        let mut line = Vec::new();
        let read = tokio::select! {
            read = input.read_until(b'\n', &mut line) => read,
            () = signals.next() => return Exit::Interrupted,
            () = report.closed() => return first,
        };
        match read {
            Ok(0) => return first,
            Ok(_) => {}
            Err(error) => {
                let problem = Problem::new(Exit::Failed, os::reason(&error));
                report.problem(&problem.on("read", "standard input"));
                return Exit::Failed;
            }
        }
        match session.execute(&line, outer, signals).await {
            Outcome::Quit => return first,
            Outcome::Ended(Exit::Interrupted) => return Exit::Interrupted,
            Outcome::Ended(exit) => first.and(exit),
        }
    }
}

/// Server and directory, the latter shortened where the window is narrow.
fn prompt(session: &Session) -> String {
    let columns = usize::from(console::Term::stderr().size().1);
    let path = match session.here.is_root() {
        true => "/".to_owned(),
        false => format!("/{}", session.here),
    };
    let whole = format!("{} {path}> ", session.server);
    if text::width(&whole) <= columns / 2 {
        return whole;
    }
    let name = session.here.file_name().map(|name| format!("{}", ftp::safe(name)));
    format!("{}> ", text::fit(&name.unwrap_or(path), columns / 3))
}
