use std::collections::VecDeque;

use super::outgoing::MAX_WINDOW;
use crate::wire::Ack;

/// The receiving half of a stream: fragments come in any order, any number of times, and are taken
/// out in order, once.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// The number of the fragment that is to be taken next.
    next: u64,
    /// What has come of that one and those after it; the last is always there.
    slots: VecDeque<Option<Box<[u8]>>>,
}

/// What a fragment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It had not come before.
    New,
    /// It had, or it is one that no honest sender would send yet. Nothing is kept of it.
    No,
}

impl Incoming {
    pub(crate) fn accept(&mut self, number: u64, bytes: &[u8]) -> Fresh {
        let Some(ahead) = number.checked_sub(self.next).and_then(|n| usize::try_from(n).ok())
        else {
            return Fresh::No;
        };
        if ahead >= MAX_WINDOW || bytes.is_empty() {
            return Fresh::No;
        }
        if self.slots.len() <= ahead {
            self.slots.resize(ahead + 1, None);
        }
        let slot = &mut self.slots[ahead];
        if slot.is_some() {
            return Fresh::No;
        }
        *slot = Some(bytes.into());
        Fresh::New
    }

    /// The next fragment in order, if it has come. What is not taken out fills the window, and
    /// then nothing more is let in: a sender cannot outrun its reader.
    pub(crate) fn take(&mut self) -> Option<Box<[u8]>> {
        let bytes = self.slots.front_mut()?.take()?;
        self.slots.pop_front();
        self.next += 1;
        Some(bytes)
    }

    /// What has come, taken out or not.
    pub(crate) fn ack(&self) -> Ack {
        let in_order = self.slots.iter().take_while(|slot| slot.is_some()).count();
        let later = self.slots.iter().skip(in_order + 1).enumerate();
        let beyond = later
            .filter(|(_, slot)| slot.is_some())
            .fold(0, |beyond, (bit, _)| beyond | 1_u64 << bit);
        Ack { next: self.next + in_order as u64, beyond }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_in_order_and_once_what_came_in_any_order() {
        let mut incoming = Incoming::default();
        assert_eq!(incoming.accept(2, b"c"), Fresh::New);
        assert_eq!(incoming.accept(2, b"X"), Fresh::No);
        assert_eq!(incoming.take(), None);
        assert_eq!(incoming.ack(), Ack { next: 0, beyond: 0b10 });
        assert_eq!(incoming.accept(0, b"a"), Fresh::New);
        assert_eq!(incoming.ack(), Ack { next: 1, beyond: 0b1 });
        assert_eq!(incoming.take().as_deref(), Some(&b"a"[..]));
        assert_eq!(incoming.accept(0, b"X"), Fresh::No);
        assert_eq!(incoming.accept(1, b"b"), Fresh::New);
        assert_eq!(incoming.ack(), Ack { next: 3, beyond: 0 });
        assert_eq!(incoming.take().as_deref(), Some(&b"b"[..]));
        assert_eq!(incoming.take().as_deref(), Some(&b"c"[..]));
        assert_eq!(incoming.take(), None);
    }

    #[test]
    fn holds_one_window_and_no_more() {
        let mut incoming = Incoming::default();
        for number in [64, 65, u64::MAX] {
            assert_eq!(incoming.accept(number, b"x"), Fresh::No);
        }
        assert_eq!(incoming.accept(63, b"x"), Fresh::New);
        assert_eq!(incoming.ack(), Ack { next: 0, beyond: 1 << 62 });
        for number in 0..63 {
            assert_eq!(incoming.accept(number, b"x"), Fresh::New);
        }
        // All of it is acknowledged, but there is no room until something is taken out.
        assert_eq!(incoming.ack(), Ack { next: 64, beyond: 0 });
        assert_eq!(incoming.accept(64, b"x"), Fresh::No);
        incoming.take();
        assert_eq!(incoming.accept(64, b"x"), Fresh::New);
        assert_eq!(incoming.accept(65, b""), Fresh::No);
    }
}
