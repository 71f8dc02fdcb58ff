//! Names, rooms, presence and limits.

use std::time::Duration;

use super::disk::Crash;
use super::network::Weather;
use super::world::{World, name, server_addr};
use crate::client::ClientConfig;
use crate::event::Event;
use crate::message::{Contact, Delivery, JoinRefusal, PostRefusal};
use crate::server::ServerConfig;

fn refusal(world: &World, index: usize) -> Option<JoinRefusal> {
    world.clients[index].events.iter().find_map(|event| match event {
        Event::Refused(refusal) => Some(*refusal),
        _ => None,
    })
}

fn why(world: &World, index: usize) -> Option<PostRefusal> {
    world.clients[index].events.iter().find_map(|event| match event {
        Event::Delivery { why, .. } => *why,
        _ => None,
    })
}

#[test]
fn a_name_belongs_to_the_key_that_had_it_first_also_after_a_restart() {
    let mut world = World::new(Weather::FINE, 1);
    let liu = world.join("liu");
    world.until_connected(liu);
    world.client(liu).leave();
    world.let_client_transmit(liu);
    world.until("has left", |world| world.clients[liu].machine.is_none());
    world.crash_server(Crash::PowerCut);
    world.start_server();

    let thief = world.join("liu");
    world.until("refused", |world| refusal(world, thief).is_some());
    assert_eq!(refusal(&world, thief), Some(JoinRefusal::NameTaken));
    // It gives up, instead of knocking for ever.
    world.clients[thief].events.clear();
    world.pass(Duration::from_secs(60));
    assert!(world.clients[thief].events.is_empty());

    world.start_client(liu);
    world.until("connected again", |world| world.server().stats().sessions == 1);
}

#[test]
fn one_key_has_several_names_within_a_limit() {
    let mut world = World::new(Weather::FINE, 2);
    world.server_config = ServerConfig::default().max_names_per_key(2);
    world.crash_server(Crash::Kill);
    world.start_server();
    for text in ["one", "two"] {
        let index = world.join_with(text, 7);
        world.until_connected(index);
    }
    let third = world.join_with("three", 7);
    world.until("refused", |world| refusal(world, third) == Some(JoinRefusal::Full));
}

#[test]
fn who_comes_and_goes_is_told() {
    let mut world = World::new(Weather::FINE, 3);
    let liu = world.join("liu");
    world.until_connected(liu);
    let xue = world.join("xue");
    let told = |online| {
        move |world: &mut World| {
            let event = Event::Presence(Contact { name: name("xue"), online });
            world.clients[0].events.contains(&event)
        }
    };
    world.until("xue is there", told(true));
    world.crash_client(xue, Crash::Kill);
    world.until("xue is gone", told(false));
    let contacts = world.client(liu).contacts();
    let online: Vec<_> = contacts.iter().map(|one| (one.name.as_str(), one.online)).collect();
    assert_eq!(online, [("liu", true), ("xue", false)]);
}

#[test]
fn only_members_write_to_a_room_and_all_members_read_it() {
    let mut world = World::new(Weather::FINE, 4);
    let people = [world.join("a"), world.join("b"), world.join("c")];
    people.iter().for_each(|&index| world.until_connected(index));
    let id = world.say(0, "#room", "let me in");
    world.until("refused", |world| world.state(0, id) == Delivery::Refused);
    assert_eq!(why(&world, 0), Some(PostRefusal::NotInRoom));
    for index in [0, 1] {
        world.client(index).enter(name("room"), true);
        world.let_client_transmit(index);
    }
    world.until("entered", |world| {
        world.client(0).rooms().iter().any(|room| room.members.len() == 2)
    });
    let id = world.say(0, "#room", "hello");
    world.until("delivered", |world| world.state(0, id) == Delivery::Delivered);
    assert_eq!((world.heard(1), world.heard(2).len()), (vec!["hello"], 0));

    world.client(1).enter(name("room"), false);
    world.let_client_transmit(1);
    world.until("left", |world| world.client(0).rooms().iter().all(|room| room.members.len() == 1));
    let id = world.say(0, "#room", "alone");
    world.until("stored", |world| world.state(0, id) == Delivery::Stored);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.heard(1), ["hello"]);
}

