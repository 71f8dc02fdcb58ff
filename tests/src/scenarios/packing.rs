//! Python's `struct`, and what a header of a fixed size cannot say.

use proto::{Alignment, Decoder, Header, Limits, Packer, Piece, encode_header, hex, pack_i32_le};
use serde::{Deserialize, Serialize};

use crate::{Error, Story};

/// The tutorial's header in front of a reply.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reply {
    file_name: String,
    total_size: u64,
    md5: String,
}

impl Header for Reply {
    fn body_len(&self) -> u64 {
        self.total_size
    }
}

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    story.tell("A length in front of a message has a fixed size: struct.pack('i', ...).");
    for (value, expected) in
        [(5, "05 00 00 00"), (1000, "e8 03 00 00"), (i64::from(i32::MAX), "ff ff ff 7f")]
    {
        let packed = hex(&pack_i32_le(value)?);
        story.check(format_args!("{value} is {packed}"), packed == expected)?;
    }
    let layout = |alignment| -> Result<String, Error> {
        let packer = Packer::new(alignment).u32(1)?.bytes(b"abc", 3)?.f32(2.5);
        Ok(hex(&packer.finish()))
    };
    story.tell("A u32, three bytes and an f32, one behind the other and as C lays them out:");
    let packed = layout(Alignment::None)?;
    story
        .check(format_args!("'<I3sf' is {packed}"), packed == "01 00 00 00 61 62 63 00 00 20 40")?;
    let packed = layout(Alignment::Native)?;
    story.check(
        format_args!("'I3sf'  is {packed}"),
        packed == "01 00 00 00 61 62 63 00 00 00 20 40",
    )?;

    story.tell("A length that does not fit is refused, never wrapped to another number:");
    for value in [i64::from(i32::MAX) + 1, 1 << 40, i64::from(i32::MIN) - 1] {
        let refusal = pack_i32_le(value).err().map(|error| error.to_string()).unwrap_or_default();
        let range = format!("{} to {}", i32::MIN, i32::MAX);
        story.check(&refusal, refusal.contains(&range) && refusal.contains(&value.to_string()))?;
    }

    story.tell("Only the header's own length is an i32. What the header says is JSON, so that a");
    story.tell("file of 1 TB can be announced:");
    let reply = Reply { file_name: "big.iso".into(), total_size: 1 << 40, md5: "...".into() };
    let limits = Limits::default();
    let wire = encode_header(&reply, &limits)?;
    story.show(format_args!("{}  {}", hex(&wire[..4]), String::from_utf8_lossy(&wire[4..])));
    let mut decoder = Decoder::new(limits);
    let mut input = &wire[..];
    let Some(Piece::Header(read)) = decoder.decode::<Reply>(&mut input)? else {
        return Err("a whole header was not enough".into());
    };
    story.check("it is read as it was written", read == reply)?;
    story.check(
        format_args!(
            "{} bytes of body are expected, and none are allocated",
            decoder.body_remaining()
        ),
        decoder.body_remaining() == 1 << 40,
    )
}
