//! `recvmmsg` and `sendmmsg` with nothing around them: headers that are set up once.
#![expect(unsafe_code, reason = "the system calls take structures of pointers")]

use std::io;
use std::mem;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::ptr;

/// How many datagrams one call takes, as netserver's do.
pub(super) const BATCH: usize = 32;

/// Longer datagrams are cut, and none here is nearly as long.
const ROOM: usize = 2048;

type Payload = [u8; ROOM];

/// Room for a batch of datagrams and for who sent them.
pub(super) struct Batch {
    headers: Vec<libc::mmsghdr>,
    slices: Vec<libc::iovec>,
    /// What the headers and slices point to; a vector's memory stays where it is.
    _names: Vec<libc::sockaddr_storage>,
    _payloads: Vec<Payload>,
}

impl Batch {
    /// Room that knows its senders, so that their datagrams can be sent back.
    pub(super) fn new() -> Self {
        // SAFETY: these are plain data, for which zeroes are valid.
        let (header, name) =
            unsafe { (mem::zeroed::<libc::mmsghdr>(), mem::zeroed::<libc::sockaddr_storage>()) };
        let (mut names, mut payloads) = (vec![name; BATCH], vec![[0; ROOM]; BATCH]);
        let mut slices: Vec<libc::iovec> = payloads
            .iter_mut()
            .map(|payload| libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: ROOM })
            .collect();
        let mut headers = vec![header; BATCH];
        for ((header, slice), name) in headers.iter_mut().zip(&mut slices).zip(&mut names) {
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_iov = &raw mut *slice;
            header.msg_hdr.msg_iovlen = 1;
        }
        Self { headers, slices, _names: names, _payloads: payloads }
    }

    /// Waits for a datagram, and takes with it what else is there.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        for (header, slice) in self.headers.iter_mut().zip(&mut self.slices) {
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            slice.iov_len = ROOM;
        }
        // SAFETY: each header points to a slice and a name of this batch, and the slice to a
        // payload, with their sizes; none of them moves as long as the batch is there.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_WAITFORONE as _,
                ptr::null_mut(),
            )
        };
        usize::try_from(received).map_err(|_| io::Error::last_os_error())
    }

    /// Whether the first `count` datagrams that were received have a payload each.
    pub(super) fn all_speak(&self, count: usize) -> bool {
        self.headers[..count].iter().all(|header| header.msg_len > 0)
    }

    /// Sends the first `count` datagrams back, as they were received.
    pub(super) fn send_back(&mut self, socket: &UdpSocket, count: usize) -> io::Result<()> {
        for (header, slice) in self.headers.iter().zip(&mut self.slices).take(count) {
            slice.iov_len = header.msg_len as usize;
        }
        let mut left = &mut self.headers[..count];
        while !left.is_empty() {
            // SAFETY: as for receiving; the kernel only reads what the slices point to.
            let sent = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), left.len() as libc::c_uint, 0)
            };
            let sent = usize::try_from(sent).map_err(|_| io::Error::last_os_error())?;
            left = &mut left[sent..];
        }
        Ok(())
    }
}

/// Has the kernel cut what is sent into datagrams of so many bytes, so that a process that asks
/// takes much less time for a datagram than one that answers.
pub(super) fn segment(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the value is a `c_int` that outlives the call, and its size is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            libc::UDP_SEGMENT,
            (&raw const bytes).cast(),
            size_of_val(&bytes) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
