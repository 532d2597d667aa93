//! Stream names with traversal, control characters, markup and 4 KiB.

use crate::harness::*;

fn names() -> Vec<String> {
    let mut names: Vec<_> =
        ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "a%00b", "a%0d%0aX-Evil:%201"]
            .into_iter()
            .chain([
                "<script>alert(1)</script>",
                "%3Cscript%3Ealert(1)%3C/script%3E",
                "a%ff%fe",
                "%",
                "%zz",
                ".",
                "..",
                "a/../demo",
            ])
            .map(str::to_owned)
            .collect();
    names.push("n".repeat(4096));
    names
}

#[test]
fn play_urls_with_hostile_names_are_plain_refusals() {
    let gateway = Gateway::start();
    for name in names() {
        for target in [format!("/live/{name}.flv"), format!("/live/{name}/index.m3u8"), format!("/live/{name}/status")]
        {
            let reply = get(gateway.http, &target);
            assert!(matches!(reply.status, 400 | 404 | 405 | 414 | 431), "{target}: {}", reply.status);
            assert!(reply.header("x-evil").is_none(), "{target}");
            let text = reply.text();
            assert!(!text.contains("root:") && !text.contains("<script>"), "{target}: {text}");
        }
        let page = get(gateway.http, &format!("/watch/{name}"));
        assert!(!page.text().contains("alert(1)"), "the page echoes {name:?}");
    }
    gateway.assert_healthy();
}

#[test]
fn the_command_line_refuses_hostile_names_with_one_line() {
    let gateway = Gateway::start();
    for name in names().into_iter().chain(["a\nb".into(), "a\u{1b}[31mb".into(), String::new()]) {
        let output = gateway.cli(&["key", "create", &name]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{name:?}: {text}");
        assert!(!text.contains('\u{1b}') && !text.contains("panicked"), "{name:?}: {text:?}");
    }
    gateway.assert_healthy();
}

#[test]
fn publishers_with_hostile_names_are_refused_and_others_go_on() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut good = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    for name in ["../../etc/passwd", "%00", "<script>", &"n".repeat(4096)] {
        let mut bad = Publisher::demo(&format!("{}/{name}?key={}", key.server_url, key.secret));
        assert!(!bad.wait(s(10)).success(), "{name}");
    }
    good.assert_running();
    gateway.assert_healthy();
}
