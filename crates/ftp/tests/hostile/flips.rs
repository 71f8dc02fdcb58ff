//! Lines on which a bit flips.

use ftp::{Options, Transfer};

use super::support::{Trouble, World, clear, content, fast, finals, quick_pool, write};

const LEN: usize = 70_000;

/// A generator of places, the same in every run.
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Bits in every byte of the first frames, and anywhere.
fn flips(head: u64, len: u64, seed: u64) -> impl Iterator<Item = (u64, u8)> {
    let mut seed = Seed(seed);
    let mut mask = Seed(seed.0 ^ 1);
    let places = (0..head).chain((0..100).map(move |_| seed.next(len)));
    places.map(move |place| (place, 1 << mask.next(8)))
}

fn options() -> Options {
    fast().pool(quick_pool())
}

async fn world() -> World {
    World::with(1 << 18, quick_pool(), |store| store, |store| store)
}

/// Whatever has a final name is right, and named as it was meant to be.
fn assert_right(dir: &tempfile::TempDir, right: &[u8], what: &str) {
    let names = finals(dir);
    assert!(names.is_empty() || names == ["a"], "{names:?} after {what}");
    if !names.is_empty() {
        assert!(std::fs::read(dir.path().join("a")).unwrap() == right, "{what}");
    }
}

/// Makes the same transfer with each flip; returns how many went well all the same.
async fn survive(put: bool, written: bool) -> usize {
    let mut world = world().await;
    let (from, to) = match put {
        true => (world.here.path().to_owned(), world.there.path().to_owned()),
        false => (world.there.path().to_owned(), world.here.path().to_owned()),
    };
    let right = content(LEN, 1);
    std::fs::write(from.join("a"), &right).unwrap();
    let modified = from.join("a").metadata().unwrap().modified().unwrap();
    transfer(&mut world, put).await.unwrap();
    let (read_len, written_len) =
        (world.dialer.seen.take_read().len(), world.dialer.seen.take_written().len());
    let len = if written { written_len } else { read_len } as u64;
    let mut well = 0;
    for flip in flips(len.min(700), len, 1 + u64::from(put) * 2 + u64::from(written)) {
        clear(if put { &world.there } else { &world.here });
        world.client = ftp::Client::new(world.dialer.clone(), options());
        let trouble = match written {
            true => Trouble { flip_written: Some(flip), ..Trouble::default() },
            false => Trouble { flip_read: Some(flip), ..Trouble::default() },
        };
        world.trouble([trouble]);
        let outcome = transfer(&mut world, put).await;
        let what = format!("{flip:?}: {outcome:?}");
        let (target, source) = match put {
            true => (&world.there, &world.here),
            false => (&world.here, &world.there),
        };
        assert_right(target, &right, &what);
        assert_right(source, &right, &what);
        if let Ok(done) = outcome {
            assert_eq!(done.path, super::support::path("a"), "{what}");
            let found = to.join("a").metadata().unwrap();
            assert_eq!(found.modified().unwrap(), modified, "{what}");
            well += 1;
        }
    }
    world.assert_serves().await;
    well
}

async fn transfer(world: &mut World, put: bool) -> Result<Transfer, ftp::ClientError> {
    if put { world.put("a").await } else { world.get("a").await }
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_flips_on_its_way_to_a_getting_client_makes_no_wrong_file() {
    assert!(survive(false, false).await > 100);
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_flips_on_its_way_from_a_getting_client_makes_no_wrong_file() {
    assert!(survive(false, true).await > 10);
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_flips_on_its_way_to_a_putting_client_makes_no_wrong_file() {
    assert!(survive(true, false).await > 100);
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_flips_on_its_way_from_a_putting_client_makes_no_wrong_file() {
    assert!(survive(true, true).await > 100);
}

#[tokio::test(start_paused = true)]
async fn damaged_blocks_are_mended_on_the_same_connection() {
    let mut world = world().await;
    let len = 5 << 20;
    write(&world.there, "a", &content(len, 1));
    world.trouble([Trouble { flip_read: Some((3 << 20, 4)), ..Trouble::default() }]);
    let got = world.get("a").await.unwrap();
    assert_eq!((got.mended, got.retries), (1, 0));
    world.assert_same("a");
    clear(&world.there);
    world.client = ftp::Client::new(world.dialer.clone(), options());
    world.trouble([Trouble { flip_written: Some((3 << 20, 4)), ..Trouble::default() }]);
    assert_eq!(world.put("a").await.unwrap().retries, 0);
    world.assert_same("a");
    assert_eq!(world.dialer.seen.dialled(), 2);
}
