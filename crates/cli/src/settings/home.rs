//! Where the programs keep what they keep: `SEAM_HOME`, or the platform's directories.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directories of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// History and the like: small, private, not worth a backup.
    pub(crate) state: PathBuf,
    /// The store that the interactive client serves when there is no server.
    pub(crate) store: PathBuf,
}

impl Home {
    /// The account's own; `None` where the system knows no home directory.
    pub(crate) fn find() -> Option<Self> {
        let overridden = env::var_os("SEAM_HOME").filter(|home| !home.is_empty());
        let platform =
            || Some((dirs::state_dir().or_else(dirs::data_local_dir)?, dirs::data_dir()?));
        Self::choose(overridden.map(PathBuf::from), platform)
    }

    /// Where the lines typed at a prompt are kept; prompts work without, too.
    pub(crate) fn history(name: &str) -> Option<PathBuf> {
        let state = Self::find()?.state;
        make_private(&state).ok()?;
        Some(state.join(name))
    }

    fn choose(
        overridden: Option<PathBuf>,
        platform: impl FnOnce() -> Option<(PathBuf, PathBuf)>,
    ) -> Option<Self> {
        if let Some(home) = overridden {
            return Some(Self { store: home.join("store"), state: home });
        }
        let (state, data) = platform()?;
        Some(Self { state: state.join("seam"), store: data.join("seam").join("store") })
    }
}

/// Makes a directory that only this account may look into.
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seam_home_comes_before_the_platforms_directories() {
        let platform = || Some((PathBuf::from("/state"), PathBuf::from("/data")));
        let home = Home::choose(Some("/seam".into()), platform).unwrap();
        assert_eq!(home, Home { state: "/seam".into(), store: "/seam/store".into() });
        let home = Home::choose(None, platform).unwrap();
        assert_eq!(home, Home { state: "/state/seam".into(), store: "/data/seam/store".into() });
        assert_eq!(Home::choose(None, || None), None);
    }
}
