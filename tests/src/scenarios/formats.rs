//! The time service: formats, and what is none.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use timesvc::{DEFAULT_FORMAT, LocalTime, MAX_REPLY_BYTES, strftime};
use tokio::task::spawn_blocking;

use crate::tutorial::echo::OriginalUdpClient;
use crate::{Error, Story, UdpServer};

const ZONE: &str = "Asia/Shanghai";

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let server = UdpServer::time(TimeZone::get(ZONE)?)?;
    let asking = Asking { client: OriginalUdpClient::new(server.addr())? };
    let asking = known(story, asking).await?;
    let asking = zones(story, asking).await?;
    hostile(story, asking).await?;
    let report = server.stop().await?;
    story.check(
        format_args!("the server's report: {report}"),
        report.panicked == 0 && report.failed == 0 && report.served == report.received,
    )
}

/// The original client, which blocks.
struct Asking {
    client: OriginalUdpClient,
}

impl Asking {
    async fn ask(self, format: Vec<u8>) -> Result<(Self, Vec<u8>), Error> {
        let asked = spawn_blocking(move || {
            let heard = self.client.ask(&format)?;
            Ok::<_, std::io::Error>((self, heard))
        });
        Ok(asked.await??)
    }

    /// Asks, and compares with what the format gives here, before or after: the time goes on.
    async fn compare(
        self,
        story: &mut Story,
        format: &str,
        zone: &str,
        expected: &str,
    ) -> Result<Self, Error> {
        let zone = TimeZone::get(zone)?;
        let here = || {
            strftime(expected.as_bytes(), &LocalTime::new(Timestamp::now(), &zone), MAX_REPLY_BYTES)
        };
        let before = here()?;
        let (asking, heard) = self.ask(format.as_bytes().to_vec()).await?;
        let after = here()?;
        let shown = String::from_utf8_lossy(&heard);
        let format = if format.is_empty() { "(empty)" } else { format };
        // More than a second may pass on a machine that is busy, but no more than these two tell.
        let between = before != after && heard.len() == before.len();
        story.check(
            format_args!("{format:<28} {shown}"),
            heard == before || heard == after || between,
        )?;
        Ok(asking)
    }
}

async fn known(story: &mut Story, mut asking: Asking) -> Result<Asking, Error> {
    story.tell("the original client asks our server, whose zone is Asia/Shanghai:");
    asking = asking.compare(story, "", ZONE, DEFAULT_FORMAT).await?;
    for format in [
        "%Y-%m-%d %X",
        "%Y年%m月%d日 %H时%M分",
        "%A, %-d %B %Y",
        "[%^a] [%#Z] [%_5d] [%010Y] [%-j]",
        "现在几点？",
    ] {
        asking = asking.compare(story, format, ZONE, format).await?;
    }
    story.tell("what is no conversion is text:");
    for (format, expected) in [("%Q %", "%Q %"), ("100%% %E% %!", "100% % %!")] {
        let (next, heard) = asking.ask(format.as_bytes().to_vec()).await?;
        asking = next;
        let heard = String::from_utf8_lossy(&heard).into_owned();
        story.check(format_args!("{format:<28} {heard}"), heard == expected)?;
    }
    Ok(asking)
}

async fn zones(story: &mut Story, mut asking: Asking) -> Result<Asking, Error> {
    story.tell("a zone in front, where one is known by that name:");
    for zone in ["Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "UTC"] {
        let format = format!("TZ={zone} %H:%M %Z %z");
        asking = asking.compare(story, &format, zone, "%H:%M %Z %z").await?;
    }
    asking.compare(story, "TZ=../etc/passwd %Z", ZONE, "TZ=../etc/passwd %Z").await
}

async fn hostile(story: &mut Story, mut asking: Asking) -> Result<(), Error> {
    story.tell("formats that are meant to do harm, of which each gets an answer:");
    let asked: [(&str, Vec<u8>, &[u8]); 6] = [
        ("a width of 1,025", b"%1025d".to_vec(), b""),
        ("a width of 2 GB", b"%2147483647Y".to_vec(), b""),
        ("a width that no number holds", b"%99999999999999999999Y".to_vec(), b""),
        ("512 times %c", b"%c".repeat(512), b""),
        ("65,507 percent signs", vec![b'%'; 65_507], b""),
        ("bytes that are not UTF-8", b"\xff%%\xfe".to_vec(), b"\xff%\xfe"),
    ];
    for (what, format, expected) in asked {
        let (next, heard) = asking.ask(format).await?;
        asking = next;
        let length = heard.len();
        story.check(format_args!("{what}: {length} bytes"), heard == expected)?;
    }
    Ok(())
}
