//! Servers that lie to a client of ours about content.

use std::sync::Arc;

use ftp::{Client, ClientError, Connect, How, LocalStore, Options, Status};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, DuplexStream};

use super::support::{
    Played, Proof, Raw, ServedFuture, content, deed, digests_of, entry, fast, finals, is_protocol,
    local, offer, path, write,
};

const BLOCK: usize = 65_536;
const SIZE: usize = 3 * BLOCK + 7;

/// A client of a played server, and a directory for it.
struct Victim<C: Connect> {
    dir: TempDir,
    store: Arc<LocalStore>,
    client: Client<C>,
}

impl<C: Connect> Victim<C> {
    fn of(connector: C, options: Options) -> Self {
        let dir = TempDir::new().unwrap();
        let store = Arc::new(LocalStore::open(dir.path(), true).unwrap());
        Self { dir, store, client: Client::new(connector, options) }
    }

    /// A get that must fail, and leave nothing that could be taken for a file.
    async fn get(&mut self) -> ClientError {
        let name = path("a");
        let target = local(&self.store, &name);
        let got = self.client.get(&name, target, &How::default(), &()).await;
        assert_eq!(finals(&self.dir), [""; 0]);
        got.unwrap_err()
    }

    async fn put(&mut self) -> ClientError {
        write(&self.dir, "a", &content(SIZE, 1));
        let name = path("a");
        let source = local(&self.store, &name);
        self.client.put(source, &name, &How::default(), &()).await.unwrap_err()
    }
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_was_not_asked_for_is_refused() {
    let offers = [
        entry("b", 5),
        entry("a/b", 5),
        entry("", 5),
        r#"{"path":"a","kind":"directory","size":0,"revision":"r"}"#.into(),
        r#"{"path":"a","kind":"link","size":0,"revision":"r","target":"b"}"#.into(),
        r#"{"path":"a","kind":"other","size":0,"revision":"r"}"#.into(),
    ];
    for entry in offers {
        let told = entry.clone();
        let error = Victim::of(deed(move |raw| offer(raw, &told)), fast()).get().await;
        assert!(is_protocol(&error), "{entry}: {error}");
    }
    let open_ended = |raw: &mut Raw| {
        let entry = entry("a", 0);
        raw.say(&format!(r#"{{"type":"entry","id":1,"entry":{entry},"open_ended":true}}"#));
    };
    assert!(is_protocol(&Victim::of(deed(open_ended), fast()).get().await));
}

#[tokio::test(start_paused = true)]
async fn an_offer_of_a_path_that_leads_out_is_never_followed() {
    for name in ["../a", "/a", "a/../../b", "..", "a//b"] {
        let told = entry(name, 5);
        let error = Victim::of(deed(move |raw| offer(raw, &told)), fast()).get().await;
        assert!(matches!(error, ClientError::GaveUp { .. }), "{name}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_size_that_no_disk_holds_is_refused_at_once() {
    for size in [1 << 62, u64::MAX] {
        let server = deed(move |raw| offer(raw, &entry("a", size)));
        let error = Victim::of(server, fast()).get().await;
        assert_eq!(error.status(), Some(Status::NoSpace), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn segments_that_were_not_wanted_or_not_so_are_refused() {
    let lies: Vec<fn(&mut Raw, &[u8])> = vec![
        |raw, whole| raw.segment(1, BLOCK as u64, &whole[BLOCK..2 * BLOCK]),
        |raw, whole| {
            raw.segment(1, 0, &whole[..BLOCK]);
            raw.segment(1, 0, &whole[..BLOCK]);
        },
        |raw, whole| {
            raw.segment(1, 0, &whole[..2 * BLOCK]);
            raw.segment(1, BLOCK as u64, &whole[BLOCK..]);
        },
        |raw, whole| raw.segment(1, 0, &whole[..100]),
        |raw, whole| raw.segment(1, 0, &[whole, &[0; BLOCK]].concat()),
        |raw, _| raw.segment(1, 0, &[]),
        |raw, whole| raw.segment(1, u64::MAX - 6, whole),
        |raw, whole| raw.segment_with(1, 0, &[0; 63], whole),
        |raw, _| raw.segment(1, 0, &vec![0; 33 * BLOCK]),
        |raw, whole| {
            let digests =
                format!(r#"{{"type":"digests","id":1,"offset":0,"length":{SIZE},"body":64}}"#);
            raw.say_with(&digests, &digests_of(whole));
        },
        // The end too soon, by the request's end or by the entry's.
        |raw, _| raw.say(r#"{"type":"end","id":1,"status":"ok"}"#),
        |raw, _| raw.sent(1, SIZE as u64, 9, &Proof::new("a", SIZE as u64).hex(SIZE as u64)),
        |raw, _| raw.say(r#"{"type":"cancel","id":1}"#),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let server = deed(move |raw| {
            offer(raw, &entry("a", SIZE as u64));
            lie(raw, &content(SIZE, 1));
        });
        let mut victim = Victim::of(server, fast());
        let error = victim.get().await;
        assert!(is_protocol(&error), "lie {number}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_proof_is_tried_again_and_then_called_corrupt() {
    let lies: Vec<fn(&mut Raw, &[u8])> = vec![
        |raw, _| raw.sent(1, SIZE as u64, 1, &"0".repeat(32)),
        |raw, whole| {
            let mut proof = Proof::new("a", SIZE as u64 + 1);
            proof.segment(0, whole);
            raw.sent(1, SIZE as u64, 1, &proof.hex(SIZE as u64));
        },
        |raw, whole| {
            let mut proof = Proof::new("a", SIZE as u64);
            proof.segment(0, whole);
            raw.sent(1, SIZE as u64 - 1, 1, &proof.hex(SIZE as u64 - 1));
        },
    ];
    for lie in lies {
        let server = deed(move |raw| {
            offer(raw, &entry("a", SIZE as u64));
            raw.segment(1, 0, &content(SIZE, 1));
            lie(raw, &content(SIZE, 1));
        });
        let error = Victim::of(server, fast()).get().await;
        assert_eq!(error.status(), Some(Status::Corrupt), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_with_wrong_digests_is_never_published() {
    let server = deed(|raw| {
        offer(raw, &entry("a", SIZE as u64));
        // As often as it is asked for, and then for good.
        for _ in 0..4 {
            raw.segment_with(1, 0, &digests_of(&content(SIZE, 2)), &content(SIZE, 1));
        }
    });
    let error = Victim::of(server, fast()).get().await;
    assert!(error.status() == Some(Status::Corrupt) || is_protocol(&error), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_put_is_not_taken_in_by_a_lying_server() {
    let lies: Vec<fn(&mut Raw)> = vec![
        |raw| raw.want(1, &[], &[(0, 4 * BLOCK as u64)]),
        |raw| raw.want(1, &[], &[(5, BLOCK as u64)]),
        |raw| raw.want(1, &[(0, 0)], &[]),
        |raw| raw.want(1, &[], &[(u64::MAX - 1, u64::MAX)]),
        |raw| raw.say(r#"{"type":"got","id":1}"#),
        |raw| raw.say(r#"{"type":"cancel","id":1}"#),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let mut victim = Victim::of(deed(lie), fast());
        let error = victim.put().await;
        assert!(is_protocol(&error), "lie {number}: {error}");
    }
    let too_many = |raw: &mut Raw| raw.want(1, &[], &vec![(0, BLOCK as u64); 4097]);
    let error = Victim::of(deed(too_many), fast()).put().await;
    assert!(matches!(error, ClientError::GaveUp { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_read_is_right_as_far_as_it_goes() {
    let server = deed(|raw| {
        offer(raw, &entry("a", SIZE as u64));
        let whole = content(SIZE, 1);
        let mut damaged = whole.clone();
        damaged[2 * BLOCK + 9] ^= 64;
        raw.segment_with(1, 0, &digests_of(&whole), &damaged);
    });
    let mut read = Vec::new();
    let error = Client::new(server, fast()).read(&path("a"), None, &mut read, &()).await;
    assert_eq!(read, content(SIZE, 1)[..2 * BLOCK]);
    error.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn strangers_are_told_from_servers() {
    let said: [&[u8]; 6] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        &[0x15, 3, 3, 0, 2, 2, 40],
        &[0; 512],
        &[0xff; 512],
    ];
    for said in said {
        let server = Played(move |mut stream: DuplexStream| {
            let served: ServedFuture = Box::pin(async move {
                stream.write_all(said).await.unwrap();
                stream.shutdown().await.unwrap();
                let mut hello = Vec::new();
                let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut hello).await;
            });
            served
        });
        let error = Victim::of(server, fast()).get().await;
        assert!(matches!(error, ClientError::Stranger { .. }), "{error}");
    }
}
