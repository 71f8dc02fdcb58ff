//! `time-cli` as a process, and the tutorial's time service: its originals against ours and ours
//! against its originals, in either order of starting.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use it::tutorial::echo::OriginalUdpClient;
use it::tutorial::time::server_at;
use it::{Ended, Error, Place, Process, Served};
use tokio::task::spawn_blocking;

/// Long enough for a machine that is busy with something else.
const TIMEOUT: &str = "50";

/// A port that nobody listens at; that somebody takes it meanwhile is possible, and unlikely.
fn free_port() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}

async fn serve(place: &Place, bind: SocketAddr) -> Result<Served, Error> {
    let bind = bind.to_string();
    let args = ["serve", "--json", "--bind", &bind, "--tz", "Asia/Shanghai"];
    Served::start(&mut place.time_cli(&args)?).await
}

fn ask(place: &Place, server: SocketAddr, args: &[&str]) -> Result<Process, Error> {
    let server = server.to_string();
    let mut all = vec!["ask", "-s", &server];
    all.extend_from_slice(args);
    Process::start(&mut place.time_cli(&all)?)
}

/// What a client printed that ended well.
fn text(ended: &Ended) -> String {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.events[0].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_client_is_answered_though_it_was_started_first() {
    let place = Place::new().unwrap();
    let addr = free_port();
    let client = OriginalUdpClient::new(addr).unwrap();
    // Nobody hears it, and nobody tells the client.
    client.send(b"%Y").unwrap();
    let _served = serve(&place, addr).await.unwrap();
    let answers = spawn_blocking(move || {
        ["%z %Z", "%Q 几点", ""].map(|format| client.ask(format.as_bytes()).unwrap())
    });
    let answers = answers.await.unwrap();
    assert_eq!(answers[0], b"+0800 CST");
    assert_eq!(answers[1], "%Q 几点".as_bytes());
    assert_eq!(answers[2].len(), "2026-03-01 09:12:55".len());
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_asks_the_original_server() {
    let place = Place::new().unwrap();
    let server = server_at((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let asked = async |args: &[&str]| {
        let client = ask(&place, server.addr(), &[&["--timeout", TIMEOUT], args].concat()).unwrap();
        client.end().await.unwrap()
    };
    assert_eq!(text(&asked(&["100%% %Q 几点"]).await), "100% %Q 几点");
    assert_eq!(text(&asked(&[]).await).len(), "2026-03-01 09:12:55".len());
    let ended = asked(&["%%", "--json"]).await;
    let event = &ended.events[0];
    assert_eq!((&event["event"], &event["text"]), (&"time".into(), &"%".into()), "{ended:?}");
    assert_eq!(event["server"], server.addr().to_string());
    // It does not know what stands in front, and sends it back.
    let ended = asked(&["%%", "--tz", "UTC"]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_may_be_started_before_its_server() {
    let place = Place::new().unwrap();
    let addr = free_port();
    let client = ask(&place, addr, &["%Z", "--timeout", TIMEOUT]).unwrap();
    let served = serve(&place, addr).await.unwrap();
    assert_eq!(text(&client.end().await.unwrap()), "CST");
    drop(served);

    let addr = free_port();
    let client = ask(&place, addr, &["%%", "--timeout", TIMEOUT]).unwrap();
    let _original = server_at(addr).unwrap();
    assert_eq!(text(&client.end().await.unwrap()), "%");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_found_again_by_who_watches() {
    let place = Place::new().unwrap();
    let mut served = serve(&place, free_port()).await.unwrap();
    let addr = served.addr;
    let mut watch = ask(&place, addr, &["%z", "--watch", "--json", "--timeout", "1"]).unwrap();
    watch.event("the time", |event| event["text"] == "+0800").await.unwrap();
    served.process.kill().await.unwrap();
    watch.event("a failure", |event| event["event"] == "error").await.unwrap();
    let _again = serve(&place, addr).await.unwrap();
    watch.event("the time again", |event| event["text"] == "+0800").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_ends_with_a_code_of_its_own_and_a_reason() {
    let place = Place::new().unwrap();
    let client = ask(&place, free_port(), &["--timeout", "0.2", "--json"]).unwrap();
    let ended = client.end().await.unwrap();
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.complaint().contains("no answer"), "{ended:?}");
}
