//! A thousand strangers before the door, and somebody who wants a file.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use it::{Error, Place, assert_same, content, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const STRANGERS: usize = 1000;

/// How a greeting of TLS begins; more of it than anybody here is left the time to say.
const GREETING: [u8; 40] = {
    let mut greeting = [0; 40];
    (greeting[0], greeting[1], greeting[2], greeting[3]) = (0x16, 3, 1, 2);
    greeting
};

/// Strangers, until they are dropped. Whoever is turned away comes again.
struct Crowd {
    strangers: JoinSet<()>,
    turned_away: Arc<AtomicUsize>,
}

impl Crowd {
    /// Waits until all of them have come once.
    async fn gather(server: SocketAddr, says_a_byte_a_second: bool) -> Result<Self, Error> {
        let (arrived, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let turned_away = Arc::new(AtomicUsize::new(0));
        let mut strangers = JoinSet::new();
        for _ in 0..STRANGERS {
            let (arrived, all) = (Arc::clone(&arrived), Arc::clone(&all));
            let turned_away = Arc::clone(&turned_away);
            strangers.spawn(async move {
                let mut first = true;
                while let Ok(mut stream) = TcpStream::connect(server).await {
                    if std::mem::take(&mut first)
                        && arrived.fetch_add(1, Ordering::Relaxed) + 1 == STRANGERS
                    {
                        all.notify_one();
                    }
                    match says_a_byte_a_second {
                        true => drip(&mut stream).await,
                        false => drop(stream.read(&mut [0; 64]).await),
                    }
                    turned_away.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let gathered = async {
            all.notified().await;
            Ok::<_, Error>(())
        };
        within("a thousand connections", gathered).await?;
        Ok(Self { strangers, turned_away })
    }
}

/// Says a byte a second until it is turned away.
async fn drip(stream: &mut TcpStream) {
    let (mut from, mut to) = stream.split();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let saying = async {
        for byte in GREETING {
            second.tick().await;
            if to.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    let mut answer = [0; 64];
    tokio::select! {
        () = saying => {}
        _ = from.read(&mut answer) => {}
    }
}

/// As many open files as the system allows: elsewhere a thousand are too many.
#[cfg(unix)]
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

async fn gets_its_file_through(says_a_byte_a_second: bool) {
    #[cfg(unix)]
    raise_open_files();
    let place = Place::new().unwrap().encrypted();
    let theirs = place.give_there("a", &content(300_000, 1)).unwrap();
    let server = place.serve(false).await.unwrap();
    let mut crowd = Crowd::gather(server.addr, says_a_byte_a_second).await.unwrap();
    let ended = place.client(server.addr, &["get", "a"]).unwrap().end().await.unwrap();
    let turned_away = crowd.turned_away.load(Ordering::Relaxed);
    println!("{turned_away} were turned away meanwhile: {ended:?}");
    assert_eq!(ended.count("moved").unwrap(), 300_000, "{ended:?}");
    assert_same(&theirs, &place.here().join("a"));
    crowd.strangers.abort_all();
    let log = server.stop().await.unwrap();
    assert_eq!(log.code, Some(0), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_that_say_nothing_do_not_keep_a_client_from_its_file() {
    gets_its_file_through(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_that_say_a_byte_a_second_do_not_keep_a_client_from_its_file() {
    gets_its_file_through(true).await;
}
