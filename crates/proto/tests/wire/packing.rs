//! The figures are those that CPython's `struct` module gives on x86-64.

use proto::{Alignment, Packer, RangeError, hex, pack_i32_le, pack_u32_le};

#[test]
fn packs_as_python_does() {
    for (value, expected) in [
        (0, "00 00 00 00"),
        (1, "01 00 00 00"),
        (-1, "ff ff ff ff"),
        (1024, "00 04 00 00"),
        (i64::from(i32::MAX), "ff ff ff 7f"),
        (i64::from(i32::MIN), "00 00 00 80"),
    ] {
        assert_eq!(hex(&pack_i32_le(value).unwrap()), expected);
    }
    assert_eq!(hex(&pack_u32_le(4_294_967_295).unwrap()), "ff ff ff ff");
}

#[test]
fn a_number_out_of_range_is_refused_and_the_range_named() {
    for value in [1 << 31, -(1 << 31) - 1, 1_099_511_627_776, i64::MAX, i64::MIN] {
        let error = pack_i32_le(value).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{value} does not fit i32: it must be from -2147483648 to 2147483647")
        );
    }
    for value in [-1, 1 << 32] {
        let error = pack_u32_le(value).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{value} does not fit u32: it must be from 0 to 4294967295")
        );
    }
}

#[test]
fn a_layout_is_packed_with_and_without_alignment() -> Result<(), RangeError> {
    // struct.pack('<I3sf', 1, b'abc', 2.7) and struct.pack('I3sf', 1, b'abc', 2.7)
    let pack = |alignment| -> Result<String, RangeError> {
        let packer = Packer::new(alignment).u32(1)?.bytes(b"abc", 3)?.f32(2.7);
        Ok(hex(&packer.finish()))
    };
    assert_eq!(pack(Alignment::None)?, "01 00 00 00 61 62 63 cd cc 2c 40");
    assert_eq!(pack(Alignment::Native)?, "01 00 00 00 61 62 63 00 cd cc 2c 40");

    // struct.pack('3si', b'a', -2)
    let packer = Packer::new(Alignment::Native).bytes(b"a", 3)?.i32(-2)?;
    assert_eq!(hex(&packer.finish()), "61 00 00 00 fe ff ff ff");
    Ok(())
}

#[test]
fn bytes_that_do_not_fit_their_field_are_refused() {
    let error = Packer::new(Alignment::None).bytes(b"abcd", 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "4 does not fit the length of a field of bytes: it must be from 0 to 3"
    );
    assert!(Packer::new(Alignment::None).bytes(b"", 0).unwrap().finish().is_empty());
}

#[test]
fn bytes_are_shown_as_pairs_of_digits() {
    assert_eq!(hex(&[]), "");
    assert_eq!(hex(&[0, 0x0f, 0xf0, 0xff]), "00 0f f0 ff");
}
