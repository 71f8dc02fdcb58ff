use std::future;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// What calls the tick hook: at regular times, or never.
#[derive(Debug)]
pub(crate) struct Ticker(Option<Interval>);

impl Ticker {
    pub(crate) fn new(period: Option<Duration>) -> Self {
        Self(period.map(|period| {
            let mut interval = interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        }))
    }

    /// Waits for the next tick; cancel-safe.
    pub(crate) async fn tick(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => future::pending().await,
        }
    }
}
