use super::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn defined(lists: &[&str]) -> Result<Variables, Why> {
    let base = url("http://o/a?token=s%2F1&odd=%22");
    let mut variables = Variables::of(&base)?;
    lists.iter().try_for_each(|list| variables.define(list, &base))?;
    Ok(variables)
}

#[test]
fn references_are_expanded_and_values_may_refer_to_earlier_ones() {
    let variables =
        defined(&[r#"NAME="a",VALUE="1""#, r#"NAME="b-_2",VALUE="<{$a}>""#, r#"QUERYPARAM="token""#]).unwrap();
    assert_eq!(variables.expand("x{$b-_2}{$a}y{$token}").unwrap(), "x<1>1ys/1");
    assert_eq!(variables.expand("{a}$a{$}{$a b}{$").unwrap(), "{a}$a{$}{$a b}{$", "these are no references");
    assert_eq!(variables.expand("{${$a}}").unwrap(), "{$1}");
    assert_eq!(variables.expand("{$c}"), Err(Why::Undefined));
    assert_eq!(variables.expand_known("{$c}{$a}").unwrap(), "{$c}1");
}

#[test]
fn what_a_multivariant_playlist_defines_can_be_imported_from_it() {
    let variables = defined(&[r#"NAME="a",VALUE="x=1&y#=%2F+ü""#, r#"NAME="b",VALUE="2""#]).unwrap();
    let mut media = url("http://o/media.m3u8?z");
    variables.hand_on(&mut media).unwrap();
    let mut of_media = Variables::of(&media).unwrap();
    assert_eq!(of_media.expand("{$a}"), Err(Why::Undefined), "it must be imported");
    of_media.define(r#"IMPORT="a""#, &media).unwrap();
    assert_eq!(of_media.expand("{$a}").unwrap(), "x=1&y#=%2F+ü");
    assert_eq!(of_media.define(r#"IMPORT="c""#, &media), Err(Why::Undefined));
    let mut rendition = url("http://o/media.m3u8?z");
    of_media.hand_on(&mut rendition).unwrap();
    assert_eq!(rendition, media, "so that a report names the URL that the multivariant playlist gave");
}

#[test]
fn without_variables_nothing_is_handed_on() {
    let mut media = url("http://o/media.m3u8");
    defined(&[]).unwrap().hand_on(&mut media).unwrap();
    assert_eq!(media.fragment(), None);
    assert!(Variables::of(&url("http://o/#a=1")).unwrap().importable.is_empty());
}

#[test]
fn broken_definitions_are_refused() {
    for lists in [
        &[r#"NAME="a""#][..],
        &[r#"VALUE="a""#],
        &["X=1"],
        &[r#"NAME="a b",VALUE="1""#],
        &[r#"NAME="",VALUE="1""#],
        &[r#"QUERYPARAM="odd""#],
        &[r#"NAME="a",VALUE="1""#, r#"NAME="a",VALUE="1""#],
    ] {
        assert_eq!(defined(lists).unwrap_err(), Why::Variable, "{lists:?}");
    }
    assert_eq!(defined(&[r#"QUERYPARAM="none""#]).unwrap_err(), Why::Undefined);
    assert_eq!(defined(&[r#"NAME="a",VALUE="1"#]).unwrap_err(), Why::Quote);
}

#[test]
fn variables_are_bounded_in_number_length_and_growth() {
    let list: Vec<_> = (0..=VARIABLES_MAX).map(|n| format!("NAME=\"{n}\",VALUE=\"\"")).collect();
    let list: Vec<_> = list.iter().map(String::as_str).collect();
    assert!(defined(&list[1..]).is_ok());
    assert_eq!(defined(&list).unwrap_err(), Why::Variable);

    let value = "x".repeat(VARIABLES_LEN_MAX - 1);
    let variables = defined(&[&format!("NAME=\"a\",VALUE=\"{value}\"")]).unwrap();
    assert_eq!(defined(&[&format!("NAME=\"a\",VALUE=\"{value}x\"")]).unwrap_err(), Why::Variable);
    let many = "{$a}".repeat(EXPANDED_MAX / value.len() + 1);
    assert_eq!(variables.expand(&many), Err(Why::Variable));

    let doubling: Vec<_> = (1..40).map(|n| format!("NAME=\"v{n}\",VALUE=\"{{$v{0}}}{{$v{0}}}\"", n - 1)).collect();
    let lists: Vec<_> = std::iter::once(r#"NAME="v0",VALUE="xx""#).chain(doubling.iter().map(String::as_str)).collect();
    assert_eq!(defined(&lists).unwrap_err(), Why::Variable);
    assert!(Variables::of(&url(&format!("http://o/#{FRAGMENT}{}", "a".repeat(5 * VARIABLES_LEN_MAX)))).is_err());
}

#[test]
fn names_are_bounded_and_references_without_end_take_no_time() {
    let named = |len: usize| defined(&[&format!("NAME=\"{}\",VALUE=\"1\"", "n".repeat(len))]);
    let longest = named(NAME_MAX).unwrap();
    assert_eq!(longest.expand(&format!("{{${}}}", "n".repeat(NAME_MAX))).unwrap(), "1");
    assert_eq!(named(NAME_MAX + 1).unwrap_err(), Why::Variable);
    let text = "{$".repeat(EXPANDED_MAX / 2);
    assert_eq!(longest.expand(&text).unwrap(), text);
}
