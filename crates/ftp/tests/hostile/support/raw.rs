//! Peers that know only what goes over the wire.

use bytes::Bytes;
use proto::{Algorithm, ConnectionError, Hasher, Header, Hello, HelloAnswer, Limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::DuplexStream;

/// Any frame that came.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Heard(Value);

impl Heard {
    pub(crate) fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap()
    }

    pub(crate) fn status(&self) -> &str {
        self.0["status"].as_str().unwrap()
    }

    pub(crate) fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap_or(0)
    }

    pub(crate) fn field(&self, field: &str) -> &Value {
        &self.0[field]
    }
}

impl Header for Heard {
    fn body_len(&self) -> u64 {
        match self.0["type"].as_str() {
            Some("digests" | "entries" | "tree_entries" | "settled") => self.number("body"),
            Some("choose") => 8 * (self.number("whole") + self.number("compare")),
            Some("segment" | "file") => self.number("head") + self.number("length"),
            Some("want") => 16 * (self.number("digests") + self.number("content")),
            _ => 0,
        }
    }
}

/// A header of any text as it goes over the wire.
pub(crate) fn frame(header: &str) -> Vec<u8> {
    let len = i32::try_from(header.len()).unwrap();
    [&len.to_le_bytes(), header.as_bytes()].concat()
}

/// A peer of a server or, where it hears the hello, of a client.
pub(crate) struct Raw {
    pub(crate) conn: proto::Connection<DuplexStream>,
}

impl Raw {
    /// Says hello to a server, and hears that it is welcome.
    pub(crate) async fn hello(stream: DuplexStream) -> Self {
        let mut conn = proto::Connection::new(stream, Limits::default());
        conn.enqueue_encoded(Hello::new("ftp").encode(&Limits::default()).unwrap());
        let answer = conn.next::<HelloAnswer>().await.unwrap().unwrap();
        assert!(matches!(answer, HelloAnswer::Welcome { digest: Algorithm::Md5, .. }));
        Self { conn }
    }

    /// Hears the hello of a client, and lets it in. A client may be gone before.
    pub(crate) async fn welcome(stream: DuplexStream) -> Option<Self> {
        let mut conn = proto::Connection::new(stream, Limits::default());
        let hello = conn.next::<Hello>().await.ok().flatten()?;
        let answer = hello.answer("ftp", &[], &[Algorithm::Md5]);
        conn.enqueue_encoded(answer.encode(&Limits::default()).unwrap());
        Some(Self { conn })
    }

    pub(crate) fn say(&mut self, header: &str) {
        self.say_with(header, &[]);
    }

    /// Queues a frame; nothing checks that the body is what the header says.
    pub(crate) fn say_with(&mut self, header: &str, body: &[u8]) {
        self.conn.enqueue_encoded([&frame(header), body].concat().into());
    }

