//! Lines that give one byte at a time, and nothing at every other poll.

use ftp::{LocalStore, RemotePath};

use super::support::{Trouble, World, content, quick_pool, write};

#[tokio::test(start_paused = true)]
async fn transfers_and_listings_do_not_depend_on_how_the_bytes_come() {
    // The pipes hold a single byte, so that the server too reads and writes one at a time.
    for buffer in [1, 1 << 16] {
        let same = |store: LocalStore| store;
        let mut world = World::with(buffer, quick_pool(), same, same);
        world.trouble([Trouble { trickle: true, ..Trouble::default() }]);
        write(&world.there, "a", &content(7_000, 1));
        write(&world.here, "b", &content(7_000, 2));
        world.get("a").await.unwrap();
        world.assert_same("a");
        world.put("b").await.unwrap();
        world.assert_same("b");
        let mut listed = Vec::new();
        world.client.list(&RemotePath::root(), &mut |entry| listed.push(entry.size)).await.unwrap();
        assert_eq!(listed, [7_000, 7_000]);
        let mut read = Vec::new();
        let name = super::support::path("b");
        world.client.read(&name, None, &mut read, &()).await.unwrap();
        assert_eq!(read, content(7_000, 2));
        let again = world.get("a").await.unwrap();
        assert!(again.unchanged);
        assert_eq!(world.dialer.seen.dialled(), 1);
    }
}
