//! Events and keys in, what is on the screen out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Position;
use udpchat::{Contact, Delivery, Entry, Event, MessageId, Name, PublicKey, RoomInfo, Target};

use super::model::{Action, Model};
use super::view;

const COLUMNS: u16 = 60;
const ROWS: u16 = 8;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

/// An entry as the wire has it; 09:12 UTC.
fn entry(from: &str, to: &str, number: u64, text: &str) -> Entry {
    serde_json::from_value(serde_json::json!({
        "place": number, "from": from, "to": to, "id": { "nonce": 7, "number": number },
        "unix_millis": 33_120_000, "text": text, "state": "delivered",
    }))
    .unwrap()
}

struct Player {
    model: Model,
    terminal: Terminal<TestBackend>,
}

impl Player {
    fn new() -> Self {
        let mut model = Model::new(name("雪"), "127.0.0.1:8081".into(), None);
        model.event(Event::Connected { server: PublicKey([0; 32]) });
        for (person, online) in [("liu", true), ("song", false), ("雪", true)] {
            model.event(Event::Presence(Contact { name: name(person), online }));
        }
        let members = vec![name("liu"), name("雪")];
        model.event(Event::Room(RoomInfo { room: name("大厅"), members }));
        Self { model, terminal: Terminal::new(TestBackend::new(COLUMNS, ROWS)).unwrap() }
    }

    fn press(&mut self, code: KeyCode) -> Option<Action> {
        self.model.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn type_line(&mut self, text: &str) -> Option<Action> {
        for c in text.chars() {
            assert_eq!(self.press(KeyCode::Char(c)), None);
        }
        self.press(KeyCode::Enter)
    }

    /// What is on the screen. The cell behind a wide character holds nothing of its own.
    fn screen(&mut self) -> Vec<String> {
        let Self { model, terminal } = self;
        let drawn = terminal.draw(|frame| model.scroll = view::draw(model, &TimeZone::UTC, frame));
        let buffer = drawn.unwrap().buffer.clone();
        let row = |y| {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..COLUMNS {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    row.push_str(symbol);
                    skip = crate::report::text::width(symbol).max(1);
                }
                skip -= 1;
            }
            row.trim_end().to_owned()
        };
        (0..ROWS).map(row).collect()
    }

    fn cursor(&mut self) -> Position {
        self.screen();
        self.terminal.get_cursor_position().unwrap()
    }
}

#[test]
fn rooms_and_people_stand_at_the_left_with_presence_and_unread_counts() {
    let mut player = Player::new();
    assert_eq!(player.model.event(Event::Message(entry("liu", "#大厅", 1, "你好"))), None);
    assert_eq!(player.model.event(Event::Message(entry("liu", "#大厅", 2, "在吗"))), None);
    let screen = player.screen();
    assert_eq!(screen[0], " 雪 at 127.0.0.1:8081, joined");
    assert!(screen[1].starts_with("#大厅                2 │"), "{screen:#?}");
    assert!(screen[2].starts_with("● liu                  │"), "{screen:#?}");
    assert!(screen[3].starts_with("○ song                 │"), "{screen:#?}");

    assert_eq!(player.press(KeyCode::Tab), Some(Action::Read(target("#大厅"))));
    let screen = player.screen();
    assert!(screen[1].starts_with("#大厅                  │09:12 liu  你好"), "{screen:#?}");
    assert!(screen[2].ends_with("│09:12 liu  在吗"), "{screen:#?}");
    let next = player.model.event(Event::Message(entry("liu", "#大厅", 3, "!")));
    assert_eq!(next, Some(Action::Read(target("#大厅"))));
}

#[test]
fn a_message_goes_to_the_conversation_and_tells_how_far_it_has_come() {
    let mut player = Player::new();
    assert_eq!(player.type_line("hi"), None);
    assert!(player.screen()[6].starts_with("to whom?"));
    player.model.input.take();
    assert_eq!(player.type_line("/to liu"), None);
    let (to, text) = (target("liu"), "床前明月光".to_owned());
    let sent = player.type_line(&text);
    assert_eq!(sent, Some(Action::Send { to: to.clone(), text: text.clone() }));
    let id = MessageId { nonce: 1, number: 1 };
    player.model.sent(id, to, text, 33_120_000);
    assert!(player.screen()[1].ends_with("│09:12 雪  床前明月光  queued"));
    for (state, word) in [(Delivery::Stored, "stored"), (Delivery::Read, "read")] {
        player.model.event(Event::Delivery { id, state, by: None, why: None });
        assert!(player.screen()[1].ends_with(&format!("光  {word}")));
    }
    // News that was overtaken changes nothing.
    player.model.event(Event::Delivery { id, state: Delivery::Stored, by: None, why: None });
    assert!(player.screen()[1].ends_with("光  read"));
}

