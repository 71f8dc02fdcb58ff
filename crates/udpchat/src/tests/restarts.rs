//! Processes that end at any moment, with what is on their disks then.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::disk::Crash;
use super::network::{Dice, Weather};
use super::world::World;
use crate::client::HistoryQuery;
use crate::event::Event;
use crate::message::Delivery;

#[test]
fn who_was_killed_gets_what_was_missed_once_and_has_the_rest_in_the_history() {
    let mut world = World::new(Weather::FINE, 1);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    let first = world.say(liu, "xue", "before");
    world.until("delivered", |world| world.state(liu, first) == Delivery::Delivered);
    world.crash_client(xue, Crash::Kill);
    let missed = world.say(liu, "xue", "meanwhile");
    world.until("stored", |world| world.state(liu, missed) == Delivery::Stored);
    // The server still waits for the one that was killed.
    world.pass(Duration::from_secs(5));
    world.start_client(xue);
    world.until("delivered", |world| world.state(liu, missed) == Delivery::Delivered);
    world.pass(Duration::from_secs(120));
    assert_eq!(world.heard(xue), ["before", "meanwhile"]);
    let history = world.client(xue).search(&HistoryQuery::default()).unwrap();
    let texts: Vec<_> = history.iter().map(|entry| &*entry.text).collect();
    assert_eq!(texts, ["meanwhile", "before"]);
}

#[test]
fn a_read_receipt_survives_that_neither_side_is_there() {
    let mut world = World::new(Weather::FINE, 2);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    let id = world.say(liu, "xue", "hello");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    world.crash_server(Crash::Kill);
    world.client(xue).mark_read(&crate::name::Target::parse("liu").unwrap()).unwrap();
    world.let_client_transmit(xue);
    world.crash_client(xue, Crash::PowerCut);
    world.crash_client(liu, Crash::PowerCut);
    world.start_server();
    world.start_client(xue);
    world.pass(Duration::from_secs(30));
    world.start_client(liu);
    world.until("read", |world| world.state(liu, id) == Delivery::Read);
}

#[test]
fn a_server_that_comes_back_is_found_at_once_by_those_who_say_something() {
    let mut world = World::new(Weather::FINE, 3);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(liu);
    world.until_connected(xue);
    world.crash_server(Crash::PowerCut);
    world.start_server();
    let id = world.say(liu, "xue", "still there?");
    let begun = world.now.instant;
    world.until("stored", |world| world.state(liu, id) == Delivery::Stored);
    assert!(world.now.instant - begun < Duration::from_secs(1));
    // The other one notices with its next ping.
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
}

#[test]
fn a_server_that_has_lost_its_store_takes_nothing_for_known() {
    let mut world = World::new(Weather::FINE, 4);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(xue);
    for number in 0..5 {
        let id = world.say(liu, "xue", &format!("old {number}"));
        world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    }
    world.server = None;
    world.server_disk = Default::default();
    world.start_server();
    let begun = world.clients[xue].events.len();
    let is_back = |event: &Event| matches!(event, Event::Connected { .. } | Event::Disconnected);
    world.pass(Duration::from_secs(40));
    assert!(world.clients[xue].events[begun..].iter().all(|event| !is_back(event)), "no fuss");
    // The numbers of the mailbox begin at 1 again, and are not taken for those that came before.
    let id = world.say(liu, "xue", "new");
    world.until("delivered", |world| world.state(liu, id) == Delivery::Delivered);
    assert_eq!(world.heard(xue).last(), Some(&"new"));
}

/// Two people write to each other through a storm, while everything is killed again and again.
fn disaster(seed: u64, messages: usize, crashes: usize) {
    let mut dice = Dice(seed);
    let mut world = World::new(Weather { lost: 20, ..Weather::STORM }, seed);
    let people = [world.join("a"), world.join("b")];
    people.iter().for_each(|&index| world.until_connected(index));
    let mut said = [Vec::new(), Vec::new()];
    for round in 0..messages.max(crashes) {
        for index in people.into_iter().filter(|_| round < messages) {
            let text = format!("{index} says {round}");
            if world.clients[index].machine.is_some() {
                world.say(index, ["b", "a"][index], &text);
                // If that was cut off, nobody was told that it is sent.
                if world.clients[index].machine.is_some() {
                    said[index].push(text);
                }
            }
        }
        if round < crashes {
            wreck(&mut world, &mut dice);
        }
        for _ in 0..dice.throw(200) {
            world.step();
        }
        mend(&mut world);
    }
    world.until("everything is heard", |world| {
        // A crash that was still to come may have come.
        mend(world);
        people.iter().all(|&index| {
            let heard: HashSet<_> = world.heard(index).into_iter().collect();
            said[1 - index].iter().all(|text: &String| heard.contains(&**text))
        })
    });
    world.pass(Duration::from_secs(200));
    for index in people {
        let query = HistoryQuery::default().limit(usize::MAX);
        let mut history = world.client(index).search(&query).unwrap();
        history.reverse();
        let theirs = history.iter().filter(|entry| entry.from.as_str() == ["b", "a"][index]);
        let theirs: Vec<_> = theirs.map(|entry| &*entry.text).collect();
        // What was cut off while it was said may have been sent all the same, but once.
        let wanted = &said[1 - index];
        let of_wanted: Vec<_> =
            theirs.iter().filter(|text| wanted.iter().any(|said| said == *text)).collect();
        assert!(of_wanted.iter().map(|text| &***text).eq(wanted.iter().map(|text| &**text)));
        let once: HashSet<_> = theirs.iter().collect();
        assert_eq!(once.len(), theirs.len());
        assert_eq!(world.heard(index).len(), once.len(), "each was shown once");
    }
}

/// Ends one of the processes now, or in the middle of one of its next writes.
fn wreck(world: &mut World, dice: &mut Dice) {
    let crash = if dice.throw(2) == 0 { Crash::Kill } else { Crash::PowerCut };
    let writes = usize::try_from(dice.throw(40)).unwrap();
    match (dice.throw(3), dice.throw(2)) {
        (0, 0) => world.crash_server(crash),
        (0, _) => world.server_disk.crash_after(writes, crash),
        (number, 0) => world.crash_client(usize::try_from(number).unwrap() - 1, crash),
        (number, _) => {
            let disk = &world.clients[usize::try_from(number).unwrap() - 1].disk;
            disk.crash_after(writes, crash);
        }
    }
}

/// Starts whatever does not run.
fn mend(world: &mut World) {
    if world.server.is_none() {
        world.start_server();
    }
    for index in 0..world.clients.len() {
        if world.clients[index].machine.is_none() {
            world.start_client(index);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn whoever_is_killed_whenever_nothing_is_lost_doubled_or_out_of_order(seed: u64) {
        disaster(seed, 12, 10);
    }
}
