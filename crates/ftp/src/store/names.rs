//! Names of a directory, sorted, in little memory.

use std::ops::Range;

/// Names in a directory, in the order of their bytes: all of them, or the first of those that
/// come after a given one.
///
/// They lie in one piece of memory, because a directory may hold a million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    bytes: Vec<u8>,
    spans: Vec<(u32, u32)>,
    complete: bool,
}

impl Names {
    /// Begins to gather the names that come after `after`, in any order. No more than about twice
    /// `room` bytes are held; a single name always has room.
    #[must_use]
    pub fn gather(after: Option<&[u8]>, room: usize) -> NamesAfter<'_> {
        let names = Self { complete: true, ..Self::default() };
        NamesAfter { names, after, room, last: None }
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The name at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let &(start, len) = self.spans.get(index)?;
        Some(&self.bytes[place(start, len)])
    }

    /// Whether no further names come after these.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How much memory they take, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity() + self.spans.capacity() * size_of::<(u32, u32)>()
    }

    fn sort(&mut self) {
        let Self { bytes, spans, .. } = self;
        spans.sort_unstable_by(|&one, &other| {
            bytes[place(one.0, one.1)].cmp(&bytes[place(other.0, other.1)])
        });
    }
}

fn place(start: u32, len: u32) -> Range<usize> {
    start as usize..start as usize + len as usize
}

/// [`Names`] that are being gathered.
#[derive(Debug)]
pub struct NamesAfter<'a> {
    names: Names,
    after: Option<&'a [u8]>,
    room: usize,
    /// Once some had to be left out: the last that is not.
    last: Option<Box<[u8]>>,
}

impl NamesAfter<'_> {
    /// Adds a name, if it is one of those that are looked for.
    pub fn push(&mut self, name: &[u8]) {
        let too_early = self.after.is_some_and(|after| name <= after);
        let too_late = self.last.as_ref().is_some_and(|last| name > &**last);
        self.names.complete &= !too_late;
        if too_early || too_late {
            return;
        }
        let start = self.names.bytes.len();
        self.names.bytes.extend_from_slice(name);
        self.names.spans.push((start as u32, name.len() as u32));
        if self.names.bytes.len() > 2 * self.room && self.names.spans.len() > 1 {
            self.cut();
        }
    }

    /// The names, sorted.
    #[must_use]
    pub fn finish(mut self) -> Names {
        self.names.sort();
        self.names
    }

    /// Leaves out the last ones, so that the rest fits.
    fn cut(&mut self) {
        self.names.sort();
        let mut kept = Names::default();
        for index in 0..self.names.len() {
            let name = self.names.get(index).expect("the index is below the length");
            if index > 0 && kept.bytes.len() + name.len() > self.room {
                break;
            }
            let start = kept.bytes.len();
            kept.bytes.extend_from_slice(name);
            kept.spans.push((start as u32, name.len() as u32));
        }
        self.last = kept.get(kept.len() - 1).map(Into::into);
        self.names = kept;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(names: &Names) -> Vec<Vec<u8>> {
        (0..names.len()).map(|index| names.get(index).unwrap().to_vec()).collect()
    }

    #[test]
    fn a_single_name_has_room_and_an_empty_directory_is_complete() {
        let mut names = Names::gather(None, 0);
        names.push(b"name");
        names.push(b"later");
        let names = names.finish();
        assert_eq!((all(&names), names.is_complete()), (vec![b"later".to_vec()], false));
        assert!(Names::gather(None, 0).finish().is_complete());
    }

    proptest! {
        #[test]
        fn pieces_make_up_the_whole(
            mut given in proptest::collection::hash_set("[a-e]{1,6}", 0..60),
            room in 0_usize..40,
        ) {
            let mut found: Vec<Vec<u8>> = Vec::new();
            loop {
                let after = found.last().cloned();
                let mut names = Names::gather(after.as_deref(), room);
                given.iter().for_each(|name| names.push(name.as_bytes()));
                let names = names.finish();
                found.extend(all(&names));
                prop_assert!(names.is_complete() || !names.is_empty());
                if names.is_complete() {
                    break;
                }
            }
            let mut whole: Vec<_> = given.drain().map(String::into_bytes).collect();
            whole.sort();
            prop_assert_eq!(found, whole);
        }
    }
}
