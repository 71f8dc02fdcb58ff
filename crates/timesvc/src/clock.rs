#[cfg(target_os = "linux")]
mod kernel;

use crate::sntp::ClockQuality;

/// What is claimed of the clock that the time is told from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClockClaim {
    /// What the kernel says: set and disciplined by an NTP client, or not. Where no kernel can be
    /// asked, nothing is claimed.
    #[default]
    Kernel,
    /// That it is right, at this stratum (1 to 15), whatever the kernel says: for networks whose
    /// machines are to agree with each other, be the time right or wrong.
    Local(u8),
}

impl ClockClaim {
    /// How good the clock is said to be at this moment.
    #[must_use]
    pub fn quality(self) -> ClockQuality {
        match self {
            Self::Kernel => kernel_quality().unwrap_or(ClockQuality::UNSYNCHRONISED),
            Self::Local(stratum) => ClockQuality::local(stratum),
        }
    }
}

#[cfg(target_os = "linux")]
fn kernel_quality() -> Option<ClockQuality> {
    kernel::quality()
}

#[cfg(not(target_os = "linux"))]
fn kernel_quality() -> Option<ClockQuality> {
    None
}
