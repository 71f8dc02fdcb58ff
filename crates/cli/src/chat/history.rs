//! `history`: what was said, from this machine's disk.

use jiff::tz::TimeZone;
use udpchat::HistoryQuery;

use super::args::HistoryArgs;
use super::event::ChatEvent;
use super::{shown, station};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;

/// Prints the last messages that are asked for, the earliest first.
pub(super) fn history(
    args: &HistoryArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let place = station::place(common)?;
    let (name, store) = station::own_store(&place, &args.who)?;
    let Some(mut store) = store else {
        let message = format!("{name} has not joined {place} from here: there is no history");
        return Err(Problem::new(Exit::NotFound, message).hint(format!("chat-cli join {name}")));
    };
    let mut query = HistoryQuery::default().with(args.with.clone()).limit(args.limit);
    if let Some(word) = &args.word {
        query = query.containing(word);
    }
    let found = store.search(&query).map_err(|error| Problem::new(Exit::Failed, error))?;
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    for entry in found.iter().rev() {
        let time = shown::time(entry.unix_millis, &zone, "%Y-%m-%d %H:%M");
        let line = format_args!("{time}  {}", shown::Line(entry)).to_string();
        report.tell(line, &ChatEvent::message(entry));
    }
    Ok(Exit::Done)
}
