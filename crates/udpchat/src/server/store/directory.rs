use std::ops::Bound;

use redb::{ReadableTable as _, ReadableTableMetadata as _};

use super::{KEYS, MEMBERS, NAMES, ROOMS, ServerStore};
use crate::disk::StoreError;
use crate::key::PublicKey;
use crate::name::Name;
use crate::server::ServerConfig;

/// What came of binding a name to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It had no owner, and has one now.
    New,
    /// It belongs to that key.
    Known,
    /// It belongs to another one.
    Taken,
    /// There are, or the key has, as many names as are allowed.
    Full,
}

/// What came of entering a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entering {
    Entered,
    Already,
    Full,
}

impl ServerStore {
    pub(crate) fn bind(
        &mut self,
        name: &Name,
        key: PublicKey,
        config: &ServerConfig,
    ) -> Result<Binding, StoreError> {
        if let Some(owner) = self.owner(name)? {
            return Ok(if owner == key { Binding::Known } else { Binding::Taken });
        }
        let tx = self.0.write()?;
        let mut names = tx.open_table(NAMES)?;
        let mut keys = tx.open_table(KEYS)?;
        let owned = keys.get(&key.0[..])?.map_or(0, |count| count.value());
        if names.len()? >= config.max_names || owned >= config.max_names_per_key {
            return Ok(Binding::Full);
        }
        names.insert(name.as_str(), &key.0[..])?;
        keys.insert(&key.0[..], owned + 1)?;
        Ok(Binding::New)
    }

    /// Whose name it is.
    pub(crate) fn owner(&mut self, name: &Name) -> Result<Option<PublicKey>, StoreError> {
        let names = self.0.read()?.open_table(NAMES)?;
        let Some(owner) = names.get(name.as_str())? else { return Ok(None) };
        let key = owner.value().try_into();
        let corrupted = |_| redb::Error::Corrupted(format!("the key of {name} is none"));
        Ok(Some(PublicKey(key.map_err(corrupted)?)))
    }

    /// Those who have ever joined, by name, after that one.
    pub(crate) fn names_after(
        &mut self,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<Name>, StoreError> {
        let names = self.0.read()?.open_table(NAMES)?;
        let first = (
            after.map_or(Bound::Unbounded, |name| Bound::Excluded(name.as_str())),
            Bound::Unbounded,
        );
        let names = names.range::<&str>(first)?.take(limit);
        names.map(|row| name_of(row?.0.value())).collect()
    }

    pub(crate) fn enter(
        &mut self,
        room: &Name,
        name: &Name,
        config: &ServerConfig,
    ) -> Result<Entering, StoreError> {
        if self.is_member(room, name)? {
            return Ok(Entering::Already);
        }
        let tx = self.0.write()?;
        let mut rooms = tx.open_table(ROOMS)?;
        let size = rooms.get(room.as_str())?.map_or(0, |size| size.value());
        let is_one_more = size == 0 && rooms.len()? >= config.max_rooms;
        if is_one_more || size >= config.max_members as u64 {
            return Ok(Entering::Full);
        }
        rooms.insert(room.as_str(), size + 1)?;
        tx.open_table(MEMBERS)?.insert((room.as_str(), name.as_str()), ())?;
        Ok(Entering::Entered)
    }

    /// Whether they were in it.
    pub(crate) fn exit(&mut self, room: &Name, name: &Name) -> Result<bool, StoreError> {
        if !self.is_member(room, name)? {
            return Ok(false);
        }
        let tx = self.0.write()?;
        tx.open_table(MEMBERS)?.remove((room.as_str(), name.as_str()))?;
        let mut rooms = tx.open_table(ROOMS)?;
        let size = rooms.get(room.as_str())?.map_or(0, |size| size.value());
        match size.saturating_sub(1) {
            0 => rooms.remove(room.as_str())?,
            size => rooms.insert(room.as_str(), size)?,
        };
        Ok(true)
    }

    pub(crate) fn is_member(&mut self, room: &Name, name: &Name) -> Result<bool, StoreError> {
        let members = self.0.read()?.open_table(MEMBERS)?;
        Ok(members.get((room.as_str(), name.as_str()))?.is_some())
    }

    pub(crate) fn members(&mut self, room: &Name) -> Result<Vec<Name>, StoreError> {
        let members = self.0.read()?.open_table(MEMBERS)?;
        // Nothing is less than the empty name, and no name begins with the greatest character.
        let range = (room.as_str(), "")..(room.as_str(), "\u{10ffff}");
        members.range(range)?.map(|row| name_of(row?.0.value().1)).collect()
    }

    /// The rooms, by name, after that one.
    pub(crate) fn rooms_after(
        &mut self,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<Name>, StoreError> {
        let rooms = self.0.read()?.open_table(ROOMS)?;
        let first = (
            after.map_or(Bound::Unbounded, |name| Bound::Excluded(name.as_str())),
            Bound::Unbounded,
        );
        let rooms = rooms.range::<&str>(first)?.take(limit);
        rooms.map(|row| name_of(row?.0.value())).collect()
    }
}

/// A name as the store has it.
pub(super) fn name_of(text: &str) -> Result<Name, StoreError> {
    Name::try_from(text.to_owned())
        .map_err(|error| redb::Error::Corrupted(format!("a name in the store: {error}")).into())
}
