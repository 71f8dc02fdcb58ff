use std::time::Duration;

use netserver::{DatagramServer, MemorySocket, RateLimit};

use crate::support::{Echo, bounded, stop, until};

#[tokio::test(start_paused = true)]
async fn a_flood_from_one_source_does_not_silence_another() {
    let (socket, net) = MemorySocket::new();
    let limit = RateLimit::per_second(10).leak_one_in(None);
    let running = DatagramServer::new(socket, Echo).rate_limit(limit).start();
    let mut flooder = net.join();
    let mut honest = net.join();
    for round in 0..5 {
        for _ in 0..1000 {
            assert!(flooder.send(b"flood"));
        }
        assert!(honest.send(b"hello"));
        assert_eq!(bounded(honest.receive()).await, b"hello");
        until(&running, |report| report.received == 1001 * (round + 1)).await;
        let heard = std::iter::from_fn(|| flooder.try_receive()).count();
        assert_eq!(heard, 10);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let report = stop(running).await.to_string();
    assert_eq!(report, "5005 received: 55 served, 4950 limited; 55 sent");
}

#[tokio::test(start_paused = true)]
async fn a_victim_of_forgery_is_heard_now_and_then() {
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).rate_limit(RateLimit::per_second(1)).start();
    let forged = net.join();
    for sent in 1..=10 {
        for _ in 0..1000 {
            assert!(forged.send(b"flood"));
        }
        until(&running, |report| report.received == 1000 * sent).await;
    }
    let report = stop(running).await;
    assert_eq!(report.served + report.limited, 10_000);
    // One in sixteen: outside these bounds is a chance of less than one in a million million.
    assert!((450..800).contains(&report.served), "{report}");
}
