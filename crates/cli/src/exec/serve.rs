//! `serve`: commands for those who may come in.

use std::net::SocketAddr;
use std::path::Path;

use cmdexec::{Access, CommandService, Policy, safe};
use identity::{Gate, Home, ServerTls};
use netserver::{Penalties, Running, StreamServer};

use super::args::{DEFAULT_PORT, SERVICE, ServeArgs};
use super::door::GuardedCommands;
use super::event::ExecEvent;
use super::share::{THEN, rights, share};
use crate::exit::Exit;
use crate::peer::{Door, listen, resolve};
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;
use crate::signals::Signals;
use crate::ticket::how_to_make;

/// What a browser is told that knocks at an encrypted port.
const WHAT_LIVES_HERE: &str = "This is a command server of Seam, not a web site, and encrypted.\n\
    Those who may run commands here: exec-cli -s HOST:PORT run COMMAND\n";

/// Serves until Ctrl-C; a second one does not wait for the commands under way.
pub(super) async fn serve(
    args: &ServeArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let addr = resolve(&args.bind, DEFAULT_PORT).await?;
    check_reach(addr, common)?;
    let service = CommandService::new(policy(args)?);
    cmdexec::become_subreaper()?;
    let running = match common.plain {
        true => start_plain(service, args, addr)?,
        false => start_encrypted(service, addr)?,
    };
    tell(&running, args, common, report)?;
    wait(running, report).await
}

/// Whoever reaches a plain server runs commands as this account: other machines never may.
fn check_reach(addr: SocketAddr, common: &CommonArgs) -> Result<(), Problem> {
    if addr.ip().is_loopback() || !common.plain {
        return Ok(());
    }
    let message = format!(
        "{addr} can be reached from other machines, and commands are never run for them with \
         --plain: leave it out"
    );
    Err(Problem::new(Exit::Usage, message).on("serve", "--plain"))
}

fn policy(args: &ServeArgs) -> Result<Policy, Problem> {
    let mut policy = Policy::default()
        .max_run(args.max_time.map(crate::settings::Span::duration))
        .max_output_bytes(args.max_output)
        .max_concurrent_per_owner(args.max_commands as usize);
    if !args.allow.is_empty() {
        policy = policy.allow(&args.allow);
    }
    if !args.shell.is_empty() {
        for shell in &args.shell {
            check_shell(shell)?;
        }
        policy = policy.shells(&args.shell);
    }
    Ok(policy)
}

fn check_shell(shell: &Path) -> Result<(), Problem> {
    let ill = |exit, message| {
        let shown = safe(shell.as_os_str().as_encoded_bytes());
        Problem::new(exit, message).on("--shell", shown)
    };
    if !shell.is_absolute() {
        return Err(ill(Exit::Usage, "a shell is named by its whole path"));
    }
    if shell.is_file() { Ok(()) } else { Err(ill(Exit::NotFound, "there is no such file")) }
}

fn start_plain(
    service: CommandService,
    args: &ServeArgs,
    addr: SocketAddr,
) -> Result<Running, Problem> {
    let service =
        service.access(Access::default().exec(true)).classic(args.classic).encoding(args.encoding);
    let handler = GuardedCommands::open_to_all(service);
    Ok(StreamServer::new(listen(addr)?, handler).upgrade(Door::plain()).start())
}

fn start_encrypted(service: CommandService, addr: SocketAddr) -> Result<Running, Problem> {
    let home = Home::from_env()?;
    let tls = ServerTls::new(&home.key()?, SERVICE);
    let gate = Gate::new(&home, share()?, rights())?;
    let handler = GuardedCommands::behind(gate, service);
    let door = Door::encrypted(tls, WHAT_LIVES_HERE);
    let server = StreamServer::new(listen(addr)?, handler).upgrade(door);
    Ok(server.penalties(Penalties::default()).start())
}

/// Tells what is reachable by whom, and makes the ticket that was asked for.
fn tell(
    running: &Running,
    args: &ServeArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<(), Problem> {
    let address = running.local_addr().to_string();
    let what = match &args.allow[..] {
        [] => "commands".to_owned(),
        names => safe(names.join(", ").as_bytes()).to_string(),
    };
    let how = if common.plain { "plain: not encrypted" } else { "encrypted" };
    let allow = Some(&args.allow[..]).filter(|allow| !allow.is_empty());
    report.tell(
        format_args!("running {what} at {address}, {how}"),
        &ExecEvent::Serving { address: address.clone(), plain: common.plain, allow },
    );
    if common.plain {
        report.note(
            "warning: every account and every program on this machine may run commands as you now",
        );
        return Ok(());
    }
    if !args.ticket {
        let addr = running.local_addr().ip();
        let new = how_to_make("exec-cli", None, addr, DEFAULT_PORT);
        report.note(format_args!("for this account, and for whom a ticket lets in: {new}"));
        return Ok(());
    }
    let addr = running.local_addr().ip().expect("a TCP server has an address");
    let issued = args.terms.issue(&Home::from_env()?, share()?, rights(), None, addr)?;
    issued.tell(report, THEN);
    Ok(())
}

/// Waits for the signal to stop, and then for the commands under way.
async fn wait(running: Running, report: &Report) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let handle = running.handle();
    let mut ending = std::pin::pin!(running.wait());
    let ended = tokio::select! {
        ended = &mut ending => ended,
        () = signals.next() => {
            handle.shutdown();
            report.note("stopping when the commands under way are done; again: at once");
            tokio::select! {
                ended = &mut ending => ended,
                () = signals.next() => return Ok(Exit::Interrupted),
            }
        }
    };
    let ended =
        ended.map_err(|error| Problem::new(Exit::Failed, &error).on("serve", error.local))?;
    report.note(format_args!("stopped: {ended}"));
    report.event(&ExecEvent::Stopped { accepted: ended.accepted, aborted: ended.aborted });
    Ok(Exit::Done)
}
