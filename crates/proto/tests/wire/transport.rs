//! Transports that do as little at a time as a transport may.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Read, Write},
};

/// Gives its input in given chunks and takes its output in small ones.
///
/// Between any two things it does, it fails once: with `Interrupted` as a blocking transport, and
/// with `Pending` as an asynchronous one.
#[derive(Debug, Default)]
pub(crate) struct Choppy {
    input: VecDeque<Vec<u8>>,
    pub(crate) output: Vec<u8>,
    max_write: usize,
    reads: usize,
    writes: usize,
}

impl Choppy {
    pub(crate) fn reading(chunks: &[&[u8]]) -> Self {
        Self { input: chunks.iter().map(|chunk| chunk.to_vec()).collect(), ..Self::default() }
    }

    pub(crate) fn writing(mut self, max_write: usize) -> Self {
        self.max_write = max_write;
        self
    }

    fn take(&mut self, space: usize) -> Vec<u8> {
        let Some(mut chunk) = self.input.pop_front() else {
            return Vec::new();
        };
        if chunk.len() > space {
            self.input.push_front(chunk.split_off(space));
        }
        chunk
    }

    fn give(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let before = self.output.len();
        for slice in slices {
            let left = self.max_write - (self.output.len() - before);
            self.output.extend_from_slice(&slice[..slice.len().min(left)]);
        }
        self.output.len() - before
    }
}

impl Read for Choppy {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads % 2 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let chunk = self.take(buf.len());
        buf[..chunk.len()].copy_from_slice(&chunk);
        Ok(chunk.len())
    }
}

impl Write for Choppy {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes % 2 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(self.give(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::{
        io::{self, IoSlice},
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Choppy;

    impl AsyncRead for Choppy {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.reads += 1;
            if self.reads % 2 == 1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let chunk = self.take(buf.remaining());
            buf.put_slice(&chunk);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Choppy {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(buf)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.writes += 1;
            if self.writes % 2 == 1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(Ok(self.give(slices)))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
