//! What of a tree takes part: `--exclude`, `--include`, `--exclude-from`, `--gitignore`.

mod args;
mod folders;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp::{Filter, Kind, RemotePath, safe};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

pub(super) use self::args::{RuleArgs, Word};
use self::folders::Folders;
use super::os;
use crate::problem::Problem;

/// The rules that the user gave, and those that stand in the tree itself.
///
/// They are asked in their order, and the first that has an opinion decides; what none speaks of
/// takes part. Patterns are those of `.gitignore` files, told from the root of the tree.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    folders: Option<Folders>,
}

/// One option of the command line.
#[derive(Debug)]
struct Rule {
    patterns: Gitignore,
    /// Whether what matches takes part.
    keeps: bool,
}

impl Rules {
    /// Reads what the user said; names of files are relative to `base`.
    pub(super) fn read(words: &[Word], base: &Path) -> Result<Self, Problem> {
        let rules = words.iter().map(|word| Rule::read(word, base)).collect::<Result<_, _>>()?;
        Ok(Self { rules, folders: None })
    }

    /// With the `.gitignore` files of the tree at `root` here, asked last.
    pub(super) fn with_gitignore(mut self, root: PathBuf) -> Self {
        self.folders = Some(Folders::new(root));
        self
    }

    /// As the library takes them; none where there is nothing to ask.
    pub(super) fn into_filter(self) -> Option<Arc<dyn Filter>> {
        let asks = !self.rules.is_empty() || self.folders.is_some();
        asks.then(|| Arc::new(self) as Arc<dyn Filter>)
    }
}

impl Filter for Rules {
    fn keep(&self, path: &RemotePath, kind: Kind) -> bool {
        let is_directory = kind == Kind::Directory;
        if !self.rules.is_empty() {
            let native = native(path.as_bytes());
            let decided = self.rules.iter().find_map(|rule| rule.decide(&native, is_directory));
            if let Some(keeps) = decided {
                return keeps;
            }
        }
        self.folders.as_ref().is_none_or(|folders| folders.keep(path, is_directory))
    }
}

impl Rule {
    fn read(word: &Word, base: &Path) -> Result<Self, Problem> {
        let mut builder = GitignoreBuilder::new("");
        let (text, keeps) = match word {
            Word::Exclude(pattern) => (pattern, false),
            Word::Include(pattern) => (pattern, true),
            Word::ExcludeFrom(file) => {
                let ill = |error: ignore::Error| {
                    let reason = safe(error.to_string().as_bytes()).to_string();
                    Problem::usage(reason).on("read the patterns of", os::show(file))
                };
                let read = builder.add(base.join(file));
                read.map_or(Ok(()), |error| Err(ill(error)))?;
                let patterns = builder.build().map_err(ill)?;
                return Ok(Self { patterns, keeps: false });
            }
        };
        let ill = |reason: &dyn std::fmt::Display| {
            let text = safe(os::bytes(text));
            Problem::usage(format_args!("`{text}` is no pattern: {reason}"))
        };
        let line = text.to_str().ok_or_else(|| ill(&"it is not UTF-8"))?;
        if line.trim().is_empty() {
            return Err(ill(&"it is empty"));
        }
        // In a file this is how a comment begins, or an exception. On the command line it is a
        // pattern like any other.
        let literal = matches!(line.as_bytes()[0], b'#' | b'!');
        let line = if literal { format!("\\{line}") } else { line.to_owned() };
        let built = builder.add_line(None, &line).and_then(|builder| builder.build());
        let patterns = built.map_err(|error| ill(&reason(&error)))?;
        Ok(Self { patterns, keeps })
    }

    /// Whether what is at `path` takes part, if this rule speaks of it.
    fn decide(&self, path: &Path, is_directory: bool) -> Option<bool> {
        match self.patterns.matched(path, is_directory) {
            Match::None => None,
            Match::Ignore(_) => Some(self.keeps),
            Match::Whitelist(_) => Some(!self.keeps),
        }
    }
}

/// What is wrong with a pattern, without the pattern.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    }
}

/// A name of a tree, as the matcher takes it.
fn native(bytes: &[u8]) -> PathBuf {
    let name = os::name(bytes.to_vec());
    name.unwrap_or_else(|| OsStr::new(&*String::from_utf8_lossy(bytes)).to_owned()).into()
}

/// Only these names and what leads to them, as far as another filter lets them.
pub(super) struct Only {
    names: HashSet<RemotePath>,
    above: HashSet<RemotePath>,
}

impl Only {
    pub(super) fn new(names: impl IntoIterator<Item = RemotePath>) -> Self {
        let names: HashSet<RemotePath> = names.into_iter().collect();
        let mut above = HashSet::new();
        for name in &names {
            let mut parent = name.parent();
            while let Some(path) = parent {
                parent = path.parent();
                if !above.insert(path) {
                    break;
                }
            }
        }
        Self { names, above }
    }
}

impl Filter for Only {
    fn keep(&self, path: &RemotePath, kind: Kind) -> bool {
        self.names.contains(path) || (kind == Kind::Directory && self.above.contains(path))
    }
}

