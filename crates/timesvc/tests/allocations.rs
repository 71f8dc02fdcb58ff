//! Answers cost no allocation, once the first of them have been given.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hash::RandomState;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netserver::Addr;
use timesvc::{LegacyAnswers, Policy, TimeAnswers};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread allocates.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written otherwise")]
// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn a_warm_server_allocates_nothing_for_an_answer() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let answers = TimeAnswers::new(zone.clone(), Policy::default(), RandomState::new());
    let legacy = LegacyAnswers::new(zone, Policy::default(), RandomState::new());
    let source = Addr::Ip(([127, 0, 0, 1], 40_000).into());
    let mut reply = Vec::with_capacity(1024);
    let mut round = |now: Timestamp| {
        for request in ["", "%c", "%A %-d %^B %10Z %s", "hello", "%1025d"] {
            // What is said too often is not answered; that costs nothing either.
            let _ = answers.answer(request.as_bytes(), &source, now, &mut reply);
        }
        legacy.daytime(b"", &source, now, &mut reply).unwrap();
        legacy.seconds(b"", &source, now, &mut reply).unwrap();
    };
    let start = Timestamp::from_second(1_700_000_000).unwrap();
    round(start);
    let spent = allocations(|| {
        for second in 0..1000 {
            round(start + jiff::SignedDuration::from_secs(second));
        }
    });
    assert_eq!(spent, 0);
}
