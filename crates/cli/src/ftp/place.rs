//! Where a thing goes that is fetched or sent: a decision, for both directions and all kinds.

/// How the user wrote a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `photos`
    Whole,
    /// `photos/`
    Slash,
    /// `.`, `photos/.`, `/`: what is in it, in any case.
    Contents,
}

/// The place that the user named, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dest {
    pub(super) found: Found,
    /// It is written with a slash at its end.
    pub(super) slash: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Directory,
    Other,
}

/// Where a directory goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the directory that the user stands in, under its own name.
    Named,
    /// What is in it goes into the directory that the user stands in.
    Here,
    /// Into the place that the user named, under its own name.
    Inside,
    /// It becomes that place, or what is in it goes into that place.
    Itself,
    /// What stands there is no directory.
    Taken,
}

impl Form {
    /// Reads it off the word.
    pub(super) fn of(word: &[u8]) -> Self {
        match word.rsplit(|&byte| is_separator(byte)).next() {
            Some(b"." | b"..") => Self::Contents,
            Some(b"") if word.iter().all(|&byte| is_separator(byte)) => Self::Contents,
            Some(b"") => Self::Slash,
            _ => Self::Whole,
        }
    }
}

fn is_separator(byte: u8) -> bool {
    std::path::is_separator(char::from(byte))
}

/// Where a directory goes; `several` things are on their way.
///
/// As with `cp`, a place that is a directory takes it in under its own name; else it gets the name
/// of that place. A slash at its own end says that what is in it is meant, so that the same command
/// does the same a second time. Without a place such a slash says nothing: whoever lets a shell
/// complete `photos/` wants `photos` and not a hundred files beside each other.
pub(super) fn place(form: Form, dest: Option<Dest>, several: bool) -> Place {
    let Some(dest) = dest else {
        return match form {
            Form::Contents => Place::Here,
            Form::Whole | Form::Slash => Place::Named,
        };
    };
    match (dest.found, form) {
        (Found::Other, _) => Place::Taken,
        (_, Form::Contents | Form::Slash) => Place::Itself,
        (Found::Directory, Form::Whole) => Place::Inside,
        (Found::Nothing, Form::Whole) if several || dest.slash => Place::Inside,
        (Found::Nothing, Form::Whole) => Place::Itself,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whether_the_thing_or_what_is_in_it_is_meant() {
        let cases = [
            ("photos", Form::Whole),
            ("a/photos", Form::Whole),
            (".hidden", Form::Whole),
            ("photos/", Form::Slash),
            (".", Form::Contents),
            ("..", Form::Contents),
            ("photos/.", Form::Contents),
            ("../..", Form::Contents),
            ("/", Form::Contents),
            ("", Form::Contents),
        ];
        for (word, form) in cases {
            assert_eq!(Form::of(word.as_bytes()), form, "{word}");
        }
    }

    #[test]
    fn a_directory_goes_where_cp_would_put_it() {
        use Form::{Contents, Slash, Whole};
        use Found::{Directory, Nothing, Other};
        let dest = |found, slash| Some(Dest { found, slash });
        let cases = [
            (Whole, None, false, Place::Named),
            (Slash, None, false, Place::Named),
            (Contents, None, false, Place::Here),
            (Whole, dest(Directory, false), false, Place::Inside),
            (Whole, dest(Nothing, false), false, Place::Itself),
            (Whole, dest(Nothing, true), false, Place::Inside),
            (Whole, dest(Nothing, false), true, Place::Inside),
            (Slash, dest(Directory, false), false, Place::Itself),
            (Slash, dest(Nothing, true), false, Place::Itself),
            (Contents, dest(Directory, true), true, Place::Itself),
            (Whole, dest(Other, false), false, Place::Taken),
            (Contents, dest(Other, true), true, Place::Taken),
        ];
        for (form, dest, several, expected) in cases {
            assert_eq!(place(form, dest, several), expected, "{form:?} to {dest:?}, {several}");
        }
    }
}
