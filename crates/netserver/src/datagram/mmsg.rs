//! Many datagrams by one system call: `recvmmsg` and `sendmmsg`, with the control messages that
//! tell which address was asked and when a datagram came.
//!
//! All pointers live on the stack for one call, so that nothing needs to be kept between calls and
//! a future that waits for the socket can move between threads.
#![expect(unsafe_code, reason = "the system calls take structures of pointers")]

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::{Duration, SystemTime};

use super::limits::DatagramLimits;
use super::message::Route;
use super::socket::{Arrival, Incoming, Outgoing};
use crate::Addr;

const MAX: usize = DatagramLimits::MAX_BATCH;

/// Asks for the address each datagram was sent to.
pub(crate) fn want_local(socket: BorrowedFd<'_>, is_ipv4: bool) -> io::Result<()> {
    if is_ipv4 {
        switch_on(socket, libc::IPPROTO_IP, libc::IP_PKTINFO)
    } else {
        switch_on(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    }
}

/// Asks for the time each datagram was received.
pub(crate) fn want_timestamps(socket: BorrowedFd<'_>) -> io::Result<()> {
    switch_on(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)
}

fn switch_on(socket: BorrowedFd<'_>, level: libc::c_int, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the value is a `c_int` that outlives the call, and its size is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receives what is there, up to a batch, without waiting.
pub(crate) fn receive(socket: BorrowedFd<'_>, incoming: &mut Incoming) -> io::Result<()> {
    // SAFETY: these are arrays of plain data, for which zeroes are valid.
    let (mut headers, mut slices, mut names, mut controls) = unsafe {
        (
            mem::zeroed::<[libc::mmsghdr; MAX]>(),
            mem::zeroed::<[libc::iovec; MAX]>(),
            mem::zeroed::<[Name; MAX]>(),
            mem::zeroed::<[Control; MAX]>(),
        )
    };
    let mut count: libc::c_uint = 0;
    for (index, slot) in incoming.free_slots().take(MAX).enumerate() {
        slices[index] = libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: slot.len() };
        let header = &mut headers[index].msg_hdr;
        header.msg_name = (&raw mut names[index]).cast();
        header.msg_namelen = size_of::<Name>() as libc::socklen_t;
        header.msg_iov = &raw mut slices[index];
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut controls[index]).cast();
        header.msg_controllen = size_of::<Control>() as _;
        count += 1;
    }
    // SAFETY: the first `count` headers point to a slot of `incoming`, a name and a control
    // buffer each, with their sizes; all of them outlive the call, and nothing else uses them.
    let received = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
            ptr::null_mut(),
        )
    };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    for (header, name) in headers.iter().zip(&names).take(received) {
        // SAFETY: the kernel has filled this header's control buffer, which is still there.
        let (local, received_at) = unsafe { read_control(&header.msg_hdr) };
        // UDP peers have one; whatever has not is served too, but cannot be answered.
        let peer = name.decode().map_or_else(|| Addr::named("no address"), Addr::from);
        let route = Route::to(peer).from_local(local);
        incoming.arrived(Arrival { length: header.msg_len as usize, route, received_at });
    }
    Ok(())
}

