//! Takes apart what one of the tutorial's clients sends.

use bytes::{Bytes, BytesMut};

use super::incoming::{Incoming, Part};
use super::opening::{self, GET, Opening, PUT};
use super::{ClassicError, MAX_COMMAND_BYTES};

/// Takes apart what a client sends: reads in, events out, and neither socket nor clock.
///
/// A command ends where the read ends in which it came, as nothing else marks its end. So each read
/// is [fed](Self::feed) by itself, and all its events are taken before the next.
#[derive(Debug, Default)]
pub(super) struct Parser {
    input: BytesMut,
    state: State,
}

/// What the parser waits for.
#[derive(Debug, Default)]
enum State {
    /// A command.
    #[default]
    Command,
    /// The size of a file, behind its name, of which so many bytes came with the verb.
    Size { first_read: usize },
    /// The chunks of a file.
    Chunks(Incoming),
}

/// One thing that a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It wants a file.
    Get { name: Bytes },
    /// It is going to send a file. Its name is not known yet.
    Put,
    /// The file that it is going to send.
    File { name: Bytes, size: u64 },
    /// The file it was going to send does not come.
    Abandoned { name: Bytes },
    /// The next bytes of the file.
    Content(Bytes),
    /// A chunk of the file has ended.
    Checked { offset: u64, intact: bool },
    /// The whole file has come.
    Done,
    /// Something else, to which there is no answer.
    Unknown { text: Bytes },
}

impl Parser {
    /// Takes in what one read gave.
    pub(super) fn feed(&mut self, read: &[u8]) {
        self.input.extend_from_slice(read);
    }

    /// The next event; `None` when the next read is needed.
    ///
    /// # Errors
    ///
    /// A [`ClassicError`] for what no client means; nothing can be taken apart after it.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ClassicError> {
        match &mut self.state {
            State::Command => self.command(),
            State::Size { first_read } => {
                let first_read = *first_read;
                self.size(first_read)
            }
            State::Chunks(incoming) => Ok(match incoming.next(&mut self.input)? {
                None => None,
                Some(Part::Content(content)) => Some(Event::Content(content)),
                Some(Part::Checked { offset, intact }) => Some(Event::Checked { offset, intact }),
                Some(Part::Done) => {
                    self.state = State::Command;
                    Some(Event::Done)
                }
            }),
        }
    }

    fn command(&mut self) -> Result<Option<Event>, ClassicError> {
        // A verb alone is the beginning of a command that was cut; with anything behind it, it is
        // whole.
        let input = &self.input[..];
        if GET.starts_with(input) || PUT.starts_with(input) {
            return Ok(None);
        }
        if input.starts_with(PUT) {
            let _ = self.input.split_to(PUT.len());
            self.state = State::Size { first_read: self.input.len() };
            return Ok(Some(Event::Put));
        }
        if !input.starts_with(GET) {
            return Ok(Some(Event::Unknown { text: self.input.split().freeze() }));
        }
        let found = input.len();
        if found > MAX_COMMAND_BYTES {
            return Err(ClassicError::CommandTooLong { found, allowed: MAX_COMMAND_BYTES });
        }
        let name = self.input.split().split_off(GET.len());
        Ok(Some(Event::Get { name: without_newline(name) }))
    }

    fn size(&mut self, first_read: usize) -> Result<Option<Event>, ClassicError> {
        let Some(opening) = opening::find(&self.input, first_read)? else {
            return Ok(None);
        };
        Ok(Some(match opening {
            Opening::Abandoned { name_len } => {
                self.state = State::Command;
                Event::Abandoned { name: without_newline(self.input.split_to(name_len)) }
            }
            Opening::File { name_len, size } => {
                let name = without_newline(self.input.split_to(name_len));
                let _ = self.input.split_to(size_of::<i32>());
                self.state = State::Chunks(Incoming::new(size));
                Event::File { name, size }
            }
        }))
    }
}

/// A name without the end of a line, which is what a person's hands leave there.
fn without_newline(name: BytesMut) -> Bytes {
    let mut name = name.freeze();
    if name.ends_with(b"\n") {
        name.truncate(name.len() - 1);
        if name.ends_with(b"\r") {
            name.truncate(name.len() - 1);
        }
    }
    name
}
