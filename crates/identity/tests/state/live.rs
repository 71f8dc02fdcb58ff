//! Clients that are in. Time is virtual: it passes when everybody waits.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use identity::{Gate, Grant, Home, Identity, RefusalCode, TicketId};
use tokio::time::timeout;

use crate::{Site, redeem, rights};

struct Scene {
    site: Site,
    gate: Gate,
    liu: Identity,
    ticket: TicketId,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        let gate = site.gate("read,write");
        let (ticket, token) = site.home.tickets().issue(site.ticket("read,write")).unwrap();
        let liu = Identity::generate();
        redeem(&gate, &liu, &token).unwrap();
        Self { site, gate, liu, ticket }
    }

    fn grant(&self) -> Grant {
        self.gate.admit(&self.liu.public(), None).unwrap()
    }

    /// What ends the connection after `change`, which goes past the gate as from another process.
    async fn end_after(&self, change: impl FnOnce(&Home)) -> RefusalCode {
        let grant = self.grant();
        let mut revoked = pin!(grant.revoked());
        assert!(stays(&mut revoked).await);
        change(&Home::at(self.site.home.dir()));
        timeout(Duration::from_secs(10), revoked).await.unwrap().code
    }
}

/// Whether a minute passes in peace.
async fn stays(revoked: impl Future) -> bool {
    timeout(Duration::from_secs(60), revoked).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_when_its_ticket_is_revoked() {
    let scene = Scene::new();
    let id = scene.ticket.to_string();
    let code = scene.end_after(|home| {
        home.tickets().revoke(&id).unwrap();
    });
    assert_eq!(code.await, RefusalCode::Revoked);
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_when_its_line_is_removed() {
    let scene = Scene::new();
    let key = scene.liu.public();
    let code = scene.end_after(|home| {
        home.authorized_clients().remove(&key).unwrap();
    });
    assert_eq!(code.await, RefusalCode::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_when_the_file_is_removed_or_edited() {
    let scene = Scene::new();
    let code = scene.end_after(|_| {
        scene.site.edit("authorized_clients", |text| text.replace("read,write", "read"));
    });
    assert_eq!(code.await, RefusalCode::Narrowed);
    assert_eq!(scene.grant().rights, rights("read"));

    let code = scene.end_after(|_| {
        let old = " expires=2026-01-01T00:00:00Z\n";
        scene.site.edit("authorized_clients", |text| text.trim_end().to_owned() + old);
    });
    assert_eq!(code.await, RefusalCode::AccessExpired);

    let scene = Scene::new();
    let path = scene.site.path("authorized_clients");
    let code = scene.end_after(|_| std::fs::remove_file(path).unwrap()).await;
    assert_eq!(code, RefusalCode::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn what_others_lose_and_what_is_added_ends_nobody() {
    let scene = Scene::new();
    let other = scene.site.token("read");
    redeem(&scene.gate, &Identity::generate(), &other).unwrap();
    let grant = scene.grant();
    let mut revoked = pin!(grant.revoked());
    assert!(stays(&mut revoked).await);
    let token = scene.site.token("read:/more");
    redeem(&scene.gate, &scene.liu, &token).unwrap();
    let (tickets, _) = scene.site.home.tickets().list().unwrap();
    scene.site.home.tickets().revoke(&tickets[1].id.to_string()).unwrap();
    assert!(stays(&mut revoked).await);
}

#[tokio::test(start_paused = true)]
async fn the_account_itself_never_has_to_go() {
    let scene = Scene::new();
    let grant = scene.gate.admit(&scene.site.home.key().unwrap().public(), None).unwrap();
    std::fs::remove_file(scene.site.path("authorized_clients")).unwrap();
    assert!(stays(grant.revoked()).await);
}
