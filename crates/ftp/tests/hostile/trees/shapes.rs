//! Trees of every shape arrive as they were.

use std::fs;
use std::path::Path;
use std::process::Command;

use ftp::{
    Attributes, Folder as _, HowTree, Kind, LocalStore, Outcome, Publish, RemotePath, Store as _,
};

use super::super::support::{World, path};
use super::support::{BOTH, Way, age, file, grow, is_kind, replace};

#[tokio::test(start_paused = true)]
async fn a_tree_arrives_with_all_that_is_in_it() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        let (summary, log) = world.tree(way, &HowTree::default()).await;
        world.assert_same_trees();
        assert!(summary.is_complete() && log.is_told_once(), "{summary:?} {:?}", log.all());
        assert!(is_kind(Kind::File, &summary, 11), "{summary:?}");
        assert!(is_kind(Kind::Directory, &summary, 6), "{summary:?}");
        assert!(is_kind(Kind::Link, &summary, 3), "{summary:?}");
        assert_eq!(summary.bytes, summary.bytes_moved);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_run_moves_nothing_and_says_so() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        let (first, _) = world.tree(way, &HowTree::default()).await;
        for how in [HowTree::default(), replace(), replace().checksum(true)] {
            let (second, log) = world.tree(way, &how).await;
            assert_eq!((second.files, second.directories, second.links), (0, 0, 0), "{log:?}");
            assert_eq!((second.bytes_moved, second.bytes_reused), (0, 0), "{way:?} {how:?}");
            assert_eq!(second.unchanged, first.files + first.directories + first.links);
        }
        world.assert_same_trees();
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_file_and_a_single_link_are_trees_as_well() {
    for way in BOTH {
        for len in [0, 7, 1 << 20] {
            let mut world = World::new();
            file(&world.source(way).join("t"), len, 1);
            let (summary, log) = world.tree(way, &HowTree::default()).await;
            assert_eq!((summary.files, log.outcome("")), (1, Outcome::Created));
            world.assert_same_trees();
            assert_eq!(world.tree(way, &HowTree::default()).await.0.unchanged, 1);
        }
        let mut world = World::new();
        std::os::unix::fs::symlink("x/y", world.source(way).join("t")).unwrap();
        assert_eq!(world.tree(way, &HowTree::default()).await.1.outcome(""), Outcome::Linked);
        world.assert_same_trees();
    }
}

#[tokio::test(start_paused = true)]
async fn a_wide_directory_arrives() {
    for (way, files) in [(Way::Get, 20_000), (Way::Put, 5000)] {
        let mut world = World::new();
        let t = world.source(way).join("t");
        fs::create_dir(&t).unwrap();
        for number in 0..files {
            fs::write(t.join(format!("{number}")), number.to_string()).unwrap();
        }
        let (summary, log) = world.tree(way, &HowTree::default()).await;
        assert!(summary.files == files && log.is_told_once(), "{summary:?}");
        world.assert_same_trees();
        assert_eq!(world.tree(way, &HowTree::default()).await.0.unchanged, files + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_of_four_thousand_levels_arrives() {
    for (way, levels) in [(Way::Get, 4000), (Way::Put, 1000)] {
        let mut world = World::new();
        descend(world.source(way), levels);
        let (summary, _) = world.tree(way, &HowTree::default()).await;
        assert_eq!((summary.files, summary.directories), (levels, levels), "{summary:?}");
        assert!(summary.is_complete(), "{summary:?}");
        assert_eq!(world.tree(way, &HowTree::default()).await.0.unchanged, 2 * levels);
        let gone = world.client.remove_tree(&path("t"), &()).await.unwrap();
        assert_eq!((gone.deleted, gone.failed), (2 * levels, 0));
        // The paths are too long for the clean-up of a temporary directory.
        let t = world.here.path().join("t");
        assert!(Command::new("rm").arg("-rf").arg(t).status().unwrap().success());
    }
}

/// Makes directories below each other, with a file in each.
fn descend(root: &Path, levels: u64) {
    let store = LocalStore::open(root, true).unwrap();
    let mut folder = store.folder(&RemotePath::root(), true).unwrap().make_folder(b"t", false);
    for level in 0..levels {
        let inner = folder.unwrap();
        let attributes = Attributes { size: 1, mode: None, modified: None };
        inner.store(b"f", b"x", &attributes, &Publish::IfAbsent, false).unwrap();
        folder = match level + 1 < levels {
            true => inner.make_folder(b"d", false),
            false => Ok(inner),
        };
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_filled_while_it_is_locked_is_locked_again() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        world.tree(way, &HowTree::default()).await;
        file(&world.source(way).join("t/locked/more"), 5, 50);
        age(&world.source(way).join("t/locked"), 51);
        let (summary, _) = world.tree(way, &HowTree::default()).await;
        assert_eq!(summary.files, 1);
        world.assert_same_trees();
    }
}
