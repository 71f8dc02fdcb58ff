//! The warm loop does not allocate for each datagram: neither in line nor in shards, neither by
//! batches nor one at a time. It has a test binary of its own, because everything in it is counted.
#![expect(unsafe_code, reason = "an allocator that counts is one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use netserver::{
    Datagram, DatagramServer, Dispatch, RateLimit, Responder, SendError, UdpEndpoint, bind_udp,
};

/// Counts what the thread that runs the server allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has nothing to count any more.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What a handler answers with: how often its thread has allocated until now.
fn tell_allocations(_: Datagram<'_>, to: Responder<'_>) -> Result<(), SendError> {
    to.send(&ALLOCATIONS.with(Cell::get).to_le_bytes())
}

/// Asks so many times, with some questions in flight, and gives back the last answer.
fn ask(client: &UdpSocket, times: usize) -> u64 {
    const IN_FLIGHT: usize = 20;
    let mut answer = [0; 8];
    for _ in 0..times / IN_FLIGHT {
        for _ in 0..IN_FLIGHT {
            client.send(b"how many?").unwrap();
        }
        for _ in 0..IN_FLIGHT {
            assert_eq!(client.recv(&mut answer).unwrap(), answer.len());
        }
    }
    u64::from_le_bytes(answer)
}

fn client_of(server: SocketAddr) -> UdpSocket {
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    client.connect(server).unwrap();
    client
}

#[test]
fn a_warm_server_does_not_allocate_for_each_datagram() {
    let batched: fn(UdpEndpoint) -> UdpEndpoint = |socket| socket;
    for (prepare, dispatch) in [
        (batched, Dispatch::InLine),
        (UdpEndpoint::one_at_a_time, Dispatch::InLine),
        (batched, Dispatch::sharded(2)),
    ] {
        // One thread runs all of it, so that its count is everything.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let running = runtime.block_on(async {
            // On all addresses, so that control messages take part.
            let socket = prepare(bind_udp((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap());
            DatagramServer::new(socket, tell_allocations)
                .dispatch(dispatch)
                .rate_limit(RateLimit::per_second(1_000_000_000))
                .start()
        });
        let port = running.local_addr().ip().unwrap().port();
        let handle = running.handle();
        let asking = std::thread::spawn(move || {
            let client = client_of((Ipv4Addr::LOCALHOST, port).into());
            let warm = ask(&client, 2_000);
            let later = ask(&client, 10_000);
            handle.shutdown();
            later - warm
        });
        let report = runtime.block_on(running.wait()).unwrap();
        assert_eq!(report.received, 12_000, "{report}");
        // Buffers may still grow when more datagrams than ever before come at once, a few times.
        let allocations = asking.join().unwrap();
        assert!(allocations < 100, "{allocations} for 10,000 datagrams, {dispatch:?}");
    }
}
