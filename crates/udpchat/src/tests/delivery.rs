use std::time::Duration;

use proptest::prelude::*;

use super::disk::Crash;
use super::network::Weather;
use super::world::{World, name, target};
use crate::client::HistoryQuery;
use crate::event::Event;
use crate::message::{Delivery, MAX_TEXT_BYTES};

fn texts(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

#[test]
fn a_message_goes_from_queued_to_read() {
    let mut world = World::new(Weather::FINE, 1);
    let (liu, xue) = (world.join("liu"), world.join("雪"));
    world.until_connected(xue);
    let id = world.say(liu, "雪", "床前明月光");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!(world.heard(xue), ["床前明月光"]);
    assert_eq!(world.client(xue).unread(&target("liu")).unwrap(), 1);
    assert_eq!(world.client(xue).mark_read(&target("liu")).unwrap(), 1);
    world.let_client_transmit(xue);
    world.until("read", |world| world.state(liu, id) == Delivery::Read);
    assert_eq!(world.client(xue).unread(&target("liu")).unwrap(), 0);

    let told = world.clients[liu].events.iter().filter_map(|event| match event {
        Event::Delivery { state, by, .. } => Some((*state, by.clone())),
        _ => None,
    });
    let xue = Some(name("雪"));
    let expected =
        [(Delivery::Stored, None), (Delivery::Delivered, xue.clone()), (Delivery::Read, xue)];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

/// Everybody writes to everybody and to a room; each message is shown once, in its sender's order.
fn conversation(weather: Weather, seed: u64, count: usize) -> World {
    let mut world = World::new(weather, seed);
    let everybody = ["a", "b", "c"];
    for text in everybody {
        let index = world.join(text);
        world.until_connected(index);
        world.client(index).enter(name("room"), true);
        world.let_client_transmit(index);
    }
    let in_room = |world: &mut World| {
        let members = |index: usize| world.clients[index].machine.as_ref().unwrap().rooms();
        (0..3).all(|index| members(index).iter().any(|room| room.members.len() == 3))
    };
    world.until("all are in the room", in_room);
    for number in 0..count {
        for (index, from) in everybody.iter().enumerate() {
            let next = everybody[(index + 1) % 3];
            world.say(index, next, &format!("{from} to {next} {number}"));
            world.say(index, "#room", &format!("{from} to room {number}"));
        }
    }
    let all = 3 * count;
    world.until("all is heard", |world| (0..3).all(|index| world.heard(index).len() >= all));
    world
}

fn check_conversation(world: &World, count: usize) {
    for (index, to) in ["a", "b", "c"].iter().enumerate() {
        let heard = world.heard(index);
        assert_eq!(heard.len(), 3 * count);
        let of = |prefix: String| -> Vec<&str> {
            heard.iter().copied().filter(|text| text.starts_with(&prefix)).collect()
        };
        let previous = ["c", "a", "b"][index];
        let other = ["b", "c", "a"][index];
        let prefix = format!("{previous} to {to} ");
        assert_eq!(of(prefix.clone()), texts(&prefix, count));
        for from in [previous, other] {
            let prefix = format!("{from} to room ");
            assert_eq!(of(prefix.clone()), texts(&prefix, count));
        }
    }
}

#[test]
fn in_a_storm_each_message_is_shown_once_and_in_order() {
    let mut world = conversation(Weather::STORM, 7, 20);
    check_conversation(&world, 20);
    // Nothing more comes, however often it is sent again.
    world.pass(Duration::from_secs(120));
    check_conversation(&world, 20);
}

#[test]
fn a_long_message_arrives_whole_in_a_storm() {
    let mut world = World::new(Weather::STORM, 3);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    let text = "月".repeat(MAX_TEXT_BYTES / 3);
    let id = world.say(liu, "xue", &text);
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert!(world.heard(xue) == [text]);
}

#[test]
fn messages_wait_for_who_is_away_and_for_a_server_that_is_not_there_yet() {
    let mut world = World::new(Weather::FINE, 5);
    let xue = world.join("xue");
    world.until_connected(xue);
    world.client(xue).leave();
    world.let_client_transmit(xue);
    world.until("has left", |world| world.clients[xue].machine.is_none());
    world.crash_server(Crash::Kill);

    // The client is started before the server.
    let liu = world.join("liu");
    let ids: Vec<_> = texts("m", 40).iter().map(|text| world.say(liu, "xue", text)).collect();
    world.pass(Duration::from_secs(60));
    assert_eq!(world.state(liu, ids[0]), Delivery::Queued);
    world.start_server();
    world.until("stored", |world| world.state(liu, ids[39]) == Delivery::Stored);
    world.start_client(xue);
    world.until("delivered", |world| world.state(liu, ids[39]) == Delivery::Delivered);
    assert_eq!(world.heard(xue), texts("m", 40));
}

#[test]
fn a_client_that_moves_to_another_address_goes_on() {
    let mut world = World::new(Weather::FINE, 6);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(liu);
    world.until_connected(xue);
    let before = world.server().stats().joined;
    world.clients[xue].addr = "198.51.100.7:7000".parse().unwrap();
    let id = world.say(liu, "xue", "where are you?");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    let id = world.say(xue, "liu", "here");
    world.until("delivered", |world| world.state(xue, id) == Delivery::Delivered);
    assert_eq!(world.server().stats().joined, before, "it is the same session");
}

#[test]
fn a_quiet_session_is_kept_and_an_unplugged_one_is_noticed_by_both() {
    let mut world = World::new(Weather::FINE, 8);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(liu);
    world.until_connected(xue);
    world.pass(Duration::from_secs(600));
    assert_eq!(world.server().stats().joined, 2);
    let is_away = |event: &Event| matches!(event, Event::Disconnected);
    assert!(!world.clients[liu].events.iter().any(is_away));

    world.network.weather.lost = 100;
    world.until("noticed", |world| world.clients[liu].events.iter().any(is_away));
    world.until("noticed by the server", |world| world.server().stats().sessions == 0);
    world.network.weather.lost = 0;
    world.clients[liu].events.clear();
    world.until_connected(liu);
    let gone = |world: &mut World| world.server().stats().sessions == 2;
    world.until("both are back", gone);
}

#[test]
fn the_history_is_searched_and_pages() {
    let mut world = conversation(Weather::FINE, 9, 5);
    let found = |world: &mut World, query: HistoryQuery| -> Vec<String> {
        let entries = world.client(0).search(&query).unwrap();
        entries.into_iter().map(|entry| entry.text).collect()
    };
    let query = HistoryQuery::default().containing("C TO A");
    assert_eq!(found(&mut world, query.limit(2)), ["c to a 4", "c to a 3"]);
    let room = HistoryQuery::default().with(target("#room"));
    assert_eq!(found(&mut world, room.clone()).len(), 15);
    let all = world.client(0).search(&HistoryQuery::default()).unwrap();
    assert_eq!(all.len(), 25);
    let page = world.client(0).search(&room.before(all[20].place)).unwrap();
    assert!(page.iter().all(|entry| entry.place < all[20].place));
}

#[test]
fn the_server_tells_its_history_to_those_who_were_there() {
    let mut world = conversation(Weather::FINE, 10, 5);
    let stranger = world.join("d");
    world.until_connected(stranger);
    let mut ask = |index: usize, of: &str| {
        let mut told = world.client(index).server_history(target(of), u64::MAX, 100).unwrap();
        world.let_client_transmit(index);
        let mut entries = None;
        world.until("told", |_| {
            entries = told.try_recv().ok();
            entries.is_some()
        });
        entries.unwrap().into_iter().map(|entry| entry.text).collect::<Vec<_>>()
    };
    assert_eq!(ask(0, "b").len(), 5);
    assert_eq!(ask(0, "#room").len(), 15);
    assert!(ask(0, "#room")[0].ends_with(" to room 4"));
    assert!(ask(stranger, "#room").is_empty());
    assert!(ask(stranger, "a").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn whatever_the_weather_each_message_is_shown_once_and_in_order(
        lost in 0..60_u64,
        doubled in 0..40_u64,
        delay in 1..1000_u64,
        seed: u64,
    ) {
        let delay = Duration::from_millis(delay);
        let world = conversation(Weather { lost, doubled, delay }, seed, 5);
        check_conversation(&world, 5);
    }
}
