use std::cell::RefCell;
use std::future::{self, Future};
use std::time::SystemTime;

use jiff::Timestamp;
use netserver::{Addr, Datagram, DatagramHandler, Responder, SendError};

use crate::{ClockClaim, LegacyAnswers, MAX_REPLY_BYTES, Silence, TimeAnswers, sntp};

thread_local! {
    /// Where replies are made, so that none costs an allocation.
    static REPLY: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(MAX_REPLY_BYTES));
}

/// The time service: a format comes, the formatted time goes back. See [`TimeAnswers`].
#[derive(Debug)]
pub struct TimeDatagrams {
    answers: TimeAnswers,
}

impl TimeDatagrams {
    /// Gives these answers.
    #[must_use]
    pub fn new(answers: TimeAnswers) -> Self {
        Self { answers }
    }
}

impl DatagramHandler for TimeDatagrams {
    type Error = SendError;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        future::ready(respond(datagram, responder, |request, source, now, reply| {
            self.answers.answer(request, source, now, reply)
        }))
    }
}

/// RFC 867 over UDP. See [`LegacyAnswers::daytime`].
#[derive(Debug)]
pub struct DaytimeDatagrams {
    answers: LegacyAnswers,
}

impl DaytimeDatagrams {
    /// Gives these answers.
    #[must_use]
    pub fn new(answers: LegacyAnswers) -> Self {
        Self { answers }
    }
}

impl DatagramHandler for DaytimeDatagrams {
    type Error = SendError;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        future::ready(respond(datagram, responder, |request, source, now, reply| {
            self.answers.daytime(request, source, now, reply)
        }))
    }
}

/// RFC 868 over UDP. See [`LegacyAnswers::seconds`].
#[derive(Debug)]
pub struct SecondsDatagrams {
    answers: LegacyAnswers,
}

impl SecondsDatagrams {
    /// Gives these answers.
    #[must_use]
    pub fn new(answers: LegacyAnswers) -> Self {
        Self { answers }
    }
}

impl DatagramHandler for SecondsDatagrams {
    type Error = SendError;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        future::ready(respond(datagram, responder, |request, source, now, reply| {
            self.answers.seconds(request, source, now, reply)
        }))
    }
}

/// SNTP. See [`sntp::answer`].
///
/// Serve it on a socket [`with_timestamps`](netserver::UdpEndpoint::with_timestamps), so that the
/// time a request spends waiting in the kernel does not count as time on the network, and in
/// batches of one, so that an answer does not wait for others.
#[derive(Clone, Copy, Debug, Default)]
pub struct SntpDatagrams {
    clock: ClockClaim,
}

impl SntpDatagrams {
    /// Tells the time of a clock of which this is claimed.
    #[must_use]
    pub fn new(clock: ClockClaim) -> Self {
        Self { clock }
    }
}

impl DatagramHandler for SntpDatagrams {
    type Error = SendError;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        let received = datagram.received_at().and_then(timestamp).unwrap_or_else(Timestamp::now);
        let quality = self.clock.quality();
        future::ready(respond(datagram, responder, |request, _, now, reply| {
            let packet = sntp::answer(request, received, now, quality)?;
            reply.extend_from_slice(&packet.encode());
            Ok(())
        }))
    }
}

/// Sends what `answer` makes of a datagram, if it is to be answered.
fn respond(
    datagram: Datagram<'_>,
    responder: Responder<'_>,
    answer: impl FnOnce(&[u8], &Addr, Timestamp, &mut Vec<u8>) -> Result<(), Silence>,
) -> Result<(), SendError> {
    REPLY.with_borrow_mut(|reply| {
        reply.clear();
        match answer(datagram.payload(), datagram.peer(), Timestamp::now(), reply) {
            Ok(()) => responder.send(reply),
            Err(reason) => {
                tracing::trace!(peer = %datagram.peer(), %reason, "not answered");
                Ok(())
            }
        }
    })
}

/// `None` beyond the calendar.
fn timestamp(moment: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(moment).ok()
}
