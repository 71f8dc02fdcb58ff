//! An answer for browsers, which also knock on ports that are none of theirs.

use std::borrow::Cow;

use bytes::Bytes;

/// The methods that web clients begin with.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// The longest first line that is waited for, in bytes.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1024;

/// What lives here.
const TEXT: &str = "This is a file server of Seam, not a web site.\n\
    Its files are listed by: ftp-cli -s HOST:PORT --plain ls\n";

/// What the first bytes of a connection are to a web server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Knock {
    /// No request.
    None,
    /// Perhaps a request, of which the first line is not complete.
    Incomplete,
    /// A request, and its answer.
    Request(Bytes),
}

/// Says whether a connection begins with a web client's request, and what to answer.
pub(super) fn answer(opening: &[u8]) -> Knock {
    let begins = |method: &str| opening.starts_with(method.as_bytes());
    let Some(method) = METHODS.into_iter().find(|method| begins(method)) else {
        let cut = METHODS.iter().any(|method| method.as_bytes().starts_with(opening));
        return if cut { Knock::Incomplete } else { Knock::None };
    };
    let rest = &opening[method.len()..];
    if !rest.is_empty() && rest[0] != b' ' {
        return Knock::None;
    }
    let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
        return if opening.len() < MAX_LINE_BYTES { Knock::Incomplete } else { Knock::None };
    };
    let words = || rest[..end].trim_ascii().split(|&byte| byte == b' ');
    let (Some(target), Some(version), None) = (words().next(), words().nth(1), words().nth(2))
    else {
        return Knock::None;
    };
    if !version.starts_with(b"HTTP/") {
        return Knock::None;
    }
    Knock::Request(respond(method, target))
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
    fn tells_requests_from_commands() {
        for request in
            ["GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.0\r\nHost: x\r\n", "HEAD / HTTP/2\n"]
        {
            assert!(matches!(answer(request.as_bytes()), Knock::Request(_)), "{request:?}");
        }
        for other in [
            "get / HTTP/1.1\r\n",
            "GET a\n",
            "GET / x\n",
            "GETTER",
            "ls",
            "PUTS",
            "GET / a HTTP/1.1\n",
        ] {
            assert_eq!(answer(other.as_bytes()), Knock::None, "{other:?}");
        }
    }

    #[test]
    fn waits_for_the_rest_of_a_line_that_is_cut() {
        let line = b"OPTIONS * HTTP/1.1\r\n";
        for cut in 1..line.len() {
            assert_eq!(answer(&line[..cut]), Knock::Incomplete, "cut at {cut}");
        }
        let endless = [b"GET /", &[b'x'; MAX_LINE_BYTES][..]].concat();
        assert_eq!(answer(&endless), Knock::None);
    }

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let Knock::Request(response) = answer(b"GET / HTTP/1.1\r\n") else { panic!("no answer") };
        let response = std::str::from_utf8(&response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let Knock::Request(response) = answer(b"HEAD /x HTTP/1.1\r\n") else { panic!("no answer") };
        assert!(response.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
        assert!(response.ends_with(b"\r\n\r\n"));
    }
}