    /// Queues bytes that are no frame.
    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) {
        self.conn.enqueue_encoded(Bytes::copy_from_slice(bytes));
    }

    /// Queues a want.
    pub(crate) fn want(&mut self, id: u64, digests: &[(u64, u64)], content: &[(u64, u64)]) {
        let all = [digests, content].concat();
        let body: Vec<u8> = all
            .iter()
            .flat_map(|(start, end)| [start.to_le_bytes(), end.to_le_bytes()].concat())
            .collect();
        let (digests, content) = (digests.len(), content.len());
        let want = format!(
            r#"{{"type":"want","id":{id},"digests":{digests},"content":{content},"last":true}}"#
        );
        self.say_with(&want, &body);
    }

    /// Queues entries of a tree, from number `n` on.
    pub(crate) fn tree(&mut self, id: u64, n: u64, lines: &[&str]) {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut hasher = Hasher::new(Algorithm::Md5);
        hasher.update(body.as_bytes());
        let (count, len, digest) = (lines.len(), body.len(), hasher.finalize());
        let entries = format!(
            r#"{{"type":"tree_entries","id":{id},"n":{n},"count":{count},"body":{len},"digest":"{digest}"}}"#
        );
        self.say_with(&entries, body.as_bytes());
    }

    /// Queues the end of the walk through a tree.
    pub(crate) fn walked(&mut self, id: u64, count: u64) {
        self.say(&format!(r#"{{"type":"walked","id":{id},"count":{count}}}"#));
    }

    /// Announces an upload of so many bytes, at a time of its own.
    pub(crate) fn put(&mut self, id: u64, path: &str, size: usize) {
        self.say(&put_header(id, path));
        self.say(&format!(r#"{{"type":"entry","id":{id},"entry":{}}}"#, entry(path, size as u64)));
    }

    /// Queues a segment with its right digests.
    pub(crate) fn segment(&mut self, id: u64, offset: u64, content: &[u8]) {
        self.segment_with(id, offset, &digests_of(content), content);
    }

    /// Queues a segment with these digests.
    pub(crate) fn segment_with(&mut self, id: u64, offset: u64, head: &[u8], content: &[u8]) {
        let (length, head_len) = (content.len(), head.len());
        let segment = format!(
            r#"{{"type":"segment","id":{id},"offset":{offset},"length":{length},"head":{head_len}}}"#
        );
        self.say_with(&segment, &[head, content].concat());
    }

    /// Queues the end of an upload.
    pub(crate) fn sent(&mut self, id: u64, size: u64, wants: u64, chain: &str) {
        self.say(&format!(
            r#"{{"type":"sent","id":{id},"size":{size},"wants":{wants},"chain":"{chain}"}}"#
        ));
    }

    /// A whole upload as it should be.
    pub(crate) async fn put_well(&mut self, id: u64, path: &str, content: &[u8]) -> Heard {
        self.put(id, path, content.len());
        self.until("want").await;
        self.segment(id, 0, content);
        let mut proof = Proof::new(path, content.len() as u64);
        proof.segment(0, content);
        self.sent(id, content.len() as u64, 1, &proof.hex(content.len() as u64));
        self.end(id).await
    }

    /// A whole download as it should be.
    pub(crate) async fn get_well(&mut self, id: u64, path: &str) -> Vec<u8> {
        self.say(&format!(r#"{{"type":"get","id":{id},"path":"{path}"}}"#));
        let size = self.until("entry").await.field("entry")["size"].as_u64().unwrap();
        self.want(id, &[], &[(0, size)]);
        let mut content = Vec::new();
        loop {
            let heard = self.hear().await.unwrap();
            match heard.kind() {
                "segment" => {
                    let body = self.body().await;
                    content.extend_from_slice(&body[heard.number("head") as usize..]);
                }
                "sent" => break,
                _ => {}
            }
        }
        self.say(&format!(r#"{{"type":"got","id":{id}}}"#));
        assert_eq!(self.end(id).await.status(), "ok");
        content
    }

    /// The next frame; `None` or an error at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Heard>, ConnectionError> {
        self.conn.skip_body().await?;
        self.conn.next::<Heard>().await
    }

    /// The next frame, if one comes.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        self.next().await.ok().flatten()
    }

    /// The body of the frame at hand.
    pub(crate) async fn body(&mut self) -> Vec<u8> {
        let mut body = vec![0; self.conn.body_remaining() as usize];
        self.conn.read_body_exact(&mut body).await.unwrap();
        body
    }

    /// The next frame of a kind.
    pub(crate) async fn until(&mut self, kind: &str) -> Heard {
        loop {
            let heard = self.hear().await;
            let heard = heard.unwrap_or_else(|| panic!("the end came where a {kind} should"));
            if heard.kind() == kind {
                return heard;
            }
            assert_ne!(heard.kind(), "end", "{heard:?} came where a {kind} should");
        }
    }

    /// The next end, which is that of request `id`.
    pub(crate) async fn end(&mut self, id: u64) -> Heard {
        loop {
            let heard = self.hear().await.expect("the connection stands");
            if heard.kind() == "end" {
                assert_eq!(heard.number("id"), id, "{heard:?}");
                return heard;
            }
        }
    }

    /// The other side gives the connection up; what it says before is returned.
    pub(crate) async fn given_up(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        while let Some(frame) = self.hear().await {
            heard.push(frame);
        }
        heard
    }

    /// Waits until everything has been handed over.
    pub(crate) async fn flush(&mut self) {
        self.conn.flush().await.unwrap();
    }
}

pub(crate) fn put_header(id: u64, path: &str) -> String {
    format!(r#"{{"type":"put","id":{id},"path":"{path}","publish":"if_absent","session":"s"}}"#)
}

/// What the raw peers say of their files.
pub(crate) fn entry(path: &str, size: u64) -> String {
    format!(r#"{{"path":"{path}","kind":"file","size":{size},"revision":"r"}}"#)
}

/// The digests of the blocks of some content.
pub(crate) fn digests_of(content: &[u8]) -> Vec<u8> {
    let mut digests = Vec::new();
    proto::digest_blocks(Algorithm::Md5, content, &mut digests);
    digests
}

/// The proof over what is sent for one entry, built after the description of the wire.
#[derive(Clone)]
pub(crate) struct Proof(Hasher);

impl Proof {
    /// Begins with what [`entry`] says.
    pub(crate) fn new(path: &str, size: u64) -> Self {
        Self::begin(path, size, false)
    }

    /// The same of a stream.
    pub(crate) fn of_stream(path: &str) -> Self {
        Self::begin(path, 0, true)
    }

    fn begin(path: &str, size: u64, open_ended: bool) -> Self {
        let mut hasher = Hasher::new(Algorithm::Md5);
        hasher.update(&0_u64.to_le_bytes());
        hasher.update(&[u8::from(open_ended)]);
        hasher.update(&size.to_le_bytes());
        hasher.update(&u32::MAX.to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(b"\0r");
        Self(hasher)
    }

    pub(crate) fn segment(&mut self, offset: u64, content: &[u8]) {
        self.head(b's', offset, content.len() as u64, &digests_of(content));
    }

    pub(crate) fn head(&mut self, kind: u8, offset: u64, len: u64, head: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&offset.to_le_bytes());
        self.0.update(&(offset + len).to_le_bytes());
        self.0.update(head);
    }

    pub(crate) fn hex(&self, size: u64) -> String {
        let mut hasher = self.0.clone();
        hasher.update(&size.to_le_bytes());
        hasher.finalize().to_string()
    }
}
