//! Text in lines of a given width; pure.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Breaks a text between words where that can be, and nowhere within what a reader takes for one
/// character. There is always at least one line.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut taken = 0;
    for word in text.split_word_bounds() {
        let width = word.width();
        if taken + width <= columns {
            push(&mut lines, word);
            taken += width;
            continue;
        }
        // A space that does not fit is what the line is broken at.
        if word.trim().is_empty() {
            taken = columns;
            continue;
        }
        if taken > 0 {
            lines.push(String::new());
            taken = 0;
        }
        for grapheme in word.graphemes(true) {
            if taken > 0 && taken + grapheme.width() > columns {
                lines.push(String::new());
                taken = 0;
            }
            push(&mut lines, grapheme);
            taken += grapheme.width();
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    lines.last_mut().expect("there is always one").push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words_and_wide_characters() {
        assert_eq!(wrap("the full moon", 8), ["the full", "moon"]);
        assert_eq!(wrap("床前明月光", 5), ["床前", "明月", "光"]);
        assert_eq!(wrap("extraordinarily so", 6), ["extrao", "rdinar", "ily so"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("雪e\u{301}", 2), ["雪", "e\u{301}"]);
        // Narrower than a character: one a line, and no endless loop.
        assert_eq!(wrap("雪月", 1), ["雪", "月"]);
    }
}
