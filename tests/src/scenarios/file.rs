//! One file, there and back.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ftp::{How, Local, LocalStore, Publish, RemotePath};
use proto::{Algorithm, BLOCK_LEN};

use crate::{Error, FileServer, Place, Story, check_same, content, md5};

/// Not a whole number of blocks.
const SIZE: usize = 5_000_000;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let server = FileServer::start(&place.there(), true)?;
    let mut client = server.client();
    let store = Arc::new(LocalStore::open(place.here(), true)?);
    let name = RemotePath::parse("notes.bin")?;
    let copy = RemotePath::parse("copy.bin")?;
    let mine = place.give_here("notes.bin", &content(SIZE, 1))?;
    dress(&mine)?;
    let theirs = place.there().join("notes.bin");
    let how = How::default();

    story.tell(format_args!("put notes.bin: {SIZE} bytes, mode 0640, last changed in 2001"));
    let local = Local { store: &store, path: &name };
    let put = client.put(local, &name, &how, &()).await?;
    story.check_eq("all of it moved", (put.moved, put.reused), (SIZE as u64, 0))?;
    check_same(&mine, &theirs)?;
    story.check("content, mode and modification time are the same there", true)?;

    let expected = md5(&fs::read(&mine)?);
    let (_, digest) = client.stat_digest(&name, Algorithm::Md5).await?;
    story.show(format_args!("{digest}  here\n{expected}  there"));
    story.check("the MD5 is what md5sum prints", digest == expected)?;

    story.tell("put it again");
    let again = client.put(local_file(&store, &name), &name, &how, &()).await?;
    story.check("nothing moved: same size, same time", again.unchanged && again.moved == 0)?;

    story.tell("get it under another name");
    let got = client.get(&name, local_file(&store, &copy), &how, &()).await?;
    story.check_eq("all of it moved", got.moved, SIZE as u64)?;
    check_same(&theirs, &place.here().join("copy.bin"))?;
    story.check("content, mode and modification time are the same here", true)?;

    story.tell("one byte of the server's file changes, and it is fetched over the copy");
    let mut changed = fs::read(&theirs)?;
    changed[SIZE / 2] ^= 1;
    fs::write(&theirs, &changed)?;
    let how = How { publish: Publish::Replace { revision: None }, durable: false };
    let got = client.get(&name, local_file(&store, &copy), &how, &()).await?;
    story.check_eq(
        format_args!("one block of {BLOCK_LEN} bytes moved, the rest was here already"),
        (got.moved, got.reused),
        (BLOCK_LEN as u64, (SIZE - BLOCK_LEN) as u64),
    )?;
    check_same(&theirs, &place.here().join("copy.bin"))?;
    story.check("the copy is the same as the original again", true)?;

    drop(client);
    let report = server.stop().await?;
    story.check(format_args!("the server ends: {report}"), report.failed + report.panicked == 0)
}

fn local_file<'a>(store: &'a Arc<LocalStore>, path: &'a RemotePath) -> Local<'a, LocalStore> {
    Local { store, path }
}

/// Gives a file a mode and a time that no new file has.
fn dress(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o640))?;
    }
    let moment = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_700);
    Ok(File::options().write(true).open(path)?.set_modified(moment)?)
}
