//! An answer for browsers, which also knock on ports that are none of theirs.

use std::borrow::Cow;

use bytes::Bytes;

/// The methods that web clients begin with.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// What lives here.
const TEXT: &str = "This is a command server of Seam, not a web site.\n\
    Its commands are run by: exec-cli -s HOST:PORT --plain run COMMAND\n";

/// What to answer to what a web client may have said; `None` to anything else.
///
/// Here a doubtful opening is taken for a web client's, for it must never be run: what begins with
/// a method in capitals and a space, also where the line was cut behind it.
pub(super) fn answer(opening: &[u8]) -> Option<Bytes> {
    let rest = |method: &&str| opening.strip_prefix(method.as_bytes());
    let method = METHODS.into_iter().find(|method| {
        rest(method).is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
    })?;
    let target = rest(&method).unwrap_or_default().split(|&byte| byte == b' ').nth(1);
    Some(respond(method, target.unwrap_or_default()))
}

fn respond(method: &str, target: &[u8]) -> Bytes {
    let status = match (method, target) {
        ("GET" | "HEAD", b"/") => "200 OK",
        ("GET" | "HEAD", _) => "404 Not Found",
        _ => "501 Not Implemented",
    };
    let body = if method == "HEAD" { Cow::default() } else { Cow::from(TEXT) };
    let response = format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Connection: close\r\n\
         \r\n\
         {body}",
        TEXT.len()
    );
    response.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_be_a_web_clients_is_no_command() {
        for request in ["GET / HTTP/1.1\r\n", "POST /a HTTP/1.0\r\n", "GET /in", "GET ", "TRACE"] {
            assert!(answer(request.as_bytes()).is_some(), "{request:?}");
        }
        for command in ["get /", "GETTER", "ls", "PUTS x", "GE", ""] {
            assert_eq!(answer(command.as_bytes()), None, "{command:?}");
        }
    }

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let response = answer(b"GET / HTTP/1.1\r\n").unwrap();
        let response = std::str::from_utf8(&response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let response = answer(b"HEAD /x HTTP/1.1\r\n").unwrap();
        assert!(response.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
        assert!(response.ends_with(b"\r\n\r\n"));
    }
}
