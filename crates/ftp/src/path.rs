//! Names of things in a store, as they travel on the wire.

mod text;

use std::fmt;
use std::sync::Arc;

pub use proto::{Safe, safe};
pub(crate) use text::{deserialize_bytes, serialize_bytes};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The path of something in a store, relative to the store's root, which it cannot leave.
///
/// It is a sequence of bytes in which `/` separates the components: names on Unix need not be
/// UTF-8. No component is empty, `.` or `..`, none holds a NUL or is longer than
/// [`MAX_COMPONENT_BYTES`](Self::MAX_COMPONENT_BYTES), and the whole is bounded by
/// [`MAX_BYTES`](Self::MAX_BYTES) and [`MAX_DEPTH`](Self::MAX_DEPTH). The empty path is the root.
///
/// In JSON it is a string, or `{"hex": "…"}` when it is not UTF-8. [`Display`](fmt::Display) is
/// [safe for a terminal](safe).
///
/// ```
/// # use ftp::RemotePath;
/// let path = RemotePath::parse("docs/报告.txt")?;
/// assert_eq!(path.file_name(), Some("报告.txt".as_bytes()));
/// assert_eq!(path.parent(), Some(RemotePath::parse("docs")?));
/// assert!(RemotePath::parse("../etc/passwd").is_err());
/// # Ok::<(), ftp::PathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemotePath(Arc<[u8]>);

impl RemotePath {
    /// The longest component: what nearly every file system can hold.
    pub const MAX_COMPONENT_BYTES: usize = 255;
    /// The longest path. It is longer than the 4,096 bytes that one system call takes, because
    /// trees may be deeper than that.
    pub const MAX_BYTES: usize = 32 * 1024;
    /// The most components.
    pub const MAX_DEPTH: usize = 8192;

    /// The store's root: the empty path.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::default())
    }

    /// Checks a path that a peer or a user gave; nothing is normalised away.
    ///
    /// # Errors
    ///
    /// A [`PathError`] that names the rule the path breaks.
    pub fn parse(path: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let path = path.as_ref();
        if path.is_empty() {
            return Ok(Self::root());
        }
        if path.len() > Self::MAX_BYTES {
            return Err(PathError::TooLong { found: path.len(), allowed: Self::MAX_BYTES });
        }
        if path[0] == b'/' {
            return Err(PathError::Absolute { path: path.into() });
        }
        let mut depth = 0;
        for component in path.split(|&byte| byte == b'/') {
            check_component(component, path)?;
            depth += 1;
        }
        if depth > Self::MAX_DEPTH {
            return Err(PathError::TooDeep { found: depth, allowed: Self::MAX_DEPTH });
        }
        Ok(Self(path.into()))
    }

    /// The path of `name` in the directory that `self` names.
    ///
    /// # Errors
    ///
    /// A [`PathError`] if `name` is not a single component, or the whole becomes too long.
    pub fn join(&self, name: &[u8]) -> Result<Self, PathError> {
        if name.contains(&b'/') {
            return Err(PathError::Separator { name: name.into() });
        }
        check_component(name, name)?;
        if self.is_root() {
            return Ok(Self(name.into()));
        }
        let found = self.0.len() + 1 + name.len();
        if found > Self::MAX_BYTES {
            return Err(PathError::TooLong { found, allowed: Self::MAX_BYTES });
        }
        let depth = self.depth() + 1;
        if depth > Self::MAX_DEPTH {
            return Err(PathError::TooDeep { found: depth, allowed: Self::MAX_DEPTH });
        }
        let mut joined = Vec::with_capacity(found);
        joined.extend_from_slice(&self.0);
        joined.push(b'/');
        joined.extend_from_slice(name);
        Ok(Self(joined.into()))
    }

    /// The path of `inner` beneath the directory that `self` names.
    pub(crate) fn append(&self, inner: &Self) -> Result<Self, PathError> {
        match (self.is_root(), inner.is_root()) {
            (true, _) => Ok(inner.clone()),
            (_, true) => Ok(self.clone()),
            _ => Self::parse([&*self.0, &*inner.0].join(&b'/')),
        }
    }

    /// The last component; `None` for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&[u8]> {
        self.0.rsplit(|&byte| byte == b'/').next().filter(|name| !name.is_empty())
    }

    /// The directory that holds it; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        match self.0.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => Some(Self(self.0[..slash].into())),
            None => Some(Self::root()),
        }
    }

    /// The components, from the root downwards; none for the root itself.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/').filter(|component| !component.is_empty())
    }

    /// The number of components.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.is_root() {
            true => 0,
            false => 1 + self.0.iter().filter(|&&byte| byte == b'/').count(),
        }
    }

    /// Its first `depth` components.
    pub(crate) fn up_to(&self, depth: usize) -> Self {
        let len: usize = self.components().take(depth).map(|component| component.len() + 1).sum();
        Self(self.0[..len.saturating_sub(1)].into())
    }

    /// Whether it is `base`, or lies somewhere beneath it. Whole components count:
    /// `ab` does not start with `a`.
    #[must_use]
    pub fn starts_with(&self, base: &Self) -> bool {
        if base.is_root() {
            return true;
        }
        match self.0.strip_prefix(&*base.0) {
            Some(rest) => rest.is_empty() || rest[0] == b'/',
            None => false,
        }
    }

    /// Whether it is the store's root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes as they are; not safe to print.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is UTF-8; not safe to print.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

