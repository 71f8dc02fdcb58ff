mod client;
mod driver;
mod parser;

use super::chunk::encode_chunk;

/// A file as it comes in chunks of the given lengths, without its size.
fn chunks(name: &str, content: &[u8], lengths: &[usize]) -> Vec<u8> {
    let (mut wire, mut rest) = (Vec::new(), content);
    for &len in lengths {
        let (chunk, after) = rest.split_at(len);
        encode_chunk(name, chunk, &mut wire);
        rest = after;
    }
    assert!(rest.is_empty(), "the lengths make up the content");
    wire
}

/// A size as it is announced.
fn size(size: i32) -> [u8; 4] {
    size.to_le_bytes()
}
