//! What Linux knows of its clock.

use std::time::Duration;

use crate::sntp::{ClockQuality, Leap};

/// The stratum of a clock that is kept right by something that does not say what.
///
/// The kernel knows that its clock is disciplined, and not by what. A high number lets no client
/// prefer this server to one that names its reference.
const DISCIPLINED_STRATUM: u8 = 10;

/// How good the kernel says its clock is; `None` where it may not be asked.
pub(super) fn quality() -> Option<ClockQuality> {
    adjtimex().map(|timex| describe(&timex))
}

fn describe(timex: &libc::timex) -> ClockQuality {
    let has = |bit: libc::c_int| timex.status & bit != 0;
    if has(libc::STA_UNSYNC) {
        return ClockQuality::UNSYNCHRONISED;
    }
    let leap = match (has(libc::STA_INS), has(libc::STA_DEL)) {
        (true, _) => Leap::Insert,
        (false, true) => Leap::Delete,
        (false, false) => Leap::None,
    };
    let microseconds = u64::try_from(timex.maxerror).unwrap_or_default();
    ClockQuality::synchronised(leap, DISCIPLINED_STRATUM, Duration::from_micros(microseconds))
}

#[expect(unsafe_code, reason = "no crate reads the kernel's clock status by a safe function")]
fn adjtimex() -> Option<libc::timex> {
    // SAFETY: `timex` consists of integers, for which zero is a value.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: adjtimex(2) writes to the structure that it is given and to nothing else; with no
    // bit set in `modes` it changes nothing about the clock.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    (state >= 0).then_some(timex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_believed_only_about_a_clock_that_it_keeps_right() {
        let mut timex = adjtimex().unwrap();
        timex.maxerror = 5000;
        timex.status = libc::STA_UNSYNC | libc::STA_INS;
        assert_eq!(describe(&timex), ClockQuality::UNSYNCHRONISED);
        for (status, leap) in
            [(0, Leap::None), (libc::STA_INS, Leap::Insert), (libc::STA_DEL, Leap::Delete)]
        {
            timex.status = libc::STA_PLL | status;
            let quality = describe(&timex);
            assert_eq!((quality.leap, quality.stratum), (leap, 10));
            assert_eq!(quality.dispersion, Duration::from_millis(5));
        }
    }
}
