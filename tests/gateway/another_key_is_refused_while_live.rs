//! Two keys, one stream: the second publisher is told BadName and the first is not disturbed.

use crate::harness::*;

#[test]
fn a_second_publisher_with_another_key_gets_bad_name() {
    let gateway = Gateway::start();
    let (first, second) = (gateway.key("demo"), gateway.key("demo"));
    let mut publisher = Publisher::demo(&first.publish_url);
    let epoch = gateway.wait_live("demo")["epoch"].clone();

    let mut intruder = Publisher::demo(&second.publish_url);
    assert!(!intruder.wait(s(10)).success());
    assert!(intruder.log().contains("Server error"), "{}", intruder.log());
    publisher.assert_running();
    let show = gateway.show("demo");
    assert_eq!((&show["state"], &show["epoch"]), (&"live".into(), &epoch));
}
