//! Somebody types the server's address into a browser.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Error, FileServer, Place, Story, within};

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    place.give_there("secret.txt", b"secret")?;
    let server = FileServer::start(&place.there(), false)?;
    story.tell(format_args!("GET / HTTP/1.1 at the file server's port"));
    let answer = ask(&server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    story.show(answer.replace("\r\n", "\n"));
    story.check("it is a proper short answer", answer.starts_with("HTTP/1.1 200 OK\r\n"))?;
    story.check("it says what lives there", answer.contains("file server"))?;
    let answer = ask(&server, "GET /secret.txt HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    story.check("and gives no file away", !answer.ends_with("secret"))
}

async fn ask(server: &FileServer, request: &str) -> Result<String, Error> {
    let mut socket = TcpStream::connect(server.addr()).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    within("the answer", socket.read_to_string(&mut answer)).await?;
    Ok(answer)
}
