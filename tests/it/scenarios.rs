//! Each scenario is a test.

use std::io::{self, Write};

use it::{Story, scenarios};

/// Prints line by line, so that the story is shown with a test that fails.
struct Captured;

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        print!("{}", String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn tell(name: &str) {
    let scenario = scenarios::find(name).unwrap();
    scenario.prepare().unwrap();
    scenario.tell(&mut Story::new(Captured, false)).await.unwrap();
}

macro_rules! told {
    ($($name:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                tell(stringify!($name)).await;
            }
        )*

        #[test]
        fn every_scenario_is_a_test() {
            let told: &[&str] = &[$(stringify!($name)),*];
            let all: Vec<&str> = scenarios::ALL.iter().map(|scenario| scenario.name).collect();
            // What needs Linux or Unix is told by a test of its own.
            let elsewhere = ["commands", "flood"];
            let all: Vec<&str> = all.into_iter().filter(|name| !elsewhere.contains(name)).collect();
            assert_eq!(told, all);
        }
    };
}

told!(
    sticky, truncation, packing, file, resume, trees, conflict, names, classic, hostile, browser,
    keys, send, upper, chat, formats, ntp
);

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn commands() {
    tell("commands").await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn flood() {
    tell("flood").await;
}
