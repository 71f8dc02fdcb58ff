//! What commands find in their environment.

use std::env::{var_os, vars_os};
use std::ffi::OsString;

use super::{bad, denied};
use crate::wire::Failure;

/// Never taken from a peer: what changes the meaning of a shell, of the loader, of an interpreter
/// or of what a name stands for. A `*` at the end stands for anything.
const REFUSED: &[&str] = &[
    // The loader and the C library.
    "LD_*",
    "DYLD_*",
    "_RLD_*",
    "LIBPATH",
    "SHLIB_PATH",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "GETCONF_DIR",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "LOCPATH",
    "MALLOC_*",
    "NIS_PATH",
    "NLSPATH",
    "RES_OPTIONS",
    "RESOLV_*",
    // Shells.
    "BASHOPTS",
    "BASH_*",
    "CDPATH",
    "ENV",
    "FPATH",
    "GLOBIGNORE",
    "IFS",
    "KSH_*",
    "PATH",
    "POSIXLY_CORRECT",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "SHELL",
    "SHELLOPTS",
    "ZDOTDIR",
    // Who one is and where one lives.
    "HOME",
    "LOGNAME",
    "USER",
    // Interpreters.
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LUA_*",
    "NODE_*",
    "PERL*",
    "PYTHON*",
    "RUBY*",
    "TCLLIBPATH",
    "_JAVA_OPTIONS",
    // Programs that other programs start.
    "LESSCLOSE",
    "LESSOPEN",
    "TERMCAP",
    "TERMINFO",
    "TERMINFO_DIRS",
    // Ours.
    "SEAM_*",
];

/// What a peer may choose even where programs are named.
const HARMLESS: &[&str] =
    &["COLUMNS", "LANG", "LANGUAGE", "LC_*", "LINES", "NO_COLOR", "TERM", "TZ"];

/// What of the server's own environment every command finds.
const KEPT: &[&str] = &["HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ"];

/// Where programs are looked for if the server does not know better itself.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether a variable is taken from a peer.
pub(super) fn admit(name: &str, allowed: Option<&[String]>, named: bool) -> Result<(), Failure> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_name) || name.as_bytes()[0].is_ascii_digit() {
        let shown = crate::safe(name.as_bytes());
        return Err(bad(format!("`{shown}` is no name of a variable")));
    }
    if REFUSED.iter().any(|pattern| matches(pattern, name)) {
        return Err(denied(format!(
            "the variable `{name}` is not taken: it changes what commands mean"
        )));
    }
    let taken = match allowed {
        Some(allowed) => allowed.iter().any(|pattern| matches(pattern, name)),
        None => !named || HARMLESS.iter().any(|pattern| matches(pattern, name)),
    };
    if taken { Ok(()) } else { Err(denied(format!("the variable `{name}` is not taken here"))) }
}

/// The environment that every command starts from.
pub(crate) fn base() -> Vec<(OsString, OsString)> {
    let kept = |name: &OsString| {
        name.to_str().is_some_and(|name| KEPT.iter().any(|pattern| matches(pattern, name)))
    };
    let mut base: Vec<_> = vars_os().filter(|(name, _)| kept(name)).collect();
    let path = var_os("PATH").filter(|path| !path.is_empty());
    base.push(("PATH".into(), path.unwrap_or_else(|| DEFAULT_PATH.into())));
    base
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}
