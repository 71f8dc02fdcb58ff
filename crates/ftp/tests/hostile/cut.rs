//! Lines that break anywhere in a transfer.

use ftp::{ClientError, Pool};

use super::support::{Trouble, World, clear, content, write};

/// More than is sent unasked, and no whole number of blocks.
const LEN: usize = (1 << 20) + 12_345;

/// Two blocks, the last of them short.
const SHORT: usize = 70_000;

/// What a line holds.
const PIPE: usize = 1 << 18;

/// What a resumed transfer may move beyond the content: the block under way, frames and digests.
const OVERHEAD: usize = 65_536 + 4_000;

/// Where to cut what is `whole` bytes long for a file of `len`: at every byte of the first and
/// the last frames for a short file, at some of them for a long one, and at samples in between.
fn places(len: usize, whole: usize) -> impl Iterator<Item = u64> {
    let step = if len == SHORT { 1 } else { 11 };
    let edges = [0..300, whole - 300..whole].into_iter().flat_map(move |edge| edge.step_by(step));
    edges.chain((300..whole - 300).step_by(whole / 70)).map(|place| place as u64)
}

/// A world that moves single blocks, so that a break loses no more than one.
fn world() -> World {
    World::with(PIPE, Pool::new(0, 4), |store| store, |store| store)
}

#[tokio::test(start_paused = true)]
async fn a_get_goes_on_after_a_cut_anywhere() {
    for len in [SHORT, LEN] {
        let mut world = world();
        write(&world.there, "a", &content(len, 1));
        world.client.connect().await.unwrap();
        let welcome = world.dialer.seen.take_read().len() as u64;
        world.get("a").await.unwrap();
        let whole = world.dialer.seen.take_read().len();
        // A short file is sent unasked: it is not gone on with, but sent anew.
        let most = if len == SHORT { 2 * whole } else { whole } + OVERHEAD;
        for place in places(len, whole) {
            clear(&world.here);
            let cut_read = Some(welcome + place);
            world.reconnect(Trouble { cut_read, ..Trouble::default() }).await;
            world.get("a").await.unwrap();
            world.assert_same("a");
            let moved = world.dialer.seen.take_read().len();
            assert!(moved <= most, "{moved} bytes came after a cut at {place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_goes_on_after_its_requests_were_cut_anywhere() {
    let mut world = world();
    write(&world.there, "a", &content(SHORT, 1));
    world.client.connect().await.unwrap();
    let hello = world.dialer.seen.take_written().len() as u64;
    world.get("a").await.unwrap();
    let whole = world.dialer.seen.take_written().len();
    for place in 0..whole as u64 {
        clear(&world.here);
        world.reconnect(Trouble { cut_written: Some(hello + place), ..Trouble::default() }).await;
        world.get("a").await.unwrap();
        world.assert_same("a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_goes_on_after_a_cut_anywhere() {
    for len in [SHORT, LEN] {
        let mut world = world();
        write(&world.here, "a", &content(len, 1));
        world.client.connect().await.unwrap();
        let hello = world.dialer.seen.take_written().len() as u64;
        world.put("a").await.unwrap();
        let whole = world.dialer.seen.take_written().len();
        for place in places(len, whole) {
            clear(&world.there);
            let cut_written = Some(hello + place);
            world.reconnect(Trouble { cut_written, ..Trouble::default() }).await;
            world.put("a").await.unwrap();
            world.assert_same("a");
            let moved = world.dialer.seen.take_written().len();
            // What the server has not taken from the pipe when it is asked anew is sent again.
            let most = whole + OVERHEAD + PIPE;
            assert!(moved <= most, "{moved} bytes went after a cut at {place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_goes_on_after_its_answers_were_cut_anywhere() {
    let mut world = world();
    write(&world.here, "a", &content(SHORT, 1));
    world.client.connect().await.unwrap();
    let welcome = world.dialer.seen.take_read().len() as u64;
    world.put("a").await.unwrap();
    let whole = world.dialer.seen.take_read().len();
    for place in 0..whole as u64 {
        clear(&world.there);
        world.reconnect(Trouble { cut_read: Some(welcome + place), ..Trouble::default() }).await;
        world.put("a").await.unwrap();
        world.assert_same("a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_cut_in_the_greeting_of_a_known_server_is_only_another_cut() {
    let mut world = world();
    write(&world.there, "a", &content(LEN, 1));
    for place in (0..150).step_by(3) {
        clear(&world.here);
        let first = Trouble { cut_read: Some(300_000), ..Trouble::default() };
        let greeting = [
            Trouble { cut_read: Some(place), ..Trouble::default() },
            Trouble { cut_written: Some(place), ..Trouble::default() },
        ];
        for second in greeting {
            world.reconnect(first.clone()).await;
            world.trouble([second]);
            world.get("a").await.unwrap();
            world.assert_same("a");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_in_the_first_greeting_is_told_and_the_next_call_goes_well() {
    let mut world = world();
    write(&world.there, "a", b"short");
    for place in 0..100 {
        clear(&world.here);
        world.forget().await;
        world.trouble([Trouble { cut_read: Some(place), ..Trouble::default() }]);
        if let Err(error) = world.get("a").await {
            let told = matches!(error, ClientError::Stranger { .. } | ClientError::Lost { .. });
            assert!(told, "{error}");
        }
        world.get("a").await.unwrap();
        world.assert_same("a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_breaks_again_and_again_gets_there_as_long_as_something_moves() {
    let mut world = world();
    write(&world.there, "a", &content(LEN, 1));
    let cut = Trouble { cut_read: Some(200_000), ..Trouble::default() };
    world.client.connect().await.unwrap();
    world.reconnect(cut.clone()).await;
    world.trouble(vec![cut; 30]);
    let got = world.get("a").await.unwrap();
    assert!(got.retries >= 5, "{}", got.retries);
    world.assert_same("a");

    std::fs::remove_file(world.there.path().join("a")).unwrap();
    let cut = Trouble { cut_written: Some(400_000), ..Trouble::default() };
    world.reconnect(cut.clone()).await;
    world.trouble(vec![cut; 30]);
    world.put("a").await.unwrap();
    world.assert_same("a");
}

impl World {
    /// Gives the client a new connection, which has this trouble.
    async fn reconnect(&mut self, trouble: Trouble) {
        self.forget().await;
        self.trouble([trouble]);
        self.client.connect().await.unwrap();
        self.dialer.seen.take_read();
        self.dialer.seen.take_written();
    }

    /// Makes the client lose its connection.
    async fn forget(&mut self) {
        let dropped = super::support::fast();
        self.client = ftp::Client::new(self.dialer.clone(), dropped.pool(Pool::new(0, 4)));
    }
}
