//! Sources that change while they are read.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use ftp::{LocalStore, Pool, Status};

use super::support::{Rig, Rigged, World, content, finals};

const LEN: usize = 1_500_000;

/// What is done to the file: its length afterwards, counted from [`LEN`].
const CHANGES: [isize; 4] = [0, -700_000, -(LEN as isize), 200_000];

/// A rig that rewrites the file before chosen reads, each time with other content.
fn rewriting(
    file: Arc<OnceLock<PathBuf>>,
    change: isize,
    when: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> Arc<Rig> {
    let version = AtomicU64::new(1);
    Rig::reads(move |number| {
        if when(number) {
            let version = version.fetch_add(1, Ordering::Relaxed) + 1;
            rewrite(file.get().unwrap(), LEN.saturating_add_signed(change), version);
        }
    })
}

/// Writes the file in place. The times differ even where the clock of the file system is coarse.
fn rewrite(path: &Path, len: usize, version: u64) {
    use std::os::unix::fs::FileExt;

    let file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
    file.set_len(len as u64).unwrap();
    file.write_all_at(&content(len, version), 0).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(version)).unwrap();
}

/// Blocks one by one, so that there are reads to choose from.
fn pool() -> Arc<Pool> {
    Pool::new(0, 4)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_once_while_it_is_got_is_got_as_it_then_is() {
    for change in CHANGES {
        for at in [0, 7, 22] {
            let file = Arc::new(OnceLock::new());
            let rig = rewriting(Arc::clone(&file), change, move |number| number == at);
            let there = |inner| Rigged { inner, rig };
            let mut world = World::with(1 << 18, pool(), there, |store: LocalStore| store);
            let source = file.get_or_init(|| world.there.path().join("a"));
            rewrite(source, LEN, 1);
            let got = world.get("a").await.unwrap();
            assert_eq!(got.size, LEN.saturating_add_signed(change) as u64);
            assert_eq!(got.retries, 1, "{change} at {at}");
            world.assert_same("a");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_once_while_it_is_put_is_put_as_it_then_is() {
    for change in CHANGES {
        for at in [0, 7, 22] {
            let file = Arc::new(OnceLock::new());
            let rig = rewriting(Arc::clone(&file), change, move |number| number == at);
            let here = |inner| Rigged { inner, rig };
            let mut world = World::with(1 << 18, pool(), |store| store, here);
            let source = file.get_or_init(|| world.here.path().join("a"));
            rewrite(source, LEN, 1);
            let put = world.put("a").await.unwrap();
            assert_eq!(put.size, LEN.saturating_add_signed(change) as u64);
            assert_eq!(put.retries, 1, "{change} at {at}");
            world.assert_same("a");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_stops_changing_is_given_up_and_not_published() {
    let file = Arc::new(OnceLock::new());
    let rig = rewriting(Arc::clone(&file), 0, |number| number % 10 == 5);
    let there = |inner| Rigged { inner, rig };
    let mut world = World::with(1 << 18, pool(), there, |store: LocalStore| store);
    rewrite(file.get_or_init(|| world.there.path().join("a")), LEN, 1);
    let error = world.get("a").await.unwrap_err();
    assert_eq!(error.status(), Some(Status::Changed), "{error}");
    assert_eq!(finals(&world.here), [""; 0]);
    // It is that one file alone.
    rewrite(&world.there.path().join("b"), 5, 1);
    world.get("b").await.unwrap();
    assert_eq!(world.dialer.seen.dialled(), 1);

    let file = Arc::new(OnceLock::new());
    let rig = rewriting(Arc::clone(&file), 0, |number| number % 10 == 5);
    let here = |inner| Rigged { inner, rig };
    let mut world = World::with(1 << 18, pool(), |store| store, here);
    rewrite(file.get_or_init(|| world.here.path().join("a")), LEN, 1);
    let error = world.put("a").await.unwrap_err();
    assert_eq!(error.status(), Some(Status::Changed), "{error}");
    assert_eq!(finals(&world.there), [""; 0]);
    assert_eq!(world.dialer.seen.dialled(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_read_is_never_mixed() {
    let file = Arc::new(OnceLock::new());
    let rig = rewriting(Arc::clone(&file), 0, |number| number == 9);
    let there = |inner| Rigged { inner, rig };
    let mut world = World::with(1 << 18, pool(), there, |store: LocalStore| store);
    rewrite(file.get_or_init(|| world.there.path().join("a")), LEN, 1);
    let mut read = Vec::new();
    let name = super::support::path("a");
    let error = world.client.read(&name, None, &mut read, &()).await.unwrap_err();
    // What has been handed on cannot be taken back: it is told.
    assert_eq!(error.status(), Some(Status::Changed), "{error}");
}
