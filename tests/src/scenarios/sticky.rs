//! The failure that the project exists to remove, and its removal.

use std::net::Ipv4Addr;

use proto::{Decoder, Header, Limits, Piece, encode_header};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::{Error, Story, content, within};

/// How many small messages are sent.
const MESSAGES: usize = 20;

/// What the tutorial's clients read at the most.
const RECV: usize = 1024;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    merged_by_the_sender(story).await?;
    left_over_by_the_reader(story).await?;
    taken_in_part(story).await?;
    framed(story).await
}

/// Two ends of a connection: the first sends, the second receives.
async fn connection() -> Result<(TcpStream, TcpStream), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let sender = TcpStream::connect(listener.local_addr()?).await?;
    let (receiver, _) = listener.accept().await?;
    Ok((sender, receiver))
}

async fn merged_by_the_sender(story: &mut Story) -> Result<(), Error> {
    story.tell(format_args!(
        "{MESSAGES} messages are sent, one `send` each, to a reader that does nothing but wait."
    ));
    let (mut sender, mut receiver) = connection().await?;
    acknowledge_late(&receiver)?;
    let (first_came, first) = oneshot::channel();
    let mut first_came = Some(first_came);
    let sending = tokio::spawn(async move {
        sender.write_all(b"<00>").await?;
        // So that what follows cannot be merged by a reader that is late.
        let _ = first.await;
        for number in 1..MESSAGES {
            sender.write_all(format!("<{number:02}>").as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(())
    });
    let mut reads: Vec<String> = Vec::new();
    let mut buffer = [0; RECV];
    loop {
        let read = within("the messages", receiver.read(&mut buffer)).await?;
        if read == 0 {
            break;
        }
        reads.push(String::from_utf8_lossy(&buffer[..read]).into_owned());
        first_came.take().map(|came| came.send(()));
    }
    sending.await??;
    for read in &reads {
        story.show(format_args!("read  {read}"));
    }
    let whole: String = (0..MESSAGES).map(|number| format!("<{number:02}>")).collect();
    story.check("every byte came, in its order", reads.concat() == whole)?;
    story.check(
        format_args!(
            "but {MESSAGES} sends came as {} reads: while the first is not acknowledged, the \
             sender's kernel merges the next (Nagle)",
            reads.len()
        ),
        reads.len() < MESSAGES,
    )
}

/// Lets this end acknowledge late, as ends do that have talked for a while: a new connection
/// acknowledges its first segments at once, and then nothing holds the sender back.
fn acknowledge_late(receiver: &TcpStream) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_quickack(receiver, false)?;
    let _ = receiver;
    Ok(())
}

async fn left_over_by_the_reader(story: &mut Story) -> Result<(), Error> {
    story.tell("A naive client asks for two commands and makes one recv(1024) for each reply.");
    let (mut client, mut server) = connection().await?;
    let listing: String = (1..=200).map(|line| format!("line {line} of `dir`\n")).collect();
    let replies = [listing.clone(), "Sun Nov 22 10:00:00\n".to_owned()];
    let serving = tokio::spawn(async move {
        let mut command = [0; RECV];
        for reply in replies {
            let _ = server.read(&mut command).await?;
            server.write_all(reply.as_bytes()).await?;
        }
        Ok::<_, std::io::Error>(server)
    });
    let mut buffer = [0; RECV];
    let mut heard = Vec::new();
    for command in ["dir", "date"] {
        client.write_all(command.as_bytes()).await?;
        let read = within("a reply", client.read(&mut buffer)).await?;
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let last = text.lines().next_back().unwrap_or_default();
        story.show(format_args!("{command:<5} {read} bytes, the last line: {last:?}"));
        heard.push(text);
    }
    drop(serving.await??);
    story.check(
        format_args!("`dir` gave {} bytes, and one read took {RECV} of them", listing.len()),
        heard[0] == listing[..RECV],
    )?;
    story.check(
        "what was left of it stuck to the next reply: `date` shows the rest of `dir`",
        listing[RECV..].starts_with(&heard[1]),
    )
}

async fn taken_in_part(story: &mut Story) -> Result<(), Error> {
    story.tell("One `send` of 4 MiB to a reader that is busy with something else.");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let socket = TcpSocket::new_v4()?;
    // A small buffer, so that it is as full on every machine.
    socket.set_send_buffer_size(64 * 1024)?;
    let sender = socket.connect(listener.local_addr()?).await?;
    let (mut receiver, _) = listener.accept().await?;
    let message = content(4 << 20, 4);
    sender.writable().await?;
    let taken = sender.try_write(&message)?;
    drop(sender);
    let mut arrived = Vec::new();
    within("the end of the message", receiver.read_to_end(&mut arrived)).await?;
    story.check(
        format_args!("the kernel took {taken} of {} bytes, and `send` said so", message.len()),
        taken < message.len() && arrived == message[..taken],
    )?;
    let lost = message.len() - taken;
    story.show(format_args!("{lost} bytes are lost to a program that does not look"));

    let (mut sender, mut receiver) = connection().await?;
    let expected = message.clone();
    let sending = tokio::spawn(async move { sender.write_all(&message).await });
    arrived.clear();
    within("the whole message", receiver.read_to_end(&mut arrived)).await?;
    sending.await??;
    story.check("a loop until all is taken (`sendall`) loses nothing", arrived == expected)
}

/// A message with a seam in front of it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    number: usize,
    size: u64,
}

impl Header for Note {
    fn body_len(&self) -> u64 {
        self.size
    }
}

async fn framed(story: &mut Story) -> Result<(), Error> {
    story.tell("The same messages with a frame around each: length, JSON header, body.");
    let texts: Vec<String> = (0..MESSAGES).map(|number| format!("<{number:02}>")).collect();
    let limits = Limits::default();
    let mut wire = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let note = Note { number, size: text.len() as u64 };
        wire.extend_from_slice(&encode_header(&note, &limits)?);
        wire.extend_from_slice(text.as_bytes());
    }
    story.show(format_args!("{:?} ...", String::from_utf8_lossy(&wire[..29])));
    for most in [1, 7, 64, RECV] {
        let (mut sender, receiver) = connection().await?;
        let pieces = wire.clone();
        let sending = tokio::spawn(async move {
            for piece in pieces.chunks(5) {
                sender.write_all(piece).await?;
            }
            Ok::<_, std::io::Error>(())
        });
        let (found, reads) = read_framed(receiver, most).await?;
        sending.await??;
        story.check(
            format_args!(
                "{} messages out of {reads} reads of at most {most} bytes: every seam is found",
                found.len()
            ),
            found == texts,
        )?;
    }
    Ok(())
}

/// Reads messages with reads of at most so many bytes.
async fn read_framed(mut receiver: TcpStream, most: usize) -> Result<(Vec<String>, usize), Error> {
    let mut decoder = Decoder::new(Limits::default());
    let mut buffer = vec![0; most];
    let (mut texts, mut reads) = (Vec::new(), 0);
    loop {
        let read = within("a frame", receiver.read(&mut buffer)).await?;
        if read == 0 {
            decoder.finish()?;
            return Ok((texts, reads));
        }
        reads += 1;
        let mut input = &buffer[..read];
        while let Some(piece) = decoder.decode::<Note>(&mut input)? {
            match piece {
                Piece::Header(_) => texts.push(String::new()),
                Piece::Body(bytes) => {
                    let text = texts.last_mut().ok_or("a body without a header")?;
                    text.push_str(str::from_utf8(bytes)?);
                }
                Piece::End => {}
            }
        }
    }
}
