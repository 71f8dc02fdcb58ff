//! Somebody swaps a directory for a link out of the root while it is used.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;

/// How often the two are swapped.
const SWAPS: u32 = 20_000;

/// Runs `work` over and over while `root/d`, a directory, and `root/l`, a link to the other
/// directory, are swapped.
fn while_swapping(fixture: &Fixture, work: impl Fn(u32) -> Result<(), StoreError>) {
    let (directory, link) = (fixture.at("d"), fixture.at("l"));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("secret"), "from inside").unwrap();
    std::os::unix::fs::symlink(fixture.outside(), &link).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..SWAPS).for_each(|_| swap(&directory, &link));
            done.store(true, Ordering::Release);
        });
        for round in 0.. {
            // An error is as good as success, as long as it all stays inside.
            let _ = work(round);
            if done.load(Ordering::Acquire) {
                break;
            }
        }
    });
    fixture.assert_nothing_happened_outside();
}

fn swap(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn readers_see_nothing_from_outside() {
    let fixture = Fixture::new();
    while_swapping(&fixture, |round| {
        if round % 8 > 0 {
            assert_eq!(fixture.get("d/secret")?, "from inside");
            return Ok(());
        }
        fixture.store.list(&path("d"), &mut |entry| {
            assert_eq!(entry.size, 11);
            ControlFlow::Continue(())
        })
    });
}

#[test]
fn writers_reach_nothing_outside() {
    let fixture = Fixture::new();
    while_swapping(&fixture, |round| {
        let name = format!("d/{round}");
        match round % 6 {
            0 => fixture.put("d/secret", "inside", &ANYHOW).map(drop),
            1 => fixture.put(&name, "new", &Publish::IfAbsent).map(drop),
            2 => fixture.store.make_directory(&path(&name), true),
            3 => fixture.store.remove(&path("d/secret")),
            4 => fixture.begin(&name, &ANYHOW)?.discard(),
            _ => {
                fixture.store.rename(&path("d/secret"), &path(&name), &Publish::KeepBoth).map(drop)
            }
        }
    });
}