/// Sends the first of the datagrams, and as many more as the socket takes, without waiting.
pub(crate) fn send(socket: BorrowedFd<'_>, outgoing: Outgoing<'_>) -> io::Result<usize> {
    // SAFETY: these are arrays of plain data, for which zeroes are valid.
    let (mut headers, mut slices, mut names, mut controls) = unsafe {
        (
            mem::zeroed::<[libc::mmsghdr; MAX]>(),
            mem::zeroed::<[libc::iovec; MAX]>(),
            mem::zeroed::<[Name; MAX]>(),
            mem::zeroed::<[Control; MAX]>(),
        )
    };
    let mut count: libc::c_uint = 0;
    for (index, (payload, route)) in outgoing.iter().take(MAX).enumerate() {
        let Some(peer) = route.peer().ip() else {
            break;
        };
        let name_bytes;
        (names[index], name_bytes) = Name::encode(peer);
        // The kernel only reads what is sent, though it is called mutable.
        let iov_base = payload.as_ptr().cast_mut().cast();
        slices[index] = libc::iovec { iov_base, iov_len: payload.len() };
        let header = &mut headers[index].msg_hdr;
        header.msg_name = (&raw mut names[index]).cast();
        header.msg_namelen = name_bytes;
        header.msg_iov = &raw mut slices[index];
        header.msg_iovlen = 1;
        if let Some(local) = route.local() {
            header.msg_control = (&raw mut controls[index]).cast();
            header.msg_controllen = size_of::<Control>() as _;
            // SAFETY: the control buffer is zeroed, as large as it is said to be, and outlives
            // the header.
            unsafe { write_control(header, local) };
        }
        count += 1;
    }
    if count == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the peer has no IP address"));
    }
    // SAFETY: the first `count` headers point to a payload, a name and perhaps a control buffer
    // each, with their sizes; all of them outlive the call.
    let sent = unsafe {
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT as _)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// An address as the kernel has it; both kinds begin with their family.
#[derive(Clone, Copy)]
#[repr(C)]
union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Name {
    fn encode(addr: SocketAddr) -> (Self, libc::socklen_t) {
        // SAFETY: zeroes are valid for plain data.
        let mut name: Self = unsafe { mem::zeroed() };
        match addr {
            SocketAddr::V4(addr) => {
                name.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: addr.port().to_be(),
                    sin_addr: encode_v4(*addr.ip()),
                    sin_zero: [0; 8],
                };
                (name, size_of::<libc::sockaddr_in>() as libc::socklen_t)
            }
            SocketAddr::V6(addr) => {
                name.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: addr.port().to_be(),
                    sin6_flowinfo: addr.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: addr.ip().octets() },
                    sin6_scope_id: addr.scope_id(),
                };
                (name, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
            }
        }
    }

    fn decode(&self) -> Option<SocketAddr> {
        // SAFETY: the family is in the same place for both, and every value of the fields of
        // either is valid; both are within the union.
        unsafe {
            match libc::c_int::from(self.v4.sin_family) {
                libc::AF_INET => {
                    let ip = decode_v4(self.v4.sin_addr);
                    Some(SocketAddrV4::new(ip, u16::from_be(self.v4.sin_port)).into())
                }
                libc::AF_INET6 => {
                    let ip = Ipv6Addr::from(self.v6.sin6_addr.s6_addr);
                    let port = u16::from_be(self.v6.sin6_port);
                    let (flow, scope) = (self.v6.sin6_flowinfo, self.v6.sin6_scope_id);
                    Some(SocketAddrV6::new(ip, port, flow, scope).into())
                }
                _ => None,
            }
        }
    }
}

fn encode_v4(ip: Ipv4Addr) -> libc::in_addr {
    libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) }
}

fn decode_v4(addr: libc::in_addr) -> Ipv4Addr {
    Ipv4Addr::from(addr.s_addr.to_ne_bytes())
}

/// Room for the control messages of a datagram: an address (40 bytes at most) and a time (32).
#[repr(C, align(8))]
struct Control([u8; 96]);

/// The address that was asked and the time of arrival, as far as the kernel tells.
///
/// # Safety
///
/// The header's control buffer must be as the kernel has filled it.
unsafe fn read_control(header: &libc::msghdr) -> (Option<IpAddr>, Option<SystemTime>) {
    let (mut local, mut received_at) = (None, None);
    // SAFETY: the macros walk through what the kernel has written, and `read` reads a message's
    // data only if the message is long enough for it.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = next.as_ref() {
            match (message.cmsg_level, message.cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    // For a broadcast it is not the address in the datagram but our own.
                    let info = read::<libc::in_pktinfo>(next);
                    local = info.map(|info| decode_v4(info.ipi_spec_dst).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = read::<libc::in6_pktinfo>(next);
                    // A multicast address belongs to nobody, and nothing can be sent from it.
                    local = info
                        .map(|info| Ipv6Addr::from(info.ipi6_addr.s6_addr))
                        .filter(|ip| !ip.is_multicast())
                        .map(IpAddr::from);
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    received_at = read::<libc::timespec>(next).and_then(system_time);
                }
                _ => {}
            }
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
    (local, received_at)
}