#[test]
fn what_waits_for_somebody_is_limited_and_the_sender_is_told() {
    let mut world = World::new(Weather::FINE, 5);
    world.server_config = ServerConfig::default().max_waiting(3).max_waiting_bytes(100);
    world.crash_server(Crash::Kill);
    world.start_server();
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    world.crash_client(xue, Crash::Kill);
    for number in 0..3 {
        let id = world.say(liu, "xue", &number.to_string());
        world.until("stored", |world| world.state(liu, id) == Delivery::Stored);
    }
    let id = world.say(liu, "xue", "too many");
    world.until("refused", |world| world.state(liu, id) == Delivery::Refused);
    assert_eq!(why(&world, liu), Some(PostRefusal::MailboxFull));
    world.start_client(xue);
    world.until("all are heard", |world| world.heard(xue).len() == 3);
    world.pass(Duration::from_secs(5));
    let id = world.say(liu, "xue", "again");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    let id = world.say(liu, "xue", &"x".repeat(101));
    world.until("refused", |world| world.state(liu, id) == Delivery::Refused);
}

#[test]
fn nobody_is_written_to_who_never_joined() {
    let mut world = World::new(Weather::FINE, 6);
    let liu = world.join("liu");
    let id = world.say(liu, "nobody", "hello?");
    world.until("refused", |world| world.state(liu, id) == Delivery::Refused);
    assert_eq!(why(&world, liu), Some(PostRefusal::UnknownPerson));
}

#[test]
fn an_old_history_is_deleted_and_what_waits_goes_with_it() {
    let mut world = World::new(Weather::FINE, 7);
    world.server_config = ServerConfig::default().max_history(10);
    world.crash_server(Crash::Kill);
    world.start_server();
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    world.crash_client(xue, Crash::Kill);
    for number in 0..25 {
        let id = world.say(liu, "xue", &number.to_string());
        world.until("stored", |world| world.state(liu, id) == Delivery::Stored);
    }
    world.start_client(xue);
    world.until("the last ten are heard", |world| world.heard(xue).len() == 10);
    let id = world.say(liu, "xue", "next");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!(world.heard(xue)[0], "15");
}

#[test]
fn of_two_that_share_a_name_the_last_is_told_and_then_the_other_again() {
    let mut world = World::new(Weather::FINE, 8);
    let liu = world.join("liu");
    let first = world.join_with("xue", 50);
    world.until_connected(first);
    let second = world.join_with("xue", 50);
    world.until_connected(second);
    world.pass(Duration::from_secs(1));
    let id = world.say(liu, "xue", "to the second");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!((world.heard(first).len(), world.heard(second).len()), (0, 1));
    world.client(second).leave();
    world.let_client_transmit(second);
    world.until("has left", |world| world.clients[second].machine.is_none());
    let id = world.say(liu, "xue", "to the first");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!(world.heard(first), ["to the first"]);
}

#[test]
fn a_client_that_only_sends_leaves_the_messages_to_the_one_that_receives() {
    let mut world = World::new(Weather::FINE, 9);
    let (liu, xue) = (world.join("liu"), world.join_with("xue", 50));
    world.until_connected(liu);
    world.until_connected(xue);
    let config = ClientConfig::new(server_addr(), name("xue")).receives(false);
    let script = world.join_as(config, 50);
    let id = world.say(script, "liu", "from a script");
    world.until("stored", |world| world.state(script, id) == Delivery::Stored);
    let id = world.say(liu, "xue", "to the person");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!((world.heard(xue), world.heard(script).len()), (vec!["to the person"], 0));
    assert_eq!(world.heard(liu), ["from a script"]);
}
