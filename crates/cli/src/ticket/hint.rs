//! How a ticket for a running server is made.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// The command that makes a ticket for a server, wherever on this machine it is typed.
pub(crate) fn how_to_make(
    program: &str,
    root: Option<&Path>,
    addr: Option<SocketAddr>,
    default_port: u16,
) -> String {
    let mut command = format!("{program} ticket new");
    if let Some(root) = root {
        let shown = ftp::safe(root.as_os_str().as_encoded_bytes()).to_string();
        command.push(' ');
        command.push_str(&quoted(&shown));
    }
    let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), default_port);
    if let Some(addr) = addr.filter(|addr| *addr != default) {
        command.push_str(&format!(" -s {addr}"));
    }
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_all_that_is_not_the_default() {
        let hint = |root: Option<&str>, addr: &str| {
            how_to_make("p", root.map(Path::new), Some(addr.parse().unwrap()), 8484)
        };
        assert_eq!(hint(None, "127.0.0.1:8484"), "p ticket new");
        assert_eq!(hint(Some("/家/a-b"), "127.0.0.1:8484"), "p ticket new /家/a-b");
        assert_eq!(
            hint(Some("/it's here"), "[::1]:8484"),
            r"p ticket new '/it'\''s here' -s [::1]:8484"
        );
    }
}
