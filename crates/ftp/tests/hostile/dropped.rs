//! Calls whose futures are dropped, as Ctrl-C drops them, and made again.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::Poll;

use ftp::LocalStore;

use super::support::{
    Rig, Rigged, Trouble, World, clear, content, fast, local, partials, path, quick_pool, write,
};

const LEN: usize = 400_000;

/// Polls a future so often and then drops it; `None` if it was not done by then.
async fn polled<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Small pipes, so that there are many polls.
fn world() -> World {
    let same = |store: LocalStore| store;
    World::with(20_000, quick_pool(), same, same)
}

#[tokio::test(start_paused = true)]
async fn a_get_that_was_dropped_at_any_poll_is_made_again() {
    let mut world = world();
    write(&world.there, "a", &content(LEN, 1));
    let mut polls = 1;
    loop {
        clear(&world.here);
        if let Some(got) = polled(polls, world.get("a")).await {
            got.unwrap();
            break;
        }
        let got = world.get("a").await;
        got.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        world.assert_same("a");
        polls += 1;
    }
    assert!(polls > 10, "{polls}");
}

#[tokio::test(start_paused = true)]
async fn a_put_that_was_dropped_at_any_poll_is_made_again() {
    let mut world = world();
    write(&world.here, "a", &content(LEN, 1));
    let mut polls = 1;
    loop {
        clear(&world.there);
        if let Some(put) = polled(polls, world.put("a")).await {
            put.unwrap();
            break;
        }
        let put = world.put("a").await;
        put.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        world.assert_same("a");
        polls += 1;
    }
    assert!(polls > 10, "{polls}");
}

#[tokio::test(start_paused = true)]
async fn replacing_can_be_dropped_and_made_again_byte_by_byte() {
    let mut world = world();
    let mut old = content(3000, 1);
    write(&world.there, "a", &old);
    old[7] ^= 1;
    write(&world.here, "a", &old);
    // Files of the same size and time would be taken for the same.
    let source = std::fs::File::options().append(true).open(world.here.path().join("a")).unwrap();
    source.set_modified(std::time::UNIX_EPOCH).unwrap();
    let mut polls = 1;
    loop {
        std::fs::write(world.there.path().join("a"), content(3000, 1)).unwrap();
        world.client = ftp::Client::new(world.dialer.clone(), fast());
        world.trouble([Trouble { trickle: true, ..Trouble::default() }]);
        if let Some(put) = polled(polls, world.put_over("a")).await {
            put.unwrap();
            break;
        }
        world.put_over("a").await.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        world.assert_same("a");
        polls += 101;
    }
    assert!(polls > 1000, "{polls}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_outlives_its_dropped_call_does_not_make_the_name_busy() {
    let met = Arc::new(Barrier::new(2));
    let rig = {
        let met = Arc::clone(&met);
        Rig::writes(move |number, _| {
            if number == 1 {
                // It begins, and it does not go on before it is told to.
                met.wait();
                met.wait();
            }
            Ok(())
        })
    };
    let rigged = |inner| Rigged { inner, rig: Arc::clone(&rig) };
    let there = |store: LocalStore| store;
    let mut world = World::with(1 << 18, ftp::Pool::new(0, 4), there, rigged);
    write(&world.there, "a", &content(LEN, 1));
    let begun = {
        let met = Arc::clone(&met);
        tokio::task::spawn_blocking(move || met.wait())
    };
    tokio::select! {
        _ = world.get("a") => panic!("the write cannot be over"),
        begun = begun => drop(begun.unwrap()),
    }
    let World { client, local: store, .. } = &mut world;
    let (name, how) = (path("a"), ftp::How::default());
    let again = client.get(&name, local(store, &name), &how, &());
    let release = async {
        while rig.begun() < 2 {
            tokio::task::yield_now().await;
        }
        tokio::task::spawn_blocking(move || met.wait()).await.unwrap();
    };
    let (again, ()) = tokio::join!(again, release);
    again.unwrap();
    world.assert_same("a");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_put_that_is_published_at_the_last_moment_is_no_conflict() {
    let rig = Rig::commit_before_second_begin();
    let rigged = |inner| Rigged { inner, rig: Arc::clone(&rig) };
    let mut world = World::with(1 << 18, quick_pool(), rigged, |store: LocalStore| store);
    write(&world.here, "a", &content(LEN, 1));
    drop_while_committing(&rig, world.put("a")).await;
    let again = world.put("a").await.unwrap();
    assert!(again.unchanged, "{again:?}");
    world.assert_same("a");
    assert_eq!(partials(&world.there), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_get_that_is_published_at_the_last_moment_is_no_conflict() {
    let rig = Rig::commit_before_second_begin();
    let rigged = |inner| Rigged { inner, rig: Arc::clone(&rig) };
    let mut world = World::with(1 << 18, quick_pool(), |store| store, rigged);
    write(&world.there, "a", &content(LEN, 1));
    drop_while_committing(&rig, world.get("a")).await;
    let again = world.get("a").await.unwrap();
    assert!(again.unchanged, "{again:?}");
    world.assert_same("a");
    assert_eq!(partials(&world.here), [""; 0]);
}

async fn drop_while_committing(rig: &Rig, transfer: impl Future) {
    let committing = async {
        while rig.committing() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = transfer => panic!("the commit waits for the next upload"),
        () = committing => {}
    }
}
