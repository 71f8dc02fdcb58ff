//! The processes that are measured, and the one that asks them.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use clap::Subcommand;
use it::{Error, UdpServer};

use super::batch::{BATCH, Batch, segment};
use super::place::{Side, pin};

/// What every server is asked: a format of the time, which echoes send back as it is.
const QUESTION: &[u8] = b"%Y-%m-%d %X";

/// How many questions are on their way at a time; what the kernel keeps for a socket is more.
const WINDOW: usize = 2 * BATCH;

/// When nothing came for so long, what is on its way is lost.
const LOST_AFTER: Duration = Duration::from_millis(500);

/// More losses than this in a thousand questions, and it is the losses that are measured.
const LOST_PER_MILLE: u64 = 1;

/// One of the processes.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Sends datagrams back, a batch by a call: the limit
    Batches,
    /// Sends datagrams back, one by a call: what one writes first
    Naive,
    /// Sends datagrams back in upper case, by netserver
    Echo,
    /// Asks a server, again and again
    Load {
        /// Which
        server: SocketAddr,
        /// How often
        questions: u64,
    },
}

/// Is one of the processes.
pub(crate) fn play(role: &Role) -> Result<(), Error> {
    match role {
        Role::Batches => batches(&announced()?)?,
        Role::Naive => naive(&announced()?)?,
        Role::Echo => return echo(),
        Role::Load { server, questions } => return load(*server, *questions),
    }
    Ok(())
}

/// A socket whose address has been printed.
fn announced() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", socket.local_addr()?);
    Ok(socket)
}

fn batches(socket: &UdpSocket) -> io::Result<()> {
    let mut batch = Batch::new();
    loop {
        let count = batch.receive(socket)?;
        batch.send_back(socket, count)?;
    }
}

fn naive(socket: &UdpSocket) -> io::Result<()> {
    let mut payload = [0; 2048];
    loop {
        let (length, peer) = socket.recv_from(&mut payload)?;
        socket.send_to(&payload[..length], peer)?;
    }
}

/// On one thread, as `time-cli serve` runs.
fn echo() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = UdpServer::upper()?;
        println!("{}", server.addr());
        std::future::pending().await
    })
}

/// Keeps a window of questions on their way until enough of them are answered.
fn load(server: SocketAddr, questions: u64) -> Result<(), Error> {
    pin(None, Side::Client)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(LOST_AFTER))?;
    segment(&socket, QUESTION.len())?;
    let (batch, mut answers) = (QUESTION.repeat(BATCH), Batch::new());
    let ask = |count: usize| socket.send(&batch[..count * QUESTION.len()]).map(drop);
    let (mut answered, mut lost) = (0, 0);
    fill_window(&ask)?;
    while answered < questions {
        let count = match answers.receive(&socket) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                lost += WINDOW as u64;
                if lost > questions * LOST_PER_MILLE / 1000 + WINDOW as u64 {
                    return Err(format!("{lost} questions without an answer").into());
                }
                fill_window(&ask)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !answers.all_speak(count) {
            return Err("an empty answer".into());
        }
        answered += count as u64;
        ask(count)?;
    }
    Ok(())
}

fn fill_window(ask: &impl Fn(usize) -> io::Result<()>) -> io::Result<()> {
    for _ in 0..WINDOW / BATCH {
        ask(BATCH)?;
    }
    Ok(())
}
