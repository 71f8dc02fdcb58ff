//! `send` when the line does not hold.

use std::net::SocketAddr;

use identity::Home;
use it::{Error, Flow, Given, Place, Process, Proxy, Way, check_same, content};

/// A sender, somebody who has the ticket, and a bad line between them.
struct Errand {
    alice: Place,
    bob: Place,
    sender: Process,
    given: Given,
    proxy: Proxy,
}

impl Errand {
    /// `way` is the first connection's; those after it hold.
    async fn start(files: &[(&str, usize)], way: Way) -> Result<Self, Error> {
        let (alice, bob) = (Place::new()?.encrypted(), Place::new()?.encrypted());
        let mut command = alice.ftp_cli(&["--json", "send", "--bind", "127.0.0.1:0"])?;
        for (name, size) in files {
            alice.give_here(name, &content(*size, 3))?;
            command.arg(name);
        }
        let mut sender = Process::start(&mut command)?;
        let serving = sender.event("where it is", |event| event["event"] == "serving").await?;
        let addr: SocketAddr = serving["address"].as_str().unwrap_or_default().parse()?;
        let given = sender.ticket().await?;
        let first = move |number| if number == 0 { way } else { Way::OPEN };
        let proxy = Proxy::start(addr, first).await?;
        // The ticket makes bob known there; then he goes through the proxy.
        let ended = bob.run(&["-s", &given.ticket, "ls"]).await?;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let key = Home::at(alice.home()).key()?.public();
        Home::at(bob.home()).known_servers().remember(&proxy.addr().into(), key, None)?;
        Ok(Self { alice, bob, sender, given, proxy })
    }
}

/// All of it has left the sender by then, and is somewhere on the way.
#[tokio::test(flavor = "multi_thread")]
async fn the_sender_stays_until_what_it_said_was_heard() {
    let way = Way { down: Flow::Hold(200_000), ..Way::OPEN };
    let errand = Errand::start(&[("photo", 300_000)], way).await.unwrap();
    let Errand { alice, bob, sender, given, proxy } = errand;
    let mut client = bob.client(proxy.addr(), &["get", "photo"]).unwrap();
    proxy.reached().await.unwrap();
    client.kill().await.unwrap();
    proxy.cut();
    let ended = bob.run(&["get", &given.ticket, "photo"]).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    check_same(&alice.here().join("photo"), &bob.here().join("photo")).unwrap();
    let ended = sender.end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_before_the_line_was_cut_is_not_waited_for_again() {
    let way = Way { down: Flow::Cut(200_000), ..Way::OPEN };
    let files = [("letter", 20_000), ("photo", 300_000)];
    let errand = Errand::start(&files, way).await.unwrap();
    let Errand { alice, bob, sender, proxy, .. } = errand;
    let client = bob.client(proxy.addr(), &["get", "letter", "photo"]).unwrap();
    let ended = client.end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (name, _) in files {
        check_same(&alice.here().join(name), &bob.here().join(name)).unwrap();
    }
    let ended = sender.end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
