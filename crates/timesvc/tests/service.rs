//! Servers and clients on loopback.

use std::hash::RandomState;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use netserver::{
    DatagramHandle, DatagramHandler, DatagramServer, MemorySocket, Running, StreamHandler,
    StreamServer, bind_tcp, bind_udp,
};
use timesvc::sntp::Leap;
use timesvc::{
    AskError, Client, ClockClaim, DaytimeDatagrams, DaytimeStream, Hint, LegacyAnswers, Policy,
    SecondsDatagrams, SecondsStream, SntpDatagrams, TimeAnswers, TimeDatagrams,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpStream, UdpSocket};

/// Nothing on loopback takes as long, unless it is to be waited for in vain.
const LONG: Duration = Duration::from_secs(30);

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn serve(handler: impl DatagramHandler) -> (Running<DatagramHandle>, SocketAddr) {
    let socket = bind_udp(anywhere()).unwrap().with_timestamps().unwrap();
    let running = DatagramServer::new(socket, handler).start();
    let addr = running.local_addr().ip().unwrap();
    (running, addr)
}

fn time_answers(policy: Policy) -> TimeAnswers {
    TimeAnswers::new(TimeZone::get("Asia/Shanghai").unwrap(), policy, RandomState::new())
}

fn legacy_answers() -> LegacyAnswers {
    LegacyAnswers::new(TimeZone::UTC, Policy::default(), RandomState::new())
}

/// A client of the tutorial: one datagram there, one back.
async fn original(server: SocketAddr, request: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind(anywhere()).await.unwrap();
    socket.send_to(request, server).await.unwrap();
    let mut reply = [0; 1024];
    let received = tokio::time::timeout(LONG, socket.recv_from(&mut reply)).await;
    let (length, from) = received.unwrap().unwrap();
    assert_eq!(from, server);
    reply[..length].to_vec()
}

#[tokio::test]
async fn the_original_client_gets_its_formats() {
    let (running, addr) = serve(TimeDatagrams::new(time_answers(Policy::default())));
    assert_eq!(original(addr, b"").await.len(), "2026-03-01 09:12:55".len());
    assert_eq!(original(addr, b"%z %Z").await, b"+0800 CST");
    assert_eq!(original(addr, "几点 %Q %%".as_bytes()).await, "几点 %Q %".as_bytes());
    assert_eq!(original(addr, &vec![b'%'; 65_507]).await, b"");
    running.shutdown();
    assert_eq!(running.wait().await.unwrap().to_string(), "4 received: 4 served; 4 sent");
}

#[tokio::test]
async fn our_client_asks_in_the_zone_that_it_wants() {
    let (_running, addr) = serve(TimeDatagrams::new(time_answers(Policy::default())));
    let client = Client::new(addr).deadline(LONG);
    assert_eq!(client.ask(b"TZ=Asia/Kathmandu %z").await.unwrap(), b"+0545");
    let error = client.ask(&[b'x'; 1025]).await.unwrap_err();
    assert!(matches!(error, AskError::FormatTooLong { found: 1025, .. }), "{error}");
}

#[tokio::test]
async fn sntp_tells_how_far_the_clocks_are_apart() {
    let (_running, addr) = serve(SntpDatagrams::new(ClockClaim::Local(3)));
    let sample = Client::new(addr).deadline(LONG).query().await.unwrap();
    assert!(sample.is_synchronised());
    assert_eq!((sample.stratum, sample.leap), (3, Leap::None));
    // It is the same clock; the kernel's and ours differ by what a call takes.
    assert!(sample.delay < SignedDuration::from_secs(30));
    assert!(sample.offset.abs() <= sample.delay + SignedDuration::from_millis(100));
    assert!(sample.server_time.duration_since(Timestamp::now()).abs().as_secs() < 60);
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_told_apart() {
    let (_running, addr) = serve(TimeDatagrams::new(time_answers(Policy::default())));
    let client = Client::new(addr).deadline(Duration::from_millis(50));
    let error = client.query().await.unwrap_err();
    let AskError::NoAnswer { hint: Hint::Stranger(_), .. } = error else {
        panic!("{error}");
    };
}

#[tokio::test]
async fn a_client_may_be_started_before_its_server() {
    let reserved = std::net::UdpSocket::bind(anywhere()).unwrap();
    let addr = reserved.local_addr().unwrap();
    drop(reserved);
    let client = Client::new(addr).ask_again(Duration::from_millis(20));
    let error = client.clone().deadline(Duration::from_millis(20)).ask(b"").await.unwrap_err();
    if cfg!(target_os = "linux") {
        let nobody = matches!(error, AskError::NoAnswer { hint: Hint::NobodyListens, .. });
        assert!(nobody, "{error}");
    }
    let asking = tokio::spawn(async move { client.deadline(LONG).ask(b"%%").await });
    let socket = bind_udp(addr).unwrap();
    let service = TimeDatagrams::new(time_answers(Policy::default()));
    let _running = DatagramServer::new(socket, service).start();
    assert_eq!(asking.await.unwrap().unwrap(), b"%");
}

#[tokio::test]
async fn what_comes_from_a_port_of_our_own_is_not_answered() {
    let peer = UdpSocket::bind(anywhere()).await.unwrap();
    let policy = Policy::default().own_ports([peer.local_addr().unwrap().port()]);
    let (running, addr) = serve(TimeDatagrams::new(time_answers(policy)));
    peer.send_to(b"%X", addr).await.unwrap();
    // The answer to the second shows that the first has been dealt with.
    original(addr, b"%X").await;
    running.shutdown();
    assert_eq!(running.wait().await.unwrap().to_string(), "2 received: 2 served; 1 sent");
}

#[tokio::test]
async fn the_legacy_protocols_are_told_over_datagrams() {
    let (_daytime, addr) = serve(DaytimeDatagrams::new(legacy_answers()));
    let line = String::from_utf8(original(addr, b"").await).unwrap();
    assert!(line.ends_with("-UTC\r\n"), "{line}");
    let (_seconds, addr) = serve(SecondsDatagrams::new(legacy_answers()));
    assert_near_now(&original(addr, b"\n").await);
}

#[tokio::test]
async fn the_legacy_protocols_are_told_over_streams() {
    let line = connect(DaytimeStream::new(TimeZone::UTC)).await;
    assert!(line.ends_with(b"-UTC\r\n"), "{}", line.escape_ascii());
    assert_near_now(&connect(SecondsStream).await);
}

/// What a server sends until it closes.
async fn connect(handler: impl StreamHandler<netserver::Guarded<TcpStream>>) -> Vec<u8> {
    let running = StreamServer::new(bind_tcp(anywhere()).unwrap(), handler).start();
    let mut stream = TcpStream::connect(running.local_addr().ip().unwrap()).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    heard
}

/// That these are seconds since 1900, and a number of today.
fn assert_near_now(seconds: &[u8]) {
    let found = u32::from_be_bytes(seconds.try_into().unwrap());
    let now = u32::from_be_bytes(timesvc::seconds_since_1900(Timestamp::now()));
    assert!(now.wrapping_sub(found) < 60, "{found} at {now}");
}

#[tokio::test]
async fn a_peer_without_an_address_is_on_this_machine() {
    let (socket, net) = MemorySocket::new();
    let service = TimeDatagrams::new(time_answers(Policy::default()));
    let _running = DatagramServer::new(socket, service).start();
    let mut peer = net.join();
    assert!(peer.send(b"%z"));
    assert_eq!(peer.receive().await, b"+0800");
}
