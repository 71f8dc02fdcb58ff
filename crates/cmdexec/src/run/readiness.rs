//! Descriptors that the runtime watches.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor that can be waited for.
pub(super) type Watched = AsyncFd<OwnedFd>;

/// Has the runtime watch a descriptor.
///
/// # Panics
///
/// Outside a runtime.
#[expect(unsafe_code, reason = "the runtime's safe way to do it is deprecated in favour of this")]
pub(super) fn watch(fd: OwnedFd, interest: Interest) -> io::Result<Watched> {
    // SAFETY: an `OwnedFd` is open until it is dropped, always gives the same number, and is
    // dropped with the `AsyncFd`, which gives nobody a way to close it before: nothing here calls
    // `get_mut` or lends it out otherwise.
    unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(|error| error.into_parts().1)
}
