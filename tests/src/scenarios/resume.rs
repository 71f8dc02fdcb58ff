//! A client is killed, then a server; then the disk loses a bit.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use proto::BLOCK_LEN;
use serde_json::Value;

use crate::{Error, Place, Story, check_same, content};

/// How much is moved in all.
const SIZE: u64 = 6 << 20;

/// How fast, so that it can be killed in the middle: bytes a second.
const RATE: &str = "8M";

const MIB: f64 = 1_048_576.0;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let whole = content(SIZE as usize, 2);
    client_killed(story, &place, &whole).await?;
    partial_damaged(story, &place, &whole).await?;
    server_killed(story, &place, &whole).await
}

/// Whether an event tells that part of the content has moved.
fn in_the_middle(event: &Value) -> bool {
    event["event"] == "progress" && event["moved"].as_u64().is_some_and(|moved| moved > 0)
}

async fn client_killed(story: &mut Story, place: &Place, whole: &[u8]) -> Result<(), Error> {
    let theirs = place.give_there("big", whole)?;
    let server = place.serve(true).await?;
    story.tell(format_args!("ftp-cli get big: {:.1} MiB, slowly", SIZE as f64 / MIB));
    let mut client = place.client(server.addr, &["get", "big", "--limit-rate", RATE])?;
    let event = client.event("progress", in_the_middle).await?;
    client.kill().await?;
    let moved = event["moved"].as_u64().unwrap_or_default();
    story.tell(format_args!("kill -9 of the client when {:.1} MiB had come", moved as f64 / MIB));
    story.check(
        "there is no half-written `big`, only a partial",
        !place.here().join("big").exists() && partial(&place.here())?.is_some(),
    )?;

    story.tell("ftp-cli get big, again");
    let ended = place.client(server.addr, &["get", "big"])?.end().await?;
    let (moved, reused) = (ended.count("moved")?, ended.count("reused")?);
    story.check(
        format_args!(
            "only the rest moved: {:.1} MiB; {:.1} MiB were here",
            moved as f64 / MIB,
            reused as f64 / MIB
        ),
        reused > 0 && moved + reused == SIZE,
    )?;
    check_same(&theirs, &place.here().join("big"))?;
    story.check("the file is the same, and the partial is gone", partial(&place.here())?.is_none())
}

async fn partial_damaged(story: &mut Story, place: &Place, whole: &[u8]) -> Result<(), Error> {
    let theirs = place.give_there("again", whole)?;
    let server = place.serve(true).await?;
    let mut client = place.client(server.addr, &["get", "again", "--limit-rate", RATE])?;
    client.event("progress", in_the_middle).await?;
    client.kill().await?;
    let partial = partial(&place.here())?.ok_or("no partial was left")?;
    let mut kept = fs::read(&partial)?;
    // Blocks are written as they come, but what is at the very end may be a piece of one.
    let whole_blocks = (kept.len() / BLOCK_LEN * BLOCK_LEN) as u64;
    kept[BLOCK_LEN + 77] ^= 0x10;
    fs::write(&partial, &kept)?;
    story.tell("another get is killed, and one bit of what was kept is flipped on disk");
    let ended = place.client(server.addr, &["get", "again"])?.end().await?;
    let (moved, reused) = (ended.count("moved")?, ended.count("reused")?);
    story.check(
        format_args!(
            "run again, it notices: {reused} bytes are reused, one block less than were kept"
        ),
        reused > 0 && reused <= whole_blocks - BLOCK_LEN as u64 && moved + reused == SIZE,
    )?;
    check_same(&theirs, &place.here().join("again"))?;
    story.check("the file is the same", true)
}

async fn server_killed(story: &mut Story, place: &Place, whole: &[u8]) -> Result<(), Error> {
    let mine = place.give_here("sent", whole)?;
    let mut server = place.serve(true).await?;
    story.tell("ftp-cli put sent, slowly; this time the server is killed, and started again");
    let mut client = place.client(server.addr, &["put", "sent", "--limit-rate", RATE])?;
    client.event("progress", in_the_middle).await?;
    server.process.kill().await?;
    let retrying = client.event("a new try", |event| event["event"] == "retrying").await?;
    story.show(retrying["message"].as_str().unwrap_or_default());
    let server = place.serve_at(server.addr, true).await?;
    let ended = client.end().await?;
    let (moved, reused) = (ended.count("moved")?, ended.count("reused")?);
    story.check(
        format_args!(
            "the client came back by itself, and {:.1} MiB did not move again",
            reused as f64 / MIB
        ),
        ended.count("retries")? > 0 && reused > 0 && moved + reused == SIZE,
    )?;
    check_same(&mine, &place.there().join("sent"))?;
    story.check("the file is the same", partial(&place.there())?.is_none())?;
    drop(server);
    Ok(())
}

/// What an interrupted transfer has left in a directory.
fn partial(dir: &Path) -> Result<Option<PathBuf>, Error> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("seam-part")) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
