//! Sources that cannot be read, and lines that break: the rest arrives.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ftp::{HowTree, LocalStore, Outcome, RemotePath, Status, StoreError};

use super::super::support::{Rig, Rigged, Trouble, World, fast, quick_pool};
use super::support::{BOTH, Way, file, grow, replace};

fn denied(path: &RemotePath) -> Result<(), StoreError> {
    Err(StoreError::Denied { path: path.clone() })
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_and_nothing_is_deleted_for_it() {
    let rig = Rig::paths(
        |path| if path.as_bytes().ends_with(b"deep") { denied(path) } else { Ok(()) },
        |path| if path.as_bytes().ends_with(b"/a") { denied(path) } else { Ok(()) },
    );
    let there = |inner: LocalStore| Rigged { inner, rig };
    let mut world = World::with(1 << 18, quick_pool(), there, |store| store);
    grow(world.there.path());
    let target = world.here.path().join("t");
    fs::create_dir_all(target.join("deep")).unwrap();
    file(&target.join("deep/mine"), 5, 1);
    file(&target.join("extra"), 5, 1);
    let (summary, log) = world.tree(Way::Get, &replace().delete(true)).await;
    assert_eq!(summary.first_failure, Some(Status::Denied));
    assert_eq!(log.those(|outcome| outcome.failure().is_some()), ["a", "deep"]);
    assert!(target.join("deep/mine").exists(), "its directory was not listed to its end");
    assert_eq!(log.outcome("extra"), Outcome::Deleted);
    assert!(target.join("large").exists());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_vanishes_fails_alone() {
    for name in ["t/a", "t/large"] {
        let root = Arc::new(OnceLock::<PathBuf>::new());
        let known = Arc::clone(&root);
        let vanish = move |path: &RemotePath| {
            if path.as_bytes() == name.as_bytes() {
                let root = known.get().unwrap();
                fs::remove_file(root.join(name)).unwrap();
            }
            Ok(())
        };
        let rig = Rig::paths(|_| Ok(()), vanish);
        let there = |inner: LocalStore| Rigged { inner, rig };
        let mut world = World::with(1 << 18, quick_pool(), there, |store| store);
        root.set(world.there.path().to_owned()).unwrap();
        grow(world.there.path());
        let (summary, log) = world.tree(Way::Get, &HowTree::default()).await;
        let name = name.strip_prefix("t/").unwrap();
        assert_eq!(log.those(|outcome| outcome.failure().is_some()), [name]);
        assert_eq!((summary.files, summary.failed), (10, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_target_ends_it_early_and_says_why() {
    for way in BOTH {
        let full = || {
            Rig::writes(|_, path| {
                Err(StoreError::NoSpace { path: path.clone(), needed: 1, available: None })
            })
        };
        let rigs = [full(), full()];
        let [one, other] = rigs;
        let there = |inner: LocalStore| Rigged { inner, rig: one };
        let here = |inner: LocalStore| Rigged { inner, rig: other };
        let mut world = World::with(1 << 18, quick_pool(), there, here);
        grow(world.source(way));
        let (summary, _) = world.tree(way, &HowTree::default()).await;
        assert_eq!(summary.stopped.map(|failure| failure.status), Some(Status::NoSpace));
        world.assert_serves().await;
    }
}

/// Cuts each transfer at many places, on the way there and on the way back.
#[tokio::test(start_paused = true)]
async fn a_tree_goes_on_after_a_cut_anywhere() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        world.client.connect().await.unwrap();
        let hello = [world.dialer.seen.take_read().len(), world.dialer.seen.take_written().len()];
        world.tree(way, &HowTree::default()).await;
        let whole = [world.dialer.seen.take_read().len(), world.dialer.seen.take_written().len()];
        for written in [false, true] {
            let (hello, whole) = (hello[usize::from(written)], whole[usize::from(written)]);
            for place in (1..whole).step_by((whole / 60).max(1)) {
                let place = Some((hello + place) as u64);
                let trouble = match written {
                    true => Trouble { cut_written: place, ..Trouble::default() },
                    false => Trouble { cut_read: place, ..Trouble::default() },
                };
                fs::remove_dir_all(world.target(way).join("t")).unwrap();
                world.client = ftp::Client::new(world.dialer.clone(), fast());
                world.trouble([trouble]);
                world.client.connect().await.unwrap();
                let (summary, log) = world.tree(way, &HowTree::default()).await;
                world.assert_same_trees();
                assert!(summary.is_complete(), "{way:?} at {place:?}: {:?}", log.all());
                assert!(log.is_told_once(), "{way:?} at {place:?}: {:?}", log.all());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_nothing_that_the_next_one_minds() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        for polls in (0..120).step_by(3) {
            let how = HowTree::default();
            let log = super::support::Log::default();
            {
                let mut call = Box::pin(world.try_tree(way, &how, &log));
                for _ in 0..polls {
                    let once = std::future::poll_fn(|cx| {
                        std::task::Poll::Ready(call.as_mut().poll(cx).is_ready())
                    });
                    if once.await {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            let (summary, log) = world.tree(way, &replace()).await;
            assert!(summary.is_complete(), "{way:?} after {polls} polls: {:?}", log.all());
            world.assert_same_trees();
            fs::remove_dir_all(world.target(way).join("t")).unwrap();
        }
    }
}