/// Holds for one component of `whole`; the components hold no separator.
fn check_component(component: &[u8], whole: &[u8]) -> Result<(), PathError> {
    let allowed = RemotePath::MAX_COMPONENT_BYTES;
    match component {
        b"" => Err(PathError::EmptyComponent { path: whole.into() }),
        b"." | b".." => Err(PathError::Dots {
            component: if component.len() == 1 { "." } else { ".." },
            path: whole.into(),
        }),
        _ if component.contains(&0) => Err(PathError::Nul { path: whole.into() }),
        _ if component.len() > allowed => {
            Err(PathError::ComponentTooLong { found: component.len(), allowed })
        }
        _ => Ok(()),
    }
}

impl Default for RemotePath {
    fn default() -> Self {
        Self::root()
    }
}

/// What a person may see: the root as `/`, everything else as [`safe`] shows it.
impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_root() {
            true => f.write_str("/"),
            false => safe(&self.0).fmt(f),
        }
    }
}

impl fmt::Debug for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemotePath({self})")
    }
}

impl std::str::FromStr for RemotePath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        Self::parse(path)
    }
}

impl Serialize for RemotePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for RemotePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(deserialize_bytes(deserializer)?).map_err(de::Error::custom)
    }
}

/// Why some bytes are no [`RemotePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It begins with a slash.
    #[error("`{}` is absolute: paths are relative to the store's root", safe(path))]
    Absolute {
        /// The path as it came.
        path: Box<[u8]>,
    },
    /// It has two slashes in a row, or ends with one, or a name is empty.
    #[error("`{}` has an empty component", safe(path))]
    EmptyComponent {
        /// The path as it came.
        path: Box<[u8]>,
    },
    /// It has a component `.` or `..`.
    #[error("`{}` has a component `{component}`", safe(path))]
    Dots {
        /// Which of the two.
        component: &'static str,
        /// The path as it came.
        path: Box<[u8]>,
    },
    /// It holds a NUL byte.
    #[error("`{}` holds a NUL byte", safe(path))]
    Nul {
        /// The path as it came.
        path: Box<[u8]>,
    },
    /// A single name was asked for and this one holds a slash.
    #[error("`{}` is no single name: it holds a slash", safe(name))]
    Separator {
        /// The name as it came.
        name: Box<[u8]>,
    },
    /// A component is too long.
    #[error("a name of {found} bytes is too long: {allowed} are allowed")]
    ComponentTooLong {
        /// Its bytes.
        found: usize,
        /// The most allowed.
        allowed: usize,
    },
    /// The path is too long.
    #[error("a path of {found} bytes is too long: {allowed} are allowed")]
    TooLong {
        /// Its bytes.
        found: usize,
        /// The most allowed.
        allowed: usize,
    },
    /// The path has too many components.
    #[error("a path of {found} components is too deep: {allowed} are allowed")]
    TooDeep {
        /// Its components.
        found: usize,
        /// The most allowed.
        allowed: usize,
    },
}

#[cfg(test)]
mod tests;
