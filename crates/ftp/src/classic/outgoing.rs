//! What is still on its way to the peer.

use tokio::io::DuplexStream;
use tokio::net::TcpStream;

/// A stream that may know how much of what was written has arrived.
///
/// The tutorial's programs misread two chunks that arrive together, so the next is only sent when
/// the last has arrived.
pub trait Outgoing {
    /// How many written bytes the peer's system has not acknowledged yet; `None` where that is not
    /// known, or the connection is gone.
    fn unacknowledged(&self) -> Option<usize>;
}

impl Outgoing for TcpStream {
    fn unacknowledged(&self) -> Option<usize> {
        // What a peer that reset the connection did not acknowledge, it never will.
        self.peer_addr().ok()?;
        send_queue(self)
    }
}

#[cfg(unix)]
impl Outgoing for tokio::net::UnixStream {
    /// What is written to a Unix socket is with the peer at once.
    fn unacknowledged(&self) -> Option<usize> {
        Some(0)
    }
}

impl Outgoing for DuplexStream {
    fn unacknowledged(&self) -> Option<usize> {
        None
    }
}

impl<T: Outgoing + ?Sized> Outgoing for &mut T {
    fn unacknowledged(&self) -> Option<usize> {
        T::unacknowledged(self)
    }
}

/// What is in a TCP socket's send queue: sent and not acknowledged, or not even sent.
///
/// The number of the request is that of Linux on every architecture but MIPS, PowerPC, SPARC and
/// Alpha, where nothing is known then.
#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "arm",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "s390x"
    )
))]
#[expect(unsafe_code, reason = "no crate offers this request of ioctl as a safe function")]
fn send_queue(stream: &TcpStream) -> Option<usize> {
    use rustix::ioctl::{Getter, ioctl};
    use std::ffi::c_int;

    const SIOCOUTQ: rustix::ioctl::Opcode = 0x5411;
    // SAFETY: SIOCOUTQ writes one `int` to the address it is given and changes nothing else
    // (tcp(7)); `Getter` gives it the address of a `c_int` of its own.
    let queued = unsafe { ioctl(stream, Getter::<SIOCOUTQ, c_int>::new()) };
    usize::try_from(queued.ok()?).ok()
}

#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "arm",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "s390x"
    )
)))]
fn send_queue(_: &TcpStream) -> Option<usize> {
    None
}