#[test]
fn the_cursor_stands_behind_wide_characters() {
    let mut player = Player::new();
    player.type_line("/to #大厅");
    player.model.paste("床前\n明月");
    assert_eq!(player.screen()[7], "#大厅> 床前 明月");
    // The prompt takes seven columns and the text nine.
    assert_eq!(player.cursor(), Position::new(16, 7));
    player.press(KeyCode::Left);
    assert_eq!(player.cursor(), Position::new(14, 7));
    player.press(KeyCode::Backspace);
    assert_eq!(player.screen()[7], "#大厅> 床前 月");
}

#[test]
fn long_conversations_scroll_and_narrow_ones_wrap() {
    let mut player = Player::new();
    player.type_line("/to liu");
    for number in 1..=20 {
        player.model.event(Event::Message(entry("liu", "雪", number, &format!("第{number}"))));
    }
    assert!(player.screen()[5].ends_with("第20"));
    player.press(KeyCode::PageUp);
    let screen = player.screen();
    assert!(screen[5].ends_with("第10"), "{screen:#?}");
    assert_eq!(screen[6], "10 lines below; PageDown");
    for _ in 0..5 {
        player.press(KeyCode::PageUp);
        player.screen();
    }
    assert!(player.screen()[1].ends_with("第1"));
    for _ in 0..5 {
        player.press(KeyCode::PageDown);
    }
    player.model.event(Event::Message(entry("liu", "雪", 21, &"月".repeat(20))));
    let screen = player.screen();
    assert!(screen[5].ends_with(&format!("│{}", "月".repeat(8))), "{screen:#?}");
}

#[test]
fn nothing_of_a_peer_reaches_the_terminal_as_it_is() {
    let mut player = Player::new();
    player.type_line("/to liu");
    let evil = "\u{1b}[2J\u{202e}evil\nsecond line\u{7}";
    player.model.event(Event::Message(entry("liu", "雪", 1, evil)));
    let screen = player.screen();
    assert!(screen[1].ends_with(r"│09:12 liu  \x1b[2J\u{202e}evil"), "{screen:#?}");
    assert!(screen[2].ends_with(r"│      second line\x07"), "{screen:#?}");
    player.model.found(&[entry("liu", "雪", 1, evil)]);
    assert!(player.screen()[1].contains(r"liu → 雪: \x1b[2J\u{202e}evil"));
}

#[test]
fn commands_turn_into_actions() {
    let mut player = Player::new();
    assert_eq!(player.type_line("/join moon"), Some(Action::Enter(name("moon"))));
    assert_eq!(player.model.to, Some(target("#moon")));
    assert_eq!(player.type_line("/leave"), Some(Action::Leave(name("moon"))));
    assert_eq!(player.model.to, None);
    assert_eq!(player.type_line("/history 月"), Some(Action::Search("月".into())));
    player.model.found(&[]);
    assert!(player.screen()[1].ends_with("│nothing was found"));
    assert_eq!(player.type_line("/nonsense"), None);
    assert!(player.screen()[6].starts_with("there is no command /nonsense"));
    assert_eq!(player.type_line("/quit"), Some(Action::Quit));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(player.model.key(interrupt), Some(Action::Quit));
}

#[test]
fn a_terminal_of_any_size_can_be_drawn_on() {
    let mut player = Player::new();
    player.type_line("/to #大厅");
    player.model.paste("床前明月光");
    player.model.event(Event::Message(entry("liu", "#大厅", 1, "你好 hello")));
    for (columns, rows) in [(1, 1), (2, 3), (5, 2), (39, 5), (41, 4), (200, 50)] {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let draw = |frame: &mut ratatui::Frame<'_>| {
            view::draw(&player.model, &TimeZone::UTC, frame);
        };
        terminal.draw(draw).unwrap();
    }
}
