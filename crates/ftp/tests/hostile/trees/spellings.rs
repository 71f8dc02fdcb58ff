//! Targets that take two spellings of a name for one.

use std::fs;

use ftp::{HowTree, Outcome, Publish, Status};

use super::super::support::{Folding, World, quick_pool};
use super::support::{BOTH, Way, file, replace};

/// A world whose stores fold the case of names, and a source with names that differ in nothing
/// else.
fn world(way: Way) -> World<Folding> {
    let world = World::with(1 << 18, quick_pool(), Folding, Folding);
    let t = world.source(way).join("t");
    fs::create_dir_all(t.join("DIR")).unwrap();
    fs::create_dir_all(t.join("dir")).unwrap();
    for (number, name) in
        ["DIR/one", "dir/One", "dir/two", "Large", "large", "Small", "small"].iter().enumerate()
    {
        let len = if name.contains("arge") { 200_000 } else { 100 };
        file(&t.join(name), len + number, number as u64);
    }
    std::os::unix::fs::symlink("here", t.join("Link")).unwrap();
    std::os::unix::fs::symlink("there", t.join("link")).unwrap();
    world
}

const SECOND: [&str; 3] = ["large", "small", "link"];

#[tokio::test(start_paused = true)]
async fn the_second_of_two_spellings_never_takes_the_place_of_the_first() {
    for way in BOTH {
        for how in [HowTree::default(), replace()] {
            let mut world = world(way);
            for _ in 0..2 {
                let (summary, log) = world.tree(way, &how).await;
                for name in SECOND.into_iter().chain(["dir"]) {
                    let status = log.outcome(name).failure().map(|failure| failure.status);
                    assert_eq!(status, Some(Status::Conflict), "{way:?} {name}: {:?}", log.all());
                }
                assert_eq!(summary.failed, 4, "{:?}", log.all());
            }
            let [source, target] = [world.source(way), world.target(way)].map(|d| d.join("t"));
            for name in ["Large", "Small", "DIR/one"] {
                let [one, other] = [&source, &target].map(|dir| fs::read(dir.join(name)).unwrap());
                assert!(one == other, "{way:?}: {name}");
            }
            // What is in the second directory is not mixed into the first.
            assert!(!target.join("DIR/two").exists());
            assert_eq!(fs::read_link(target.join("Link")).unwrap().to_str(), Some("here"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn both_spellings_of_what_is_no_directory_are_kept_where_that_is_asked_for() {
    for way in BOTH {
        let mut world = world(way);
        let (summary, log) = world.tree(way, &HowTree::default().publish(Publish::KeepBoth)).await;
        assert_eq!(summary.failed, 1, "{:?}", log.all());
        for name in SECOND {
            assert!(matches!(log.outcome(name), Outcome::KeptAs(_)), "{name}: {:?}", log.all());
        }
    }
}
