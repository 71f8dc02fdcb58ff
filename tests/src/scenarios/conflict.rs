//! A name that is taken.

use std::fs;
use std::sync::Arc;

use ftp::{How, Local, LocalStore, Publish, RemotePath, Status};

use crate::{Error, FileServer, Place, Story};

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let server = FileServer::start(&place.there(), true)?;
    let mut client = server.client();
    let store = Arc::new(LocalStore::open(place.here(), true)?);
    let name = RemotePath::parse("plan.txt")?;
    let mine = || Local { store: &store, path: &name };
    let how = |publish| How { publish, durable: false };
    place.give_here("plan.txt", b"mine")?;
    let theirs = place.give_there("plan.txt", b"theirs")?;

    story.tell("plan.txt is here and there, and not the same");
    for (verb, refused) in [
        ("put", client.put(mine(), &name, &how(Publish::IfAbsent), &()).await),
        ("get", client.get(&name, mine(), &how(Publish::IfAbsent), &()).await),
    ] {
        let error = refused.err().ok_or("it was written over")?;
        story.check(
            format_args!("{verb} is refused: {error}"),
            error.status() == Some(Status::Conflict),
        )?;
    }
    story.check("nothing was written over", fs::read(&theirs)? == b"theirs")?;

    story.tell("keep both");
    for number in 1..=2 {
        let put = client.put(mine(), &name, &how(Publish::KeepBoth), &()).await?;
        story.check_eq(
            format_args!("it is stored as {}", put.path),
            put.path.to_string(),
            format!("plan.txt({number})"),
        )?;
    }

    story.tell("replace what was seen, while somebody else is quicker");
    let seen = client.stat(&name).await?.revision;
    fs::write(&theirs, b"theirs, improved")?;
    let replace = Publish::Replace { revision: Some(seen) };
    let error = client.put(mine(), &name, &how(replace), &()).await;
    let error = error.err().ok_or("it was written over")?;
    story.check(
        format_args!("it is refused: {error}"),
        error.status() == Some(Status::Conflict) && fs::read(&theirs)? == b"theirs, improved",
    )?;
    let seen = client.stat(&name).await?.revision;
    let replace = Publish::Replace { revision: Some(seen) };
    client.put(mine(), &name, &how(replace), &()).await?;
    story.check("with what stands there now it is done", fs::read(&theirs)? == b"mine")?;

    story.tell("the same content at the same time is no conflict");
    let again = client.put(mine(), &name, &how(Publish::IfAbsent), &()).await?;
    story.check("nothing moved", again.unchanged && again.moved == 0)
}
