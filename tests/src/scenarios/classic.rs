//! The programs that the project grew out of.

use std::fs;
use std::sync::Arc;

use ftp::{ClassicClient, How, Local, LocalStore, RemotePath};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::tutorial::ftp::{Got, OriginalClient, OriginalServer};
use crate::{Error, FileServer, Place, Story, content, within};

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    original_client(story).await?;
    original_server(story).await
}

async fn original_client(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let big = content(300_000, 3);
    place.give_there("big", &big)?;
    place.give_there("poem.txt", "床前明月光\n疑是地上霜\n".as_bytes())?;
    let server = FileServer::start(&place.there(), true)?;
    let addr = server.addr();

    story.tell("the original client, which reads recv(1024) whatever is left, at our server:");
    let expected = big.clone();
    let (poem, got_big, missing) = spawn_blocking(move || {
        let mut client = OriginalClient::connect(addr)?;
        let poem = client.get("poem.txt")?;
        Ok::<_, std::io::Error>((poem, client.get("big")?, client.get("missing")?))
    })
    .await??;
    let Got::File(poem) = poem else {
        return Err(format!("no poem: {poem:?}").into());
    };
    story.show(String::from_utf8_lossy(&poem));
    story.check("get poem.txt", poem == fs::read(place.there().join("poem.txt"))?)?;
    story.check(
        format_args!("get big: {} bytes, never two chunks in flight", expected.len()),
        got_big == Got::File(expected),
    )?;
    story.check("get missing: closed without a byte", missing == Got::Closed)?;

    let replies = spawn_blocking(move || {
        let mut client = OriginalClient::connect(addr)?;
        client.put("letter.txt", b"one\ntwo\n")?;
        let first = client.hear()?;
        client.put_merged("letter.txt", b"three\n")?;
        Ok::<_, std::io::Error>([first, client.hear()?])
    })
    .await??;
    story.check(format_args!("put letter.txt: {}", replies[0]), {
        replies[0] == "letter.txt 上传成功"
    })?;
    story.check(
        format_args!("put it again, command and size in one packet: {}", replies[1]),
        replies[1] == "letter.txt(1) 上传成功"
            && fs::read(place.there().join("letter.txt(1)"))? == b"three\n",
    )
}

async fn original_server(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let poem = "白日依山尽\n黄河入海流\n".as_bytes();
    place.give_there("poem.txt", poem)?;
    place.give_here("big", &content(100_000, 4))?;
    let server = OriginalServer::start(&place.there())?;
    let store = Arc::new(LocalStore::open(place.here(), true)?);

    story.tell("our client with --classic at the original server:");
    let stream = TcpStream::connect(server.addr()).await?;
    stream.set_nodelay(true)?;
    let mut client = ClassicClient::new(stream);
    let path = RemotePath::parse("poem.txt")?;
    let local = Local { store: &store, path: &path };
    within("the poem", client.get("poem.txt", local, &How::default(), &())).await?;
    story.check("get poem.txt", fs::read(place.here().join("poem.txt"))? == poem)?;
    let path = RemotePath::parse("big")?;
    let local = Local { store: &store, path: &path };
    let said = within("the answer", client.put(local, "big", &())).await?;
    story.check(
        format_args!("put big: {said}"),
        said == "big 上传成功" && fs::read(place.there().join("big"))? == content(100_000, 4),
    )?;
    drop(client);
    // Its end waits for the system, which a runtime's thread should not.
    Ok(spawn_blocking(move || drop(server)).await?)
}
