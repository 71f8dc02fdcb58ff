//! How many commands run for whom.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::wire::{Failure, Status};

/// Counts the commands of each owner.
#[derive(Debug)]
pub(crate) struct Places {
    allowed: usize,
    taken: Mutex<BTreeMap<String, usize>>,
}

/// A place for one command; dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    owner: String,
}

impl Places {
    pub(crate) fn new(allowed: usize) -> Arc<Self> {
        Arc::new(Self { allowed, taken: Mutex::default() })
    }

    /// Takes a place, if there is one.
    pub(crate) fn take(self: &Arc<Self>, owner: &str) -> Result<Place, Failure> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(owner).copied().unwrap_or(0);
        if count >= self.allowed {
            let message =
                format!("{count} commands run for you already, of {} allowed", self.allowed);
            return Err(Failure::new(Status::Busy, message));
        }
        taken.insert(owner.to_owned(), count + 1);
        Ok(Place { places: Arc::clone(self), owner: owner.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_command_is_over() {
        let places = Places::new(2);
        let first = places.take("ann").unwrap();
        let _second = places.take("ann").unwrap();
        assert_eq!(places.take("ann").unwrap_err().status, Status::Busy);
        let _other = places.take("bob").unwrap();
        drop(first);
        places.take("ann").unwrap();
        assert_eq!(places.taken.lock().unwrap().len(), 2);
    }
}
