//! Sends chunks so that the originals take each for itself.
//!
//! The originals collect a chunk with `recv(1024)` until they have enough, and so read into the
//! next one if it is already there. Two rules keep them from it, each measured against
//! re-creations of them on a machine with twice as many busy processes as processors:
//!
//! - **Chunks are whole KiB, written in one piece.** Reads of what has arrived whole then end
//!   exactly where the chunk ends, even if the next one waits behind it. With chunks of 31,700
//!   bytes and 5 ms between them 12 of 20 transfers failed; with 31,744 bytes none did, and with
//!   64,512 none either, which is the most that travels with its header in one segment of the
//!   loopback interface. 130,048 bytes take two segments, and 2 of 20 failed.
//! - **The next chunk waits for the last**: until it is acknowledged, and 10 ms more, as the
//!   tutorial's server does. Where segments are small, reads come short and this is all there is.
//!   With segments of 1,448 bytes none of 10 transfers failed, but 7 of 20 did to a client that
//!   now and then stood still for 30 ms in the middle of a chunk. On loopback that does no harm.
//!
//! This makes 4.7 MB/s. Much larger chunks would make it less: the originals copy all they have of a
//! chunk with each read.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::chunk::ChunkHeader;
use super::{ClassicError, Outgoing};

/// How much is written at once: a segment of the loopback interface.
const MAX_WRITE_BYTES: usize = 65_483;

/// How much the originals read at once.
const READ_BYTES: usize = 1024;

/// How long to wait once a chunk was acknowledged.
const PAUSE: Duration = Duration::from_millis(10);

/// How often to look whether it was: at first, and at the least.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(20);

/// How long nothing at all may be acknowledged.
pub(super) const STALL: Duration = Duration::from_secs(30);

/// How much content a chunk of a file of this name carries.
pub(super) fn chunk_len(name: &str) -> usize {
    let md5 = "0".repeat(32);
    let header = ChunkHeader { file_name: name.into(), file_size: MAX_WRITE_BYTES as u64, md5 };
    let header_len = serde_json::to_vec(&header).expect("memory takes it").len();
    let around = 2 * size_of::<i32>() + header_len;
    (MAX_WRITE_BYTES.saturating_sub(around) / READ_BYTES).max(1) * READ_BYTES
}

/// Waits until the peer has what was written, and is likely to have read it.
pub(super) async fn settle<T: Outgoing>(stream: &mut T) -> Result<(), ClassicError> {
    settle_for(stream, PAUSE).await
}

/// As [`settle`], with another pause at the end.
pub(super) async fn settle_for<T: Outgoing>(
    stream: &mut T,
    pause: Duration,
) -> Result<(), ClassicError> {
    let (mut look, mut queued, mut progress) = (FIRST_LOOK, usize::MAX, Instant::now());
    while let Some(now @ 1..) = stream.unacknowledged() {
        if now < queued {
            (queued, progress) = (now, Instant::now());
        } else if progress.elapsed() >= STALL {
            return Err(ClassicError::Stalled { after: STALL });
        }
        sleep(look).await;
        look = (2 * look).min(LAST_LOOK);
    }
    sleep(pause).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn chunks_are_whole_kib_and_fit_a_segment_with_their_header() {
        for name in ["a", "报告.txt", &"x".repeat(1020), &"\u{1}".repeat(1020)] {
            let mut wire = Vec::new();
            super::super::chunk::encode_chunk(name, &vec![0; chunk_len(name)], &mut wire);
            assert_eq!(chunk_len(name) % 1024, 0);
            assert!(wire.len() + size_of::<i32>() <= MAX_WRITE_BYTES, "{} bytes", wire.len());
        }
        assert_eq!(chunk_len("a"), 63 * 1024);
    }

    /// Acknowledges a byte each time it is asked, down to a rest that stays.
    struct Line(Cell<usize>, usize);

    impl Outgoing for Line {
        fn unacknowledged(&self) -> Option<usize> {
            let now = self.0.get();
            self.0.set(now.saturating_sub(1).max(self.1));
            Some(now)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_the_last_byte_and_a_pause() {
        let start = Instant::now();
        settle(&mut Line(Cell::new(3), 0)).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_millis(1 + 2 + 4 + 10));
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_on_a_peer_that_acknowledges_nothing() {
        let start = Instant::now();
        let error = settle(&mut Line(Cell::new(9), 7)).await.unwrap_err();
        assert_eq!(error.to_string(), "nothing came or went for 30 s");
        assert!(start.elapsed() >= STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn only_pauses_where_nothing_is_known() {
        let (mut stream, _peer) = tokio::io::duplex(64);
        let start = Instant::now();
        settle(&mut stream).await.unwrap();
        assert_eq!(start.elapsed(), PAUSE);
    }
}
