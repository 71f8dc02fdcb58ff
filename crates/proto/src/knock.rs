//! An answer for browsers, which also knock on ports that are none of theirs.

use std::borrow::Cow;

use bytes::Bytes;

/// The methods that web clients begin with.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// What the first bytes of a connection are to a web server.
///
/// People point browsers at ports to see what is there, and web pages can make browsers do so. A
/// service should tell such a visitor what it is, and must not take a request for a command.
///
/// ```
/// use proto::Knock;
///
/// assert_eq!(Knock::detect(b"ls\n"), Knock::None);
/// let Knock::Request(request) = Knock::detect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") else {
///     panic!("that is a request");
/// };
/// assert!(request.answer("No web site.\n").starts_with(b"HTTP/1.1 200 OK\r\n"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// No request.
    None,
    /// Perhaps a request, of which the first line is not complete.
    Incomplete,
    /// A request.
    Request(WebRequest),
}

/// A web client's request, as far as it matters to who is no web server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebRequest {
    method: &'static str,
    /// Whether it asks for `/`.
    front_page: bool,
}

impl Knock {
    /// The longest first line that is waited for, in bytes.
    pub const MAX_LINE_BYTES: usize = 8 * 1024;

    /// Says whether a connection that begins so is a web client's.
    #[must_use]
    pub fn detect(opening: &[u8]) -> Self {
        let begins = |method: &str| opening.starts_with(method.as_bytes());
        let Some(method) = METHODS.into_iter().find(|method| begins(method)) else {
            let cut = METHODS.iter().any(|method| method.as_bytes().starts_with(opening));
            return if cut { Self::Incomplete } else { Self::None };
        };
        let rest = &opening[method.len()..];
        if !rest.is_empty() && rest[0] != b' ' {
            return Self::None;
        }
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            let waiting = opening.len() < Self::MAX_LINE_BYTES;
            return if waiting { Self::Incomplete } else { Self::None };
        };
        let words = || rest[..end].trim_ascii().split(|&byte| byte == b' ');
        let (Some(target), Some(version), None) = (words().next(), words().nth(1), words().nth(2))
        else {
            return Self::None;
        };
        if !version.starts_with(b"HTTP/") {
            return Self::None;
        }
        Self::Request(WebRequest { method, front_page: target == b"/" })
    }
}

impl WebRequest {
    /// What may be a request: it begins with a method in capitals and a space, also where the line
    /// was cut behind it. For those who would rather turn away a peer of theirs than take a web
    /// page's request for a command.
    #[must_use]
    pub fn suspected(opening: &[u8]) -> Option<Self> {
        let rest = |method: &str| opening.strip_prefix(method.as_bytes());
        let method = METHODS.into_iter().find(|method| {
            rest(method).is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
        })?;
        let target = rest(method)?.split(|&byte| byte == b' ').nth(1);
        Some(Self { method, front_page: target == Some(b"/") })
    }

    /// The whole answer: `text` for people, and a status that keeps programs from taking it for a
    /// page of theirs. A close is to follow.
    #[must_use]
    pub fn answer(&self, text: &str) -> Bytes {
        let status = match (self.method, self.front_page) {
            ("GET" | "HEAD", true) => "200 OK",
            ("GET" | "HEAD", false) => "404 Not Found",
            _ => "501 Not Implemented",
        };
        let body = if self.method == "HEAD" { Cow::default() } else { Cow::from(text) };
        let response = format!(
            "HTTP/1.1 {status}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Connection: close\r\n\
             \r\n\
             {body}",
            text.len()
        );
        response.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_requests_from_commands() {
        for request in
            ["GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.0\r\nHost: x\r\n", "HEAD / HTTP/2\n"]
        {
            assert!(matches!(Knock::detect(request.as_bytes()), Knock::Request(_)), "{request:?}");
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
            assert_eq!(Knock::detect(other.as_bytes()), Knock::None, "{other:?}");
        }
    }

    #[test]
    fn waits_for_the_rest_of_a_line_that_is_cut() {
        let line = b"OPTIONS * HTTP/1.1\r\n";
        for cut in 1..line.len() {
            assert_eq!(Knock::detect(&line[..cut]), Knock::Incomplete, "cut at {cut}");
        }
        let endless = [b"GET /", &[b'x'; Knock::MAX_LINE_BYTES][..]].concat();
        assert_eq!(Knock::detect(&endless), Knock::None);
    }

    #[test]
    fn whatever_may_be_a_web_clients_is_suspected() {
        for request in ["GET / HTTP/1.1\r\n", "POST /a HTTP/1.0\r\n", "GET /in", "GET ", "TRACE"] {
            assert!(WebRequest::suspected(request.as_bytes()).is_some(), "{request:?}");
        }
        for command in ["get /", "GETTER", "ls", "PUTS x", "GE", ""] {
            assert_eq!(WebRequest::suspected(command.as_bytes()), None, "{command:?}");
        }
    }

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let answer = |opening: &[u8]| match Knock::detect(opening) {
            Knock::Request(request) => request.answer("床前明月光\n"),
            other => panic!("{other:?}"),
        };
        let response = answer(b"GET / HTTP/1.1\r\n");
        let response = std::str::from_utf8(&response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let response = answer(b"HEAD /x HTTP/1.1\r\n");
        assert!(response.starts_with(b"HTTP/1.1 404 Not Found\r\n"));
        assert!(response.ends_with(b"\r\n\r\n"));
        assert!(answer(b"POST / HTTP/1.1\r\n").starts_with(b"HTTP/1.1 501 "));
    }
}
