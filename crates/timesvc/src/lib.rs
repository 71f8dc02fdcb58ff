//! Tells the time over datagrams: formatted as `strftime` does it, by SNTP, and by the two oldest
//! protocols for it.
//!
//! A client sends a format and gets the formatted time; an empty datagram gets date and time.
//! [`strftime`] is glibc's in the C locale, byte for byte, with its flags, widths and oddities, and
//! with a bound: formats come from strangers, and one of seven bytes can ask for a gigabyte. Beside
//! it, on ports of their own, [`sntp`] serves machines that set their clocks, and RFC 867 and 868
//! whoever still asks that way.
//!
//! A datagram's source can be forged, and the answer to one server's question may be another one's
//! question. So what is answered, and what is met with [`Silence`], is decided in one place: the
//! answers ([`TimeAnswers`], [`LegacyAnswers`], [`sntp::answer`]) are pure functions of datagram,
//! source and moment. Handlers for `netserver` put them on sockets; [`Client`] asks.
//!
//! ```text
//!             ┌──────────────── pure ─────────────────┐
//! datagram ──▶│ TimeAnswers    Policy, echoes, strftime│──▶ reply or Silence
//! source      │ LegacyAnswers  RFC 867, RFC 868        │
//! now         │ sntp::answer   packets, clock's quality│
//!             └────────────────────────────────────────┘
//!   ▲ TimeDatagrams, SntpDatagrams, … on netserver                    Client: ask, query
//! ```
//!
//! A server and a client of it:
//!
//! ```
//! use std::hash::RandomState;
//!
//! use jiff::tz::TimeZone;
//! use netserver::{DatagramServer, bind_udp};
//! use timesvc::{Client, Policy, TimeAnswers, TimeDatagrams};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let zone = TimeZone::get("Asia/Shanghai")?;
//!     let answers = TimeAnswers::new(zone, Policy::default(), RandomState::new());
//!     let socket = bind_udp("127.0.0.1:0".parse()?)?;
//!     let running = DatagramServer::new(socket, TimeDatagrams::new(answers)).start();
//!
//!     let server = running.local_addr().ip().expect("it was bound to an IP address");
//!     let client = Client::new(server);
//!     assert_eq!(client.ask(b"%Z is UTC%z").await?, b"CST is UTC+0800");
//!     assert_eq!(client.ask(b"TZ=Asia/Kathmandu %z, %E% %Q").await?, b"+0545, % %Q");
//!     Ok(())
//! }
//! ```

mod format;

mod answer;
pub mod sntp;

mod clock;
mod server;

mod client;
mod stamped;

pub use answer::{
    DEFAULT_FORMAT, LegacyAnswers, MAX_FORMAT_BYTES, MAX_REPLY_BYTES, Policy, Reach, Silence,
    TimeAnswers, daytime, seconds_since_1900,
};
pub use client::{AskError, Client, Hint};
pub use clock::ClockClaim;
pub use format::{LocalTime, TooLong, strftime, strftime_into};
pub use server::{
    DaytimeDatagrams, DaytimeStream, SecondsDatagrams, SecondsStream, SntpDatagrams, TimeDatagrams,
};

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
