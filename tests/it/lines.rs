//! Bad lines between a client and a server, over real sockets; most of them within this process.

use std::sync::Arc;

use ftp::{Client, ClientError, How, Local, LocalStore, RemotePath, TcpConnector, Transfer};
use it::{FileServer, Flow, Place, Proxy, Way, assert_same, content, quick_options};

/// Not a whole number of blocks.
const SIZE: usize = 400_000;

/// A server behind a bad line, and a client with a file on one of both sides.
struct Pair {
    place: Place,
    name: RemotePath,
    store: Arc<LocalStore>,
    client: Client<TcpConnector>,
    proxy: Proxy,
    _server: FileServer,
}

impl Pair {
    async fn new(way: impl FnMut(usize) -> Way + Send + 'static) -> Self {
        let place = Place::new().unwrap();
        let server = FileServer::start(&place.there(), true).unwrap();
        let proxy = Proxy::start(server.addr(), way).await.unwrap();
        let connector = TcpConnector::new(proxy.addr().to_string());
        Self {
            name: RemotePath::parse("a").unwrap(),
            store: Arc::new(LocalStore::open(place.here(), true).unwrap()),
            client: Client::new(connector, quick_options()),
            place,
            proxy,
            _server: server,
        }
    }

    async fn get(&mut self) -> Result<Transfer, ClientError> {
        let local = Local { store: &self.store, path: &self.name };
        self.client.get(&self.name, local, &How::default(), &()).await
    }

    async fn put(&mut self) -> Result<Transfer, ClientError> {
        let local = Local { store: &self.store, path: &self.name };
        self.client.put(local, &self.name, &How::default(), &()).await
    }

    #[track_caller]
    fn assert_same(&self) {
        assert_same(&self.place.here().join("a"), &self.place.there().join("a"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_one_byte_at_a_time_is_slow_and_nothing_else() {
    let dribble = Way { up: Flow::Dribble, down: Flow::Dribble };
    let mut pair = Pair::new(move |_| dribble).await;
    pair.place.give_there("a", &content(70_000, 1)).unwrap();
    assert_eq!(pair.get().await.unwrap().moved, 70_000);
    pair.assert_same();
    std::fs::remove_file(pair.place.there().join("a")).unwrap();
    assert_eq!(pair.put().await.unwrap().moved, 70_000);
    pair.assert_same();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_survives_a_line_that_is_cut_anywhere() {
    let mut whole = Pair::new(|_| Way::OPEN).await;
    whole.place.give_there("a", &content(SIZE, 2)).unwrap();
    whole.get().await.unwrap();
    let (up, down) = whole.proxy.carried();
    for way in cuts(up, down) {
        let mut pair = Pair::new(move |number| if number == 0 { way } else { Way::OPEN }).await;
        pair.place.give_there("a", &content(SIZE, 2)).unwrap();
        let mut got = pair.get().await;
        if got.is_err() && !way_has_met(way) {
            got = pair.get().await;
        }
        let got = got.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert!(got.unchanged || got.moved + got.reused == SIZE as u64, "{way:?}: {got:?}");
        pair.assert_same();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_survives_a_line_that_is_cut_anywhere() {
    let mut whole = Pair::new(|_| Way::OPEN).await;
    whole.place.give_here("a", &content(SIZE, 3)).unwrap();
    whole.put().await.unwrap();
    let (up, down) = whole.proxy.carried();
    for way in cuts(up, down) {
        let mut pair = Pair::new(move |number| if number == 0 { way } else { Way::OPEN }).await;
        pair.place.give_here("a", &content(SIZE, 3)).unwrap();
        let mut put = pair.put().await;
        if put.is_err() && !way_has_met(way) {
            put = pair.put().await;
        }
        let put = put.unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert!(put.unchanged || put.moved + put.reused == SIZE as u64, "{way:?}: {put:?}");
        pair.assert_same();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_again_and_again_still_gets_there() {
    // Never enough for a whole segment.
    let way = |_| Way { down: Flow::Cut(1_000_000), ..Way::OPEN };
    let mut pair = Pair::new(way).await;
    pair.place.give_there("a", &content(16 << 20, 4)).unwrap();
    let got = pair.get().await.unwrap();
    assert!(got.retries > 5, "{got:?}");
    pair.assert_same();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_line_that_is_cut_again_and_again_still_gets_there() {
    let place = Place::new().unwrap().encrypted();
    place.give_there("a", &content(6 << 20, 4)).unwrap();
    let server = place.serve(false).await.unwrap();
    // Somewhere within a record, which then counts for nothing.
    let way = |number| Way { down: Flow::Cut(1_500_000 + 7 * number as u64), ..Way::OPEN };
    let proxy = Proxy::start(server.addr, way).await.unwrap();
    let ended = place.client(proxy.addr(), &["get", "a"]).unwrap().end().await.unwrap();
    assert!(ended.count("retries").unwrap() > 2, "{ended:?}");
    assert_same(&place.there().join("a"), &place.here().join("a"));
}

/// Whether client and server have met by the byte at which the line is cut. A server that was never
/// met is not called again: until then a call may fail, and is made again.
fn way_has_met(way: Way) -> bool {
    match way {
        Way { up: Flow::Cut(up), .. } => up > 600,
        Way { down: Flow::Cut(down), .. } => down > 300,
        _ => true,
    }
}

/// Where the line is cut: throughout the words before and behind the content, and here and there
/// in between; in both directions.
fn cuts(up: u64, down: u64) -> impl Iterator<Item = Way> {
    let points = |total: u64| {
        let step = (total / 13).max(17);
        let ends = (0..700).step_by(31).chain(total.saturating_sub(200)..total);
        let mut points: Vec<u64> = ends
            .filter(|point| point % 13 < 7)
            .chain((0..total).step_by(step as usize))
            .filter(|&point| point < total)
            .collect();
        points.sort_unstable();
        points.dedup();
        points
    };
    let up = points(up).into_iter().map(|point| Way { up: Flow::Cut(point), ..Way::OPEN });
    let down = points(down).into_iter().map(|point| Way { down: Flow::Cut(point), ..Way::OPEN });
    up.chain(down)
}
