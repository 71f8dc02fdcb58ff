//! How the screen looks.
//!
//! ```text
//! ┌ 雪 at 127.0.0.1:8081, joined ─────────┐
//! │ #lobby      2 │ 09:12 liu  你好        │
//! │ ● liu         │ 09:13 雪  在  read     │
//! │ ○ song        │                        │
//! │ what is good to know                   │
//! │ #lobby> 床前明月|                       │
//! └────────────────────────────────────────┘
//! ```

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use udpchat::{Delivery, Target, safe};

use super::model::{Link, Model};
use super::talk::Message;
use super::wrap::wrap;
use crate::chat::shown;
use crate::report::text::{fit, width};

/// How wide the list of conversations is at most.
const LIST_COLUMNS: u16 = 24;

/// With fewer columns than this there is no list.
const NARROW: u16 = 40;

/// A line with its style.
type Styled = (String, Style);

/// Draws everything. The number of lines that are above the screen comes back: so far one can
/// scroll.
pub(super) fn draw(model: &Model, zone: &TimeZone, frame: &mut Frame<'_>) -> usize {
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [title, middle, notice, input] = rows.areas(frame.area());
    let list_columns = if middle.width < NARROW { 0 } else { LIST_COLUMNS };
    let [list, talk] =
        Layout::horizontal([Constraint::Length(list_columns), Constraint::Min(1)]).areas(middle);
    draw_title(model, frame, title);
    draw_list(model, frame, list);
    let hidden = draw_talk(model, zone, frame, talk);
    draw_notice(model, hidden, frame, notice);
    draw_input(model, frame, input);
    hidden
}

fn put(frame: &mut Frame<'_>, area: Rect, row: u16, text: &str, style: Style) {
    if row < area.height && area.width > 0 {
        let columns = usize::from(area.width);
        let line = fit(text, columns);
        frame.buffer_mut().set_stringn(area.x, area.y + row, line, columns, style);
    }
}

fn draw_title(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let link = match model.link {
        Link::Looking => "looking for the server",
        Link::Joined => "joined",
        Link::Lost => "the server does not answer; messages wait",
    };
    let style = Style::new().add_modifier(Modifier::REVERSED);
    frame.buffer_mut().set_style(area, style);
    put(frame, area, 0, &format!(" {} at {}, {link}", model.me, model.server), style);
}

fn draw_list(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let targets = model.targets();
    let chosen = targets.iter().position(|target| model.to.as_ref() == Some(target));
    // The chosen one is always in sight.
    let rows = usize::from(area.height);
    let first = chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(rows));
    for (row, target) in (0..area.height).zip(&targets[first..]) {
        let mark = match target {
            Target::Room(_) => "",
            Target::Person(name) if model.people.get(name) == Some(&true) => "● ",
            Target::Person(_) => "○ ",
        };
        let unread = model.talks.get(target).map_or(0, |talk| talk.unread);
        let count = if unread > 0 { format!(" {unread}") } else { String::new() };
        // Two columns are the border's and the space's before it.
        let room = usize::from(area.width).saturating_sub(2 + width(&count));
        let name = format!("{mark}{target}");
        let name = fit(&name, room);
        let gap = " ".repeat(room.saturating_sub(width(&name)));
        let mut style = Style::new();
        if unread > 0 {
            style = style.fg(Color::Yellow).add_modifier(Modifier::BOLD);
        }
        if chosen == Some(first + usize::from(row)) {
            style = style.add_modifier(Modifier::REVERSED);
        }
        put(frame, area, row, &format!("{name}{gap}{count}"), style);
    }
    for row in area.top()..area.bottom() {
        if area.width > 0 {
            frame.buffer_mut().set_string(area.right() - 1, row, "│", Style::new());
        }
    }
}

fn draw_talk(model: &Model, zone: &TimeZone, frame: &mut Frame<'_>, area: Rect) -> usize {
    let columns = usize::from(area.width);
    let rows = usize::from(area.height);
    // From the last line upwards, and no further than can be seen.
    let wanted = rows + model.scroll;
    let mut lines: Vec<Styled> = Vec::new();
    match (&model.page, model.to.as_ref().and_then(|to| model.talks.get(to))) {
        (Some(page), _) => {
            for line in page.iter().rev().take(wanted) {
                lines
                    .extend(wrap(line, columns).into_iter().rev().map(|line| (line, Style::new())));
            }
        }
        (None, Some(talk)) => {
            for message in talk.messages().rev() {
                lines.extend(message_lines(model, message, zone, columns).into_iter().rev());
                if lines.len() > wanted {
                    break;
                }
            }
        }
        (None, None) => {
            let hint = "Tab chooses whom to write to; /join ROOM and /help help on";
            lines.extend(wrap(hint, columns).into_iter().rev().map(|line| (line, dim())));
        }
    }
    let scroll = model.scroll.min(lines.len().saturating_sub(rows));
    let seen = lines.iter().skip(scroll).take(rows);
    for (row, (line, style)) in (0..area.height).zip(seen.rev()) {
        put(frame, area, row, line, *style);
    }
    scroll
}

fn message_lines(model: &Model, message: &Message, zone: &TimeZone, columns: usize) -> Vec<Styled> {
    let is_ours = message.from == model.me;
    let time = shown::time(message.unix_millis, zone, "%H:%M");
    let mut style = Style::new();
    let state = match (is_ours, message.why) {
        (true, Some(why)) => format!("  not sent: {why}"),
        (true, None) => format!("  {}", message.state),
        (false, _) => String::new(),
    };
    if is_ours {
        style = match message.state {
            Delivery::Refused => style.fg(Color::Red),
            Delivery::Queued => style.fg(Color::DarkGray),
            _ => style.fg(Color::Cyan),
        };
    }
    let mut lines = Vec::new();
    let mut texts = message.text.split('\n').peekable();
    let mut head = format!("{time} {}  ", message.from);
    while let Some(text) = texts.next() {
        let tail = if texts.peek().is_none() { state.as_str() } else { "" };
        let line = format!("{head}{}{tail}", safe(text.trim_end_matches('\r')));
        lines.extend(wrap(&line, columns).into_iter().map(|line| (line, style)));
        "      ".clone_into(&mut head);
    }
    lines
}

fn draw_notice(model: &Model, scrolled: usize, frame: &mut Frame<'_>, area: Rect) {
    let more = format!("{scrolled} lines below; PageDown");
    let notice = match &model.notice {
        Some(notice) => notice,
        None if scrolled > 0 => &more,
        None if model.page.is_some() => "Esc goes back to the conversation",
        None => return,
    };
    put(frame, area, 0, notice, Style::new().fg(Color::Yellow));
}

fn draw_input(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let to = model.to.as_ref().map_or_else(String::new, Target::to_string);
    // At least half of the line is for what is typed.
    let prompt = format!("{}> ", fit(&to, usize::from(area.width / 2).saturating_sub(2)));
    put(frame, area, 0, &prompt, Style::new().add_modifier(Modifier::BOLD));
    let used = u16::try_from(width(&prompt)).unwrap_or(u16::MAX).min(area.width);
    let rest = Rect { x: area.x + used, width: area.width - used, ..area };
    let visible = model.input.visible(usize::from(rest.width));
    put(frame, rest, 0, visible.text, Style::new());
    let cursor = u16::try_from(visible.cursor).unwrap_or(rest.width);
    if !rest.is_empty() {
        frame.set_cursor_position(Position::new(rest.x + cursor, rest.y));
    }
}

fn dim() -> Style {
    Style::new().fg(Color::DarkGray)
}
