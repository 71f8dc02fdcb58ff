//! A whole tree, there and back.

use std::fs;

use serde_json::Value;

use crate::{Ended, Error, Place, Story, check_same_trees, plant};

/// The small files of the tree.
const FILES: usize = 800;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let (mine, theirs, back) =
        (place.here().join("linux"), place.there().join("linux"), place.here().join("back"));
    plant(&mine, FILES, 7)?;
    let server = place.serve(true).await?;
    let run = async |args: &[&str]| place.client(server.addr, args)?.end().await;

    story.tell(format_args!("put a tree: {FILES} small files, links, odd names, 40 levels deep"));
    let put = run(&["put", "linux"]).await?;
    check_code(&put, 0)?;
    check_same_trees(&mine, &theirs)?;
    story.check("all of it is the same there: names, content, modes, times, links", true)?;

    story.tell("put it again");
    let again = run(&["put", "linux"]).await?;
    let counts = summary(&again)?;
    story.check_eq("no byte moved, and it says so", &counts["moved"], &Value::from(0))?;

    story.tell("one file changes, one goes, one is new; put it with --checksum --delete");
    fs::write(mine.join(".hidden"), "chanGed")?;
    fs::remove_file(mine.join("-rf"))?;
    fs::write(mine.join("新"), "new")?;
    let all = ["put", "linux/", "-t", "linux", "--checksum", "--delete", "--yes"];
    let plan = run(&[&all[..], &["--dry-run"]].concat()).await?;
    let (planned, before) = (changes(&plan), fs::read(theirs.join(".hidden"))?);
    story.show(planned.join("\n"));
    story.check("a dry run names just these, and does nothing", before == b".hidden")?;
    let done = run(&all).await?;
    check_code(&done, 0)?;
    story.check_eq("what is done is what was planned", changes(&done), planned)?;
    check_same_trees(&mine, &theirs)?;
    story.check("and the trees are the same", true)?;

    story.tell("get it, while one of its files cannot be had: it is a socket");
    #[cfg(unix)]
    let socket = std::os::unix::net::UnixListener::bind(theirs.join("socket"))?;
    let got = run(&["get", "linux", "-o", "back"]).await?;
    let counts = summary(&got)?;
    #[cfg(unix)]
    {
        story.check_eq("it is left out with a word", &counts["skipped"], &Value::from(1))?;
        drop(socket);
        fs::remove_file(theirs.join("socket"))?;
    }
    story.check_eq("nothing failed", &counts["failed"], &Value::from(0))?;
    story.check_eq("files that came", &counts["created"], &Value::from(files(&mine)?))?;
    run(&["get", "linux/", "-o", "back"]).await?;
    check_same_trees(&mine, &back)?;
    story.check("the rest is the same here", true)?;

    story.tell("rm -r");
    check_code(&run(&["rm", "-r", "--yes", "linux"]).await?, 0)?;
    story.check("nothing of it is left there", !theirs.exists())
}

fn check_code(ended: &Ended, code: i32) -> Result<(), Error> {
    match ended.code {
        Some(found) if found == code => Ok(()),
        _ => Err(format!("it ended otherwise than with {code}: {ended:?}").into()),
    }
}

fn summary(ended: &Ended) -> Result<&Value, Error> {
    let mut events = ended.events.iter();
    let summary = events.find(|event| event["event"] == "summary");
    summary.ok_or_else(|| format!("there is no summary: {ended:?}").into())
}

/// What was done to which entries, unless they were left as they are.
fn changes(ended: &Ended) -> Vec<String> {
    let items = ended.events.iter().filter(|event| event["event"] == "item");
    let changed = items.filter(|event| event["outcome"] != "unchanged");
    let mut changes: Vec<String> =
        changed.map(|event| format!("{} {}", event["outcome"], event["path"])).collect();
    changes.sort();
    changes
}

/// How many files there are in a tree; links are none.
fn files(dir: &std::path::Path) -> Result<u64, Error> {
    let mut count = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        count += if kind.is_dir() { files(&entry.path())? } else { u64::from(kind.is_file()) };
    }
    Ok(count)
}
