//! Stores that fail in the middle.

use std::io;

use ftp::{LocalStore, Pool, RemotePath, Status, StoreError};

use super::support::{Rig, Rigged, World, content, finals, partials, write};

const LEN: usize = 1_500_000;

type Failure = fn(&RemotePath) -> StoreError;

const FAILURES: [(Status, Failure); 3] = [
    (Status::NoSpace, |path| StoreError::NoSpace {
        path: path.clone(),
        needed: 65_536,
        available: Some(0),
    }),
    (Status::Denied, |path| StoreError::Denied { path: path.clone() }),
    (Status::Failed, |path| StoreError::Io {
        path: path.clone(),
        source: io::Error::other("the disk is on fire"),
    }),
];

/// A rig whose write number `at` fails.
fn failing(at: usize, failure: Failure) -> impl FnOnce(LocalStore) -> Rigged {
    let rig = Rig::writes(move |number, path| match number == at {
        true => Err(failure(path)),
        false => Ok(()),
    });
    move |inner| Rigged { inner, rig }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_here_keeps_what_came_and_the_next_get_goes_on() {
    for (status, failure) in FAILURES {
        for at in [0, 5, 22] {
            let here = failing(at, failure);
            let mut world = World::with(1 << 18, Pool::new(0, 4), |store| store, here);
            write(&world.there, "a", &content(LEN, 1));
            let error = world.get("a").await.unwrap_err();
            assert_eq!(error.status(), Some(status), "{error}");
            assert_eq!((finals(&world.here).len(), partials(&world.here).len()), (0, 1));
            let got = world.get("a").await.unwrap();
            assert_eq!(got.reused, at as u64 * 65_536);
            assert_eq!(got.moved + got.reused, LEN as u64);
            world.assert_same("a");
            assert_eq!(world.dialer.seen.dialled(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_there_keeps_what_came_and_the_next_put_goes_on() {
    for (status, failure) in FAILURES {
        for at in [0, 5, 22] {
            let there = failing(at, failure);
            let same = |store: LocalStore| store;
            let mut world = World::with(1 << 18, Pool::new(0, 4), there, same);
            write(&world.here, "a", &content(LEN, 1));
            let error = world.put("a").await.unwrap_err();
            assert_eq!(error.status(), Some(status), "{error}");
            assert_eq!((finals(&world.there).len(), partials(&world.there).len()), (0, 1));
            let put = world.put("a").await.unwrap();
            assert_eq!(put.reused, at as u64 * 65_536);
            assert_eq!(put.moved + put.reused, LEN as u64);
            world.assert_same("a");
            assert_eq!(world.dialer.seen.dialled(), 1);
        }
    }
}
