//! Several people talk at once: by the tutorial's wire, and by ours.

use std::net::SocketAddr;
use std::path::Path;

use netserver::bind_udp;
use udpchat::tutorial::{Contacts, Courier, Talk, TalkStep};
use udpchat::{
    ChatClient, ChatServer, ClientConfig, ClientStore, Event, Events, Identity, Name, RunningChat,
    ServerStore, Signer, Target, Verifier,
};

use crate::tutorial::chat::{OriginalClient, OriginalServer};
use crate::{Error, Place, Story, within};

/// How many of the tutorial's clients talk at once.
const CLIENTS: usize = 5;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    let mut server = serve("127.0.0.1:0".parse()?, &place.there())?;
    let addr = server.local_addr().ip().ok_or("a server without an address")?;
    tell_of_the_desk(story, &mut server, addr).await?;
    tell_of_the_original_server(story).await?;
    tell_of_names(story, addr, &place.here()).await?;
    server.shutdown();
    within("the end of the chat", server.wait()).await.map(drop)
}

/// The tutorial's clients, and one operator who answers them in another order.
async fn tell_of_the_desk(
    story: &mut Story,
    server: &mut RunningChat,
    addr: SocketAddr,
) -> Result<(), Error> {
    story.tell(format_args!("{CLIENTS} of the tutorial's clients write to one server at once"));
    let mut raw = server.take_raw().ok_or("the raw text was taken already")?;
    let asking = tokio::task::spawn_blocking(move || -> Result<_, Error> {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| OriginalClient::new()).collect::<Result<_, _>>()?;
        for (number, client) in clients.iter().enumerate() {
            client.say(addr, &format!("我是 {number}"))?;
        }
        let heard: Result<Vec<_>, _> = clients.iter().map(OriginalClient::hear).collect();
        Ok(heard?)
    });
    let mut waiting = Vec::new();
    while waiting.len() < CLIENTS {
        let message = within("a message", async {
            raw.next().await.ok_or_else(|| Error::from("the server has stopped"))
        });
        waiting.push(message.await?);
    }
    for message in waiting.iter().rev() {
        let text = String::from_utf8_lossy(&message.bytes);
        server.handle().send(format!("你好，{text}").as_bytes(), &message.route)?;
    }
    let heard = asking.await??;
    story.show(heard.join("\n"));
    let expected: Vec<_> = (0..CLIENTS).map(|number| format!("你好，我是 {number}")).collect();
    story.check_eq("each hears its own answer, though they came in another order", heard, expected)
}

/// Our client at the tutorial's server, in the order that a person would type.
async fn tell_of_the_original_server(story: &mut Story) -> Result<(), Error> {
    story.tell("our client writes to the tutorial's server");
    let original = OriginalServer::start(0, |_, text| text.to_uppercase())?;
    let contacts: Contacts = format!("jkey = {}", original.addr()).parse()?;
    let mut talk = Talk::new(contacts);
    story
        .check("an unknown name is refused", !matches!(talk.line("nobody"), TalkStep::Chosen(_)))?;
    story.check("a known one is chosen", matches!(talk.line("jkey"), TalkStep::Chosen(_)))?;
    story.check("nothing is no message", !matches!(talk.line(""), TalkStep::Send { .. }))?;
    let TalkStep::Send { to, bytes } = talk.line("hello, 世界") else {
        return Err("a line is no message".into());
    };
    let mut courier = Courier::new();
    courier.send(to, &bytes).await?;
    let (from, reply) = within("a reply", courier.receive(to)).await?;
    story.check_eq("the reply is shown", talk.datagram(from, reply), Some("HELLO, 世界".into()))?;
    story.check("quit goes back to choosing", matches!(talk.line("quit"), TalkStep::Choosing))
}

/// Names, keys, and somebody who was away.
async fn tell_of_names(story: &mut Story, addr: SocketAddr, home: &Path) -> Result<(), Error> {
    story.tell("雪 and liu join the native chat; 雪 leaves, liu writes, 雪 comes back");
    let (xue, mut xue_hears) = join(addr, "雪", home, "xue")?;
    connected(&mut xue_hears).await?;
    drop(xue);
    while within("the end of a client", async { Ok::<_, Error>(xue_hears.next().await) })
        .await?
        .is_some()
    {}
    let (liu, mut liu_hears) = join(addr, "liu", home, "liu")?;
    connected(&mut liu_hears).await?;
    for text in ["one", "二"] {
        liu.send(Target::parse("雪")?, text).await?;
    }
    let (_xue, mut xue_hears) = join(addr, "雪", home, "xue")?;
    let mut texts = Vec::new();
    while texts.len() < 2 {
        texts.push(event(&mut xue_hears, "a message", message).await?);
    }
    story.check_eq("she gets what she missed, in order", texts, vec!["one".into(), "二".into()])?;

    story.tell("somebody else calls himself 雪");
    let (_thief, mut thief_hears) = join(addr, "雪", home, "thief")?;
    let refusal = event(&mut thief_hears, "a refusal", |event| match event {
        Event::Refused(refusal) => Some(refusal.to_string()),
        _ => None,
    });
    story.show(refusal.await?);
    story.check("the name belongs to another key, and he is refused", true)
}

fn serve(addr: SocketAddr, place: &Path) -> Result<RunningChat, Error> {
    let store = ServerStore::open(place.join("chat.redb"))?;
    Ok(ChatServer::new(bind_udp(addr)?, key(&place.join("server"))?, store).start()?)
}

fn join(
    server: SocketAddr,
    name: &str,
    home: &Path,
    who: &str,
) -> Result<(ChatClient, Events), Error> {
    let store = ClientStore::open(home.join(format!("{who}.redb")))?;
    Ok(ChatClient::start(
        ClientConfig::new(server, Name::parse(name)?),
        key(&home.join(who))?,
        store,
    )?)
}

async fn connected(events: &mut Events) -> Result<(), Error> {
    event(events, "the welcome", |event| matches!(event, Event::Connected { .. }).then_some(()))
        .await
}

fn message(event: Event) -> Option<String> {
    match event {
        Event::Message(entry) => Some(entry.text),
        _ => None,
    }
}

/// Waits for an event that is wanted.
async fn event<T>(
    events: &mut Events,
    what: &str,
    mut wanted: impl FnMut(Event) -> Option<T>,
) -> Result<T, Error> {
    within(what, async {
        while let Some(event) = events.next().await {
            if let Some(found) = wanted(event) {
                return Ok::<_, Error>(found);
            }
        }
        Err(format!("the client ended before {what}").into())
    })
    .await
}

/// An account's key, for the chat.
fn key(home: &Path) -> Result<Identity, Error> {
    Ok(Identity::new(AccountKey(identity::Home::at(home).key()?), AnyKey))
}

struct AccountKey(identity::Identity);

impl Signer for AccountKey {
    fn public(&self) -> [u8; 32] {
        *self.0.public().as_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

struct AnyKey;

impl Verifier for AnyKey {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        identity::PublicKey::from_bytes(*key).verify(message, signature)
    }
}
