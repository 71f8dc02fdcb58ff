//! What the tests share: a server with its client, raw peers, troubled lines, rigged stores.

mod folding;
mod played;
mod raw;
mod stores;
mod wire;
mod world;

pub(crate) use folding::Folding;
pub(crate) use played::{Played, ServedFuture, deed, is_protocol, offer};
pub(crate) use raw::{Heard, Proof, Raw, digests_of, entry, frame};
pub(crate) use stores::{Rig, Rigged};
pub(crate) use wire::{Dialer, Trouble};
pub(crate) use world::{
    World, clear, content, fast, finals, local, partials, path, quick_pool, write,
};
