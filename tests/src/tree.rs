//! Trees of files, as source code has them, and whether two are the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Error, Seeded, check_same, content};

/// Directories in a row, each in the one before.
const DEPTH: usize = 40;

/// Plants a tree in `root`, which is made: `files` small files in directories, some of them empty,
/// links, a deep row of directories, and names of every kind. The same seed gives the same tree.
///
/// # Errors
///
/// What the system says.
pub fn plant(root: &Path, files: usize, seed: u64) -> Result<(), Error> {
    let mut random = Seeded::new(seed);
    fs::create_dir_all(root)?;
    for number in 0..files {
        let (top, sub) = (random.below(6), random.below(12));
        let dir = root.join(format!("drivers{top}")).join(format!("net-{sub}"));
        fs::create_dir_all(&dir)?;
        let len = usize::try_from(random.below(12_000))?;
        let path = dir.join(format!("{number}.c"));
        fs::write(&path, content(if number % 17 == 0 { 0 } else { len }, random.number()))?;
        dress(&path, &mut random)?;
    }
    fs::create_dir(root.join("empty"))?;
    fs::write(root.join("large.bin"), content(3_000_000, seed))?;
    let mut deep = root.join("deep");
    for level in 0..DEPTH {
        deep.push(format!("级{level}"));
    }
    fs::create_dir_all(&deep)?;
    fs::write(deep.join("bottom"), "reached")?;
    for name in ["诗 with blanks", "-rf", "quote'\"", "*?[a]{b}", ".hidden"] {
        fs::write(root.join(name), name)?;
    }
    #[cfg(unix)]
    plant_what_unix_has(root)?;
    Ok(())
}

/// Gives a file a mode and a time of its own.
fn dress(path: &Path, random: &mut Seeded) -> Result<(), Error> {
    let moment = Duration::new(1_000_000_000 + random.below(500_000_000), 123_456_700);
    File::options().write(true).open(path)?.set_modified(SystemTime::UNIX_EPOCH + moment)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = [0o644, 0o755, 0o600, 0o444][usize::try_from(random.below(4))?];
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(unix)]
fn plant_what_unix_has(root: &Path) -> Result<(), Error> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    fs::write(root.join("new\nline"), "named")?;
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"not utf-8 \xff")), "bytes")?;
    symlink("drivers0", root.join("link-to-directory"))?;
    symlink("../nowhere/at all", root.join("dangling"))?;
    Ok(symlink("large.bin", root.join("link"))?)
}

/// Whether two trees are the same: names, kinds, content, permission bits, times, and what links
/// lead to.
///
/// # Errors
///
/// The first difference.
pub fn check_same_trees(one: &Path, other: &Path) -> Result<(), Error> {
    let (first, second) = (names(one)?, names(other)?);
    if let Some(name) = first.keys().find(|name| !second.contains_key(*name)) {
        return Err(format!("{} is missing in {}", name.display(), other.display()).into());
    }
    if let Some(name) = second.keys().find(|name| !first.contains_key(*name)) {
        return Err(format!("{} is too much in {}", name.display(), other.display()).into());
    }
    for (name, kind) in &first {
        let (here, there) = (one.join(name), other.join(name));
        let differs = |what: &str| Err(format!("{} differs in its {what}", there.display()).into());
        if *kind != second[name] {
            return differs("kind");
        }
        if kind.is_symlink() {
            if fs::read_link(&here)? != fs::read_link(&there)? {
                return differs("target");
            }
        } else if kind.is_dir() {
            let about = (fs::metadata(&here)?, fs::metadata(&there)?);
            if about.0.permissions() != about.1.permissions() {
                return differs("permission bits");
            }
            if about.0.modified()? != about.1.modified()? {
                return differs("modification time");
            }
            check_same_trees(&here, &there)?;
        } else {
            check_same(&here, &there)?;
        }
    }
    Ok(())
}

fn names(dir: &Path) -> Result<BTreeMap<PathBuf, fs::FileType>, Error> {
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        names.insert(PathBuf::from(entry.file_name()), entry.file_type()?);
    }
    Ok(names)
}