/// All but these names.
pub(super) struct AllBut {
    pub(super) names: HashSet<RemotePath>,
    pub(super) inner: Option<Arc<dyn Filter>>,
}

impl Filter for AllBut {
    fn keep(&self, path: &RemotePath, kind: Kind) -> bool {
        !self.names.contains(path) && self.inner.as_ref().is_none_or(|inner| inner.keep(path, kind))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn path(path: &str) -> RemotePath {
        RemotePath::parse(path).unwrap()
    }

    fn keeps(rules: &Rules, name: &str) -> bool {
        match name.strip_suffix('/') {
            Some(name) => rules.keep(&path(name), Kind::Directory),
            None => rules.keep(&path(name), Kind::File),
        }
    }

    fn exclude(pattern: &str) -> Word {
        Word::Exclude(pattern.into())
    }

    fn include(pattern: &str) -> Word {
        Word::Include(pattern.into())
    }

    #[test]
    fn the_first_rule_that_speaks_of_a_name_decides() {
        let words = [include("keep.log"), exclude("*.log"), include("*")];
        let rules = Rules::read(&words, Path::new("")).unwrap();
        assert!(keeps(&rules, "a/keep.log") && keeps(&rules, "a.txt"));
        assert!(!keeps(&rules, "a/b.log"));
        let words = [exclude("*.log"), include("keep.log")];
        let rules = Rules::read(&words, Path::new("")).unwrap();
        assert!(!keeps(&rules, "keep.log"), "the order matters");
    }

    #[test]
    fn patterns_are_those_of_gitignore_files_told_from_the_root_of_the_tree() {
        let cases = [
            ("target", "a/target/", false),
            ("target/", "target", true),
            ("target/", "a/target/", false),
            ("/target", "a/target/", true),
            ("/target", "target/", false),
            ("a/*.o", "a/x.o", false),
            ("a/*.o", "b/a/x.o", true),
            ("**/a/*.o", "b/a/x.o", false),
            ("报告*", "报告 2026.pdf", false),
            ("#*#", "#notes#", false),
            ("!important", "!important", false),
        ];
        for (pattern, name, kept) in cases {
            let rules = Rules::read(&[exclude(pattern)], Path::new("")).unwrap();
            assert_eq!(keeps(&rules, name), kept, "{pattern} and {name}");
        }
    }

    #[test]
    fn only_some_files_are_taken_when_directories_are_included_before_all_else_is_not() {
        let words = [include("*/"), include("*.jpg"), exclude("*")];
        let rules = Rules::read(&words, Path::new("")).unwrap();
        assert!(keeps(&rules, "2026/") && keeps(&rules, "2026/a.jpg"));
        assert!(!keeps(&rules, "2026/a.raw"));
    }

    #[test]
    fn a_file_of_patterns_is_one_rule_in_which_the_last_line_wins() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("not"), "# these not\n*.log\n!keep.log\n\nbuild/\n").unwrap();
        let rules = Rules::read(&[Word::ExcludeFrom("not".into())], temp.path()).unwrap();
        assert!(keeps(&rules, "keep.log") && keeps(&rules, "build"));
        assert!(!keeps(&rules, "a.log") && !keeps(&rules, "x/build/"));
    }

    #[test]
    fn what_is_no_pattern_says_so() {
        for (word, expected) in [
            (exclude("a{b"), "`a{b` is no pattern: unclosed alternate group"),
            (include(" "), "` ` is no pattern: it is empty"),
        ] {
            let problem = Rules::read(&[word], Path::new("")).unwrap_err();
            assert!(problem.to_string().starts_with(expected), "{problem}");
        }
        let gone = Rules::read(&[Word::ExcludeFrom("gone".into())], Path::new("")).unwrap_err();
        assert!(gone.to_string().contains("No such file"), "{gone}");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_text_are_matched_as_well() {
        let rules = Rules::read(&[exclude("*.log")], Path::new("")).unwrap();
        let name = RemotePath::parse(b"d/\xff.log").unwrap();
        assert!(!rules.keep(&name, Kind::File));
    }

    #[test]
    fn only_some_names_are_reached_through_the_directories_above_them() {
        let only = Only::new([path("a/b/c"), path("d")]);
        for (name, kind, kept) in [
            ("", Kind::Directory, true),
            ("a", Kind::Directory, true),
            ("a/b", Kind::Directory, true),
            ("a/b/c", Kind::File, true),
            ("a/b/x", Kind::File, false),
            ("a/x", Kind::Directory, false),
            ("d", Kind::File, true),
        ] {
            assert_eq!(only.keep(&path(name), kind), kept, "{name}");
        }
    }

    #[test]
    fn all_but_some_names_leaves_the_rest_to_the_rules() {
        let rules = Rules::read(&[exclude("*.o")], Path::new("")).unwrap();
        let filter = AllBut { names: [path("a")].into(), inner: rules.into_filter() };
        assert!(filter.keep(&path("b"), Kind::File));
        assert!(!filter.keep(&path("a"), Kind::File) && !filter.keep(&path("b.o"), Kind::File));
    }
}
