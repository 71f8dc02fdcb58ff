//! A large file, and the memory it takes on both sides.
//!
//! With `SEAM_SLOW=1` it is really large: 5 GiB, more than any buffer or 32-bit number holds.

use it::{Ended, Error, Flow, Place, Process, Proxy, Way, assert_same, within, write_content};

/// Memory of one process, in bytes.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 64 << 20;

fn size() -> u64 {
    match std::env::var_os("SEAM_SLOW") {
        Some(_) => 5 << 30,
        None => 64 << 20,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_fetched_with_little_memory() {
    let place = Place::new().unwrap();
    write_content(&place.there().join("big"), size(), 5).unwrap();
    let ended = move_watched(&place, "get").await.unwrap();
    assert_eq!(ended.count("moved").unwrap(), size());
    assert_same(&place.here().join("big"), &place.there().join("big"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_sent_with_little_memory() {
    let place = Place::new().unwrap();
    write_content(&place.here().join("big"), size(), 5).unwrap();
    let ended = move_watched(&place, "put").await.unwrap();
    assert_eq!(ended.count("moved").unwrap(), size());
    assert_same(&place.here().join("big"), &place.there().join("big"));
}

/// Moves `big`, and looks at both processes when nearly all of it has moved.
async fn move_watched(place: &Place, command: &str) -> Result<Ended, Error> {
    let mut server = place.serve(true).await?;
    let hold = Flow::Hold(size() - 1000);
    let way = match command {
        "get" => Way { down: hold, ..Way::OPEN },
        _ => Way { up: hold, ..Way::OPEN },
    };
    let proxy = Proxy::start(server.addr, move |_| way).await?;
    let mut client = place.client(proxy.addr(), &[command, "big"])?;
    let mut reached = std::pin::pin!(async {
        // Many times the patience for anything else: the file may be very large.
        for _ in 0..60 {
            if proxy.reached().await.is_ok() {
                return Ok(());
            }
        }
        Err(Error::from("it never came near its end"))
    });
    loop {
        tokio::select! {
            reached = &mut reached => break reached?,
            // What it tells has to be read, or it waits for room in the pipe.
            event = client.next() => drop(event?.ok_or("the client ended too early")?),
        }
    }
    check_memory(&client, "client")?;
    proxy.go_on();
    let ended = client.end().await?;
    check_memory(&server.process, "server")?;
    within("the server's end", server.process.kill()).await?;
    Ok(ended)
}

#[cfg(target_os = "linux")]
fn check_memory(process: &Process, who: &str) -> Result<(), Error> {
    let id = process.id().ok_or("the process is gone")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
    let peak = peak.parse::<u64>()? * 1024;
    println!("{who}: at most {:.1} MiB", peak as f64 / 1_048_576.0);
    if peak < MOST_MEMORY { Ok(()) } else { Err(format!("{who} took {peak} bytes").into()) }
}

#[cfg(not(target_os = "linux"))]
fn check_memory(_: &Process, _: &str) -> Result<(), Error> {
    Ok(())
}
