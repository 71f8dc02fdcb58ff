//! The line that is being typed; pure.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// A line and where the cursor stands in it, always between what a reader takes for characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    text: String,
    /// In bytes.
    cursor: usize,
}

/// As much of a line as there is room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visible<'a> {
    pub(super) text: &'a str,
    /// In columns.
    pub(super) cursor: usize,
}

impl Input {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the line away.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts text where the cursor is. What cannot be seen, such as the end of a pasted line,
    /// becomes a space.
    pub(super) fn insert(&mut self, text: &str) {
        let seen: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text.insert_str(self.cursor, &seen);
        self.cursor += seen.len();
        // It may have become part of what follows.
        self.cursor = self.boundary_at_or_after(self.cursor);
    }

    pub(super) fn left(&mut self) {
        self.cursor = self.before();
    }

    pub(super) fn right(&mut self) {
        self.cursor = self.after();
    }

    pub(super) fn home(&mut self) {
        self.cursor = 0;
    }

    pub(super) fn end(&mut self) {
        self.cursor = self.text.len();
    }

    pub(super) fn backspace(&mut self) {
        let before = self.before();
        self.text.drain(before..self.cursor);
        self.cursor = before;
    }

    pub(super) fn delete(&mut self) {
        let after = self.after();
        self.text.drain(self.cursor..after);
    }

    /// Deletes the word before the cursor.
    pub(super) fn delete_word(&mut self) {
        let before = &self.text[..self.cursor];
        let words = before.split_word_bound_indices().rev();
        let start = words.skip_while(|(_, word)| word.trim().is_empty()).map(|(at, _)| at).next();
        let start = start.unwrap_or(0);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    /// Deletes all before the cursor.
    pub(super) fn delete_to_start(&mut self) {
        self.text.drain(..self.cursor);
        self.cursor = 0;
    }

    /// The part around the cursor that fits into so many columns, the cursor included.
    pub(super) fn visible(&self, columns: usize) -> Visible<'_> {
        let room = columns.saturating_sub(1);
        let mut start = self.cursor;
        let mut cursor = 0;
        for (at, grapheme) in self.text[..self.cursor].grapheme_indices(true).rev() {
            if cursor + grapheme.width() > room {
                break;
            }
            (start, cursor) = (at, cursor + grapheme.width());
        }
        let mut taken = cursor;
        let rest = self.text[self.cursor..].grapheme_indices(true);
        let end = rest
            .map(|(at, grapheme)| (self.cursor + at, grapheme.width()))
            .find(|(_, width)| {
                taken += width;
                taken > columns
            })
            .map_or(self.text.len(), |(at, _)| at);
        Visible { text: &self.text[start..end], cursor }
    }

    fn before(&self) -> usize {
        let before = self.text[..self.cursor].grapheme_indices(true).next_back();
        before.map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn boundary_at_or_after(&self, at: usize) -> usize {
        let mut bounds = self.text.grapheme_indices(true).map(|(bound, _)| bound);
        bounds.find(|bound| *bound >= at).unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Input {
        let mut input = Input::default();
        input.insert(text);
        input
    }

    #[test]
    fn what_a_reader_takes_for_one_character_is_deleted_as_one() {
        let mut input = typed("你👩\u{200d}🚀e\u{301}");
        input.backspace();
        assert_eq!(input.text, "你👩\u{200d}🚀");
        input.backspace();
        assert_eq!(input.text, "你");
        input.left();
        input.delete();
        assert!(input.is_empty());
        input.backspace();
        input.delete();
        input.left();
        input.right();
        assert_eq!(input, Input::default());
    }

    #[test]
    fn words_are_deleted_with_the_spaces_behind_them() {
        let mut input = typed("full moon  ");
        input.delete_word();
        assert_eq!(input.text, "full ");
        input.insert("\u{1b}[2J\n月");
        assert_eq!(input.text, "full  [2J 月");
        input.left();
        input.delete_to_start();
        assert_eq!(input.take(), "月");
    }

    #[test]
    fn the_cursor_stays_in_sight_and_wide_characters_whole() {
        let mut input = typed("床前明月光");
        assert_eq!(input.visible(20), Visible { text: "床前明月光", cursor: 10 });
        // One column is the cursor's, and another is not enough for a wide character.
        assert_eq!(input.visible(6), Visible { text: "月光", cursor: 4 });
        input.home();
        assert_eq!(input.visible(6), Visible { text: "床前明", cursor: 0 });
        assert_eq!(input.visible(5), Visible { text: "床前", cursor: 0 });
        input.right();
        assert_eq!(input.visible(6), Visible { text: "床前明", cursor: 2 });
        assert_eq!(input.visible(0), Visible { text: "", cursor: 0 });
    }
}
