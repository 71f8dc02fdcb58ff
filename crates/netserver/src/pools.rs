use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::AdmitError;

/// Who is here: newcomers, of whom the oldest gives way, and the admitted, who stay.
///
/// Numbers are given in the order of arrival, so that the lowest is the oldest.
#[derive(Debug)]
pub(crate) struct Pools<T> {
    max_newcomers: usize,
    max_admitted: usize,
    newcomers: BTreeMap<u64, T>,
    admitted: BTreeMap<u64, T>,
}

impl<T> Pools<T> {
    pub(crate) fn new(max_newcomers: usize, max_admitted: usize) -> Self {
        Self { max_newcomers, max_admitted, newcomers: BTreeMap::new(), admitted: BTreeMap::new() }
    }

    /// Lets a newcomer in and gives back the one that has to go for it.
    pub(crate) fn enter(&mut self, id: u64, conn: T) -> Option<T> {
        let full = self.newcomers.len() >= self.max_newcomers;
        let evicted = if full { self.newcomers.pop_first() } else { None };
        self.newcomers.insert(id, conn);
        evicted.map(|(_, conn)| conn)
    }

    /// Whom the next newcomer would push out, if anybody.
    pub(crate) fn next_to_go(&self) -> Option<&T> {
        let full = self.newcomers.len() >= self.max_newcomers;
        self.newcomers.values().next().filter(|_| full)
    }

    /// Moves a newcomer to the admitted; no change for one who is there already.
    pub(crate) fn admit(&mut self, id: u64) -> Result<(), AdmitError> {
        if self.admitted.contains_key(&id) {
            return Ok(());
        }
        let Entry::Occupied(newcomer) = self.newcomers.entry(id) else {
            return Err(AdmitError::Ended);
        };
        if self.admitted.len() >= self.max_admitted {
            return Err(AdmitError::Full { limit: self.max_admitted });
        }
        self.admitted.insert(id, newcomer.remove());
        Ok(())
    }

    pub(crate) fn leave(&mut self, id: u64) {
        if self.newcomers.remove(&id).is_none() {
            self.admitted.remove(&id);
        }
    }

    pub(crate) fn newcomers(&self) -> usize {
        self.newcomers.len()
    }

    pub(crate) fn admitted(&self) -> usize {
        self.admitted.len()
    }

    /// Everybody, newcomers first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.newcomers.values().chain(self.admitted.values())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_oldest_newcomer_gives_way() {
        let mut pools = Pools::new(2, 2);
        assert_eq!(pools.enter(1, 'a'), None);
        assert_eq!(pools.next_to_go(), None);
        assert_eq!(pools.enter(2, 'b'), None);
        assert_eq!(pools.next_to_go(), Some(&'a'));
        assert_eq!(pools.enter(3, 'c'), Some('a'));
        assert_eq!(pools.enter(4, 'd'), Some('b'));
        assert_eq!(pools.newcomers(), 2);
    }

    #[test]
    fn the_admitted_do_not_give_way_and_make_room_among_the_newcomers() {
        let mut pools = Pools::new(1, 2);
        pools.enter(1, 'a');
        assert_eq!(pools.admit(1), Ok(()));
        assert_eq!(pools.enter(2, 'b'), None);
        assert_eq!(pools.enter(3, 'c'), Some('b'));
        assert_eq!(pools.iter().collect::<String>(), "ca");
    }

    #[test]
    fn refuses_more_than_the_limit_until_one_leaves() {
        let mut pools = Pools::new(4, 1);
        pools.enter(1, 'a');
        pools.enter(2, 'b');
        assert_eq!(pools.admit(1), Ok(()));
        assert_eq!(pools.admit(2), Err(AdmitError::Full { limit: 1 }));
        assert_eq!(pools.newcomers(), 1);
        pools.leave(1);
        assert_eq!(pools.admit(2), Ok(()));
    }

    #[test]
    fn admitting_twice_takes_one_place_and_works_when_full() {
        let mut pools = Pools::new(1, 1);
        pools.enter(1, 'a');
        assert_eq!(pools.admit(1), Ok(()));
        assert_eq!(pools.admit(1), Ok(()));
        assert_eq!(pools.admitted(), 1);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_limits_hold_and_only_the_oldest_newcomer_goes(
            (max_newcomers, max_admitted) in (1..5_usize, 0..5_usize),
            steps in vec((0..3_u8, 1..40_u64), 0..200),
        ) {
            let mut pools = Pools::new(max_newcomers, max_admitted);
            let (mut newcomers, mut admitted) = (Vec::new(), Vec::new());
            let mut last_id = 0;
            for (step, id) in steps {
                match step {
                    0 => {
                        last_id += 1;
                        let full = newcomers.len() == max_newcomers;
                        let oldest = full.then(|| newcomers.remove(0));
                        newcomers.push(last_id);
                        prop_assert_eq!(pools.next_to_go(), oldest.as_ref());
                        prop_assert_eq!(pools.enter(last_id, last_id), oldest);
                    }
                    1 => {
                        let expected = if admitted.contains(&id) {
                            Ok(())
                        } else if !newcomers.contains(&id) {
                            Err(AdmitError::Ended)
                        } else if admitted.len() == max_admitted {
                            Err(AdmitError::Full { limit: max_admitted })
                        } else {
                            newcomers.retain(|newcomer| *newcomer != id);
                            admitted.push(id);
                            Ok(())
                        };
                        prop_assert_eq!(pools.admit(id), expected);
                    }
                    _ => {
                        newcomers.retain(|newcomer| *newcomer != id);
                        admitted.retain(|one| *one != id);
                        pools.leave(id);
                    }
                }
                prop_assert_eq!(pools.newcomers(), newcomers.len());
                prop_assert_eq!(pools.admitted(), admitted.len());
                prop_assert_eq!(pools.iter().count(), newcomers.len() + admitted.len());
            }
        }
    }

    #[test]
    fn who_has_gone_is_not_admitted() {
        let mut pools = Pools::new(1, 1);
        pools.enter(1, 'a');
        pools.leave(1);
        assert_eq!(pools.admit(1), Err(AdmitError::Ended));
        assert_eq!(pools.iter().count(), 0);
    }
}
