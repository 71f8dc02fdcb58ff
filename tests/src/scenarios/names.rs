//! What files are called.

use std::fs;
use std::sync::Arc;

use ftp::{Client, How, Local, LocalStore, RemotePath, TcpConnector};

use crate::{Error, FileServer, Place, Story, check_same};

/// Names that programs have stumbled over.
const NAMES: &[&str] = &[
    "报告 2026 最终版.txt",
    "🦀 crab 👩‍👩‍👧.bin",
    "an empty file",
    "-rf",
    "* [a] {b} ?",
    "it's \"quoted\" \\ here",
    "e\u{301} and \u{e9}",
    ".hidden",
];

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let server = FileServer::start(&place.there(), true)?;
    let mut client = server.client();
    story.tell("each is put, listed, fetched back, and compared:");
    for name in NAMES {
        let content = if name.contains("empty") { "" } else { name };
        there_and_back(story, &place, &mut client, name.as_bytes(), content.as_bytes()).await?;
    }
    #[cfg(unix)]
    {
        story.tell("names that would steer a terminal, or are no text at all:");
        let odd: [&[u8]; 3] = [b"\x1b[2Jgone\x07", b"two\nlines\r", b"latin-1: caf\xe9"];
        for name in odd {
            there_and_back(story, &place, &mut client, name, name).await?;
        }
    }
    let mut listed = 0;
    client.list(&RemotePath::root(), &mut |_| listed += 1).await?;
    story.check_eq("the listing has all of them", listed, fs::read_dir(place.there())?.count())
}

async fn there_and_back(
    story: &mut Story,
    place: &Place,
    client: &mut Client<TcpConnector>,
    name: &[u8],
    content: &[u8],
) -> Result<(), Error> {
    let path = RemotePath::root().join(name)?;
    let file_name = file_name(name)?;
    let (here, there) = (place.here(), place.there());
    fs::write(here.join(&file_name), content)?;
    let store = Arc::new(LocalStore::open(&here, true)?);
    let local = Local { store: &store, path: &path };
    client.put(local, &path, &How::default(), &()).await?;
    check_same(&here.join(&file_name), &there.join(&file_name))?;

    fs::remove_file(here.join(&file_name))?;
    let mut listed = false;
    client.list(&RemotePath::root(), &mut |entry| listed |= entry.path == path).await?;
    let local = Local { store: &store, path: &path };
    client.get(&path, local, &How::default(), &()).await?;
    check_same(&here.join(&file_name), &there.join(&file_name))?;
    story.check(format_args!("{path}"), listed && !path.to_string().contains(char::is_control))
}

#[cfg(unix)]
fn file_name(name: &[u8]) -> Result<std::ffi::OsString, Error> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(std::ffi::OsString::from_vec(name.to_vec()))
}

#[cfg(not(unix))]
fn file_name(name: &[u8]) -> Result<std::ffi::OsString, Error> {
    Ok(str::from_utf8(name)?.into())
}