/// A control message's data, if there is as much of it.
///
/// # Safety
///
/// `message` must point to a whole control message, and any bytes must be a valid `T`.
unsafe fn read<T: Copy>(message: *const libc::cmsghdr) -> Option<T> {
    // SAFETY: the message is whole, and its data is read as far as its length says.
    unsafe {
        let needed = libc::CMSG_LEN(size_of::<T>() as libc::c_uint) as _;
        ((*message).cmsg_len >= needed)
            .then(|| ptr::read_unaligned(libc::CMSG_DATA(message).cast()))
    }
}

fn system_time(time: libc::timespec) -> Option<SystemTime> {
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).ok()?);
    let nanos = Duration::from_nanos(u64::try_from(time.tv_nsec).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds)?.checked_add(nanos)
}

/// Has the datagram leave from this address.
///
/// # Safety
///
/// The header's control buffer must be zeroed and have room for the message.
unsafe fn write_control(header: &mut libc::msghdr, local: IpAddr) {
    // The interface is left open, so that the routing table chooses it.
    // SAFETY: as the caller promises; `write` tells the header how much of the buffer is used.
    unsafe {
        match local {
            IpAddr::V4(ip) => {
                let spec_dst = encode_v4(ip);
                let info = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: spec_dst,
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                write(header, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
            }
            IpAddr::V6(ip) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr { s6_addr: ip.octets() },
                    ipi6_ifindex: 0,
                };
                write(header, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
            }
        }
    }
}

/// Makes this the one control message of a datagram.
///
/// # Safety
///
/// The header's control buffer must be zeroed and have room for the message.
unsafe fn write<T: Copy>(
    header: &mut libc::msghdr,
    level: libc::c_int,
    kind: libc::c_int,
    data: T,
) {
    let bytes = size_of::<T>() as libc::c_uint;
    // SAFETY: the buffer has room, so that there is a first message, with room for the data.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(bytes) as _;
        let message = libc::CMSG_FIRSTHDR(header);
        (*message).cmsg_level = level;
        (*message).cmsg_type = kind;
        (*message).cmsg_len = libc::CMSG_LEN(bytes) as _;
        ptr::write_unaligned(libc::CMSG_DATA(message).cast(), data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_form() {
        for addr in ["127.0.0.1:9", "255.1.2.3:65535", "[::1]:9", "[fe80::1%7]:1"] {
            let addr: SocketAddr = addr.parse().unwrap();
            assert_eq!(Name::encode(addr).0.decode(), Some(addr));
        }
    }

    #[test]
    fn the_address_that_was_asked_survives_the_kernels_form() {
        for ip in ["127.0.0.2", "::1", "2001:db8::7"] {
            let ip: IpAddr = ip.parse().unwrap();
            let mut control = Control([0; 96]);
            // SAFETY: zeroes are valid for plain data, and the buffer outlives the header.
            let read = unsafe {
                let mut header: libc::msghdr = mem::zeroed();
                header.msg_control = (&raw mut control).cast();
                header.msg_controllen = size_of::<Control>() as _;
                write_control(&mut header, ip);
                if ip.is_ipv4() {
                    assert_eq!(header.msg_controllen, libc::CMSG_SPACE(12) as _);
                }
                read_control(&header)
            };
            assert_eq!(read, (Some(ip), None));
        }
    }
}
