//! Names that are taken, what is not there any more, and what is to go.

use std::fs;
use std::sync::Arc;

use ftp::{HowTree, Kind, Outcome, Publish, RemotePath, Status};

use super::super::support::{World, content};
use super::support::{BOTH, Log, age, describe, file, grow, replace};

fn status(outcome: &Outcome) -> Option<Status> {
    outcome.failure().map(|failure| failure.status)
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_left_replaced_or_kept_beside() {
    for way in BOTH {
        let mut world = World::new();
        let (source, target) = (world.source(way).join("t"), world.target(way).join("t"));
        for dir in [&source, &target] {
            fs::create_dir(dir).unwrap();
        }
        file(&source.join("new"), 5, 1);
        for (name, len) in [("small", 100), ("large", 700_000)] {
            file(&source.join(name), len, 2);
            file(&target.join(name), len, 3);
        }
        std::os::unix::fs::symlink("there", source.join("link")).unwrap();
        std::os::unix::fs::symlink("elsewhere", target.join("link")).unwrap();
        let (left, log) = world.tree(way, &HowTree::default()).await;
        assert_eq!((left.files, left.failed), (1, 3));
        for name in ["small", "large", "link"] {
            assert_eq!(status(&log.outcome(name)), Some(Status::Conflict));
        }
        let (_, log) = world.tree(way, &HowTree::default().publish(Publish::KeepBoth)).await;
        for name in ["small", "large", "link"] {
            let beside = RemotePath::parse(format!("{name}(1)")).unwrap();
            assert_eq!(log.outcome(name), Outcome::KeptAs(beside));
            fs::remove_file(target.join(format!("{name}(1)"))).unwrap();
        }
        let (replaced, log) = world.tree(way, &replace()).await;
        assert_eq!((replaced.files, replaced.links, replaced.failed), (2, 1, 0));
        assert_eq!(log.outcome("large"), Outcome::Updated);
        world.assert_same_trees();
    }
}

#[tokio::test(start_paused = true)]
async fn files_and_directories_and_links_do_not_take_each_others_place() {
    for way in BOTH {
        let mut world = World::new();
        let (source, target) = (world.source(way).join("t"), world.target(way).join("t"));
        fs::create_dir_all(source.join("dir/inner")).unwrap();
        fs::create_dir_all(source.join("linked")).unwrap();
        file(&source.join("dir/inner/x"), 5, 1);
        file(&source.join("linked/secret"), 5, 1);
        file(&source.join("file"), 5, 1);
        file(&source.join("last"), 5, 1);
        fs::create_dir_all(target.join("file/kept")).unwrap();
        fs::write(target.join("dir"), "a file").unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), target.join("linked")).unwrap();
        let (summary, log) = world.tree(way, &replace()).await;
        assert_eq!((summary.failed, summary.files), (3, 1), "{:?}", log.all());
        assert_eq!(status(&log.outcome("dir")), Some(Status::WrongKind));
        assert_eq!(status(&log.outcome("file")), Some(Status::WrongKind));
        assert_eq!(status(&log.outcome("linked")), Some(Status::BadPath));
        assert_eq!(log.all().len(), 5, "what lies beneath a failure is not told");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(target.join("dir")).unwrap(), "a file");
        assert!(target.join("file/kept").is_dir());
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_blocks_that_differ_move() {
    for way in BOTH {
        let mut world = World::new();
        let (source, target) = (world.source(way).join("t"), world.target(way).join("t"));
        fs::create_dir(&source).unwrap();
        let mut whole = content(3 << 20, 1);
        fs::write(source.join("f"), &whole).unwrap();
        world.tree(way, &replace()).await;
        whole[1 << 20] ^= 1;
        fs::write(source.join("f"), &whole).unwrap();
        age(&source.join("f"), 5);
        let (summary, _) = world.tree(way, &replace()).await;
        assert_eq!((summary.bytes_moved, summary.bytes_reused), (65_536, (3 << 20) - 65_536));
        assert_eq!(fs::read(target.join("f")).unwrap(), whole);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_keeps_size_and_time_is_found_by_its_content() {
    for way in BOTH {
        let mut world = World::new();
        let source = world.source(way).join("t");
        fs::create_dir(&source).unwrap();
        let names = [("small", 1000), ("large", 1 << 20), ("same", 1 << 20)];
        names.iter().for_each(|(name, len)| file(&source.join(name), *len, 1));
        world.tree(way, &replace()).await;
        for (name, len) in &names[..2] {
            fs::write(source.join(name), content(*len, 2)).unwrap();
            age(&source.join(name), 1);
        }
        assert_eq!(world.tree(way, &replace()).await.0.files, 0);
        let (summary, log) = world.tree(way, &replace().checksum(true)).await;
        assert_eq!(summary.files, 2, "{:?}", log.all());
        assert_eq!(log.outcome("same"), Outcome::Unchanged);
        world.assert_same_trees();
    }
}

#[tokio::test(start_paused = true)]
async fn extras_go_only_when_asked_and_a_dry_run_tells_it_before() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        world.tree(way, &HowTree::default()).await;
        let target = world.target(way).join("t");
        fs::create_dir_all(target.join("extra/inner")).unwrap();
        file(&target.join("extra/inner/x"), 5, 1);
        file(&target.join("deep/extra"), 5, 1);
        file(&world.source(way).join("t/fresh"), 5, 1);
        file(&world.source(way).join("t/large"), 900_000, 77);
        let before = describe(world.target(way));
        let how = replace().delete(true);
        let (dry, told) = world.tree(way, &how.clone().dry_run(true)).await;
        assert!(before == describe(world.target(way)), "a dry run changed something");
        assert_eq!((dry.deleted, dry.bytes_moved), (2, 0));
        let (real, log) = world.tree(way, &how).await;
        assert_eq!(told.all(), log.all());
        assert_eq!(real.deleted, 2);
        world.assert_same_trees();
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_filter_leaves_out_is_neither_moved_nor_made_nor_deleted() {
    for way in BOTH {
        let mut world = World::new();
        grow(world.source(way));
        let target = world.target(way).join("t");
        fs::create_dir_all(target.join("extra/deep")).unwrap();
        file(&target.join("extra/x.o"), 5, 1);
        file(&target.join("extra/deep/y"), 5, 1);
        file(&world.source(way).join("t/a.o"), 5, 1);
        let keep = |path: &RemotePath, _: Kind| {
            let path = path.as_bytes();
            assert!(!path.starts_with(b"deep/"), "it was asked about what it left out");
            path != b"deep" && !path.ends_with(b".o")
        };
        let how = replace().delete(true).filter(Arc::new(keep));
        let (summary, log) = world.tree(way, &how).await;
        assert!(summary.is_complete(), "{:?}", log.all());
        assert!(
            !target.join("deep").exists()
                && !target.join("a.o").exists()
                && target.join("extra/x.o").exists()
        );
        assert!(!target.join("extra/deep").exists(), "{:?}", log.all());
        assert_eq!(
            log.those(|outcome| *outcome == Outcome::Deleted),
            ["extra/deep", "extra/deep/y"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_root_that_is_not_there_is_told_at_once() {
    for way in BOTH {
        let mut world = World::new();
        let error = world.try_tree(way, &HowTree::default(), &Log::default()).await.unwrap_err();
        assert_eq!(error.status(), Some(Status::NotFound));
        assert_eq!(fs::read_dir(world.target(way)).unwrap().count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_listed_and_removed() {
    let mut world = World::new();
    grow(world.there.path());
    let mut listed = Vec::new();
    let name = super::super::support::path("t");
    world.client.list_tree(&name, &mut |entry| listed.push(entry.path)).await.unwrap();
    assert_eq!(listed.len(), 20);
    assert!(listed.is_sorted_by(|one, other| one.components().lt(other.components())));
    let summary = world.client.remove_tree(&name, &()).await.unwrap();
    assert_eq!((summary.deleted, summary.failed), (20, 0));
    assert!(!world.there.path().join("t").exists());
}
