//! Addresses, differences and values of the snapshot. Whole snapshots are under review in `tests/reports/`.

use super::*;

#[test]
fn the_longest_known_address_is_named_and_no_longer_port_is_cut() {
    let known = Known {
        replacements: vec![
            ("http://127.0.0.1:9555".to_owned(), "${idp.issuer}"),
            ("https://as.example".to_owned(), "${target.issuer}"),
            ("https://as.example".to_owned(), "${target.origin}"),
            ("https://as.example/token".to_owned(), "${target.token_endpoint}"),
            (String::new(), "${nothing}"),
        ],
    };
    assert_eq!(known.replace("https://as.example/token, https://as.example/x, http://127.0.0.1:95551"), {
        "${target.token_endpoint}, ${target.issuer}/x, http://127.0.0.1:95551"
    });
    assert_eq!(known.replace("http://127.0.0.1:9555/jwks"), "${idp.issuer}/jwks");
}

#[test]
fn well_known_addresses_are_told_by_the_origin() {
    let text = include_str!("../../../fixtures/report/mixed.json");
    let mut report: Report = serde_json::from_str(text).unwrap();
    report.target.issuer = "https://as.example:8443/tenant".to_owned();
    let known = Known::of(&report);
    assert_eq!(
        known.replace("https://as.example:8443/.well-known/x/tenant, https://as.example:8443/tenant/x"),
        { "${target.origin}/.well-known/x/tenant, ${target.issuer}/x" }
    );
}

#[test]
fn a_difference_is_a_unified_diff_and_line_endings_are_none() {
    assert_eq!(compare("a\r\nb\r\n", "a\nb\n"), None);
    let diff = compare("a\nb\x1b[0m\n", "a\nc\n").unwrap();
    assert_eq!(diff, {
        "--- snapshot as it was\n+++ snapshot of this run\n@@ -1,2 +1,2 @@\n a\n-b\\x1b[0m\n+c\n"
    });
}

#[test]
fn a_string_that_looks_like_a_number_keeps_its_quotes() {
    let known = Known::default();
    let snapshot = Snapshot { known: &known, out: String::new() };
    let shown = |value| snapshot.scalar(&value);
    assert_eq!(shown(Value::from("300")), "\"300\"");
    assert_eq!(shown(Value::from(300)), "≈ 300");
    assert_eq!(shown(Value::from("reusable")), "reusable");
    assert_eq!(shown(Value::from("")), "\"\"");
    assert_eq!(shown(Value::Null), "null");
}

#[test]
fn the_header_of_insta_is_no_part_of_a_snapshot() {
    let header = "---\r\nsource: tests/as.rs\r\nexpression: text\r\n---\r\n";
    assert_eq!(insta_header(&format!("{header}# jagspec\r\n---\r\n")), header);
    assert_eq!(compare(&format!("{header}a\n"), "a\n"), None);
    assert!(compare(&format!("{header}a\n"), "b\n").unwrap().contains("-a\n+b\n"));
    for none in ["", "# jagspec\n---\n", "---\nwithout an end\n", "---"] {
        assert_eq!(insta_header(none), "");
    }
}

#[test]
fn numbers_that_differ_by_little_are_in_one_bucket() {
    for (numbers, shown) in [
        (&[299., 300., 301., 280.][..], "≈ 300"),
        (&[59., 60., 63.], "≈ 60"),
        (&[3599., 3600., 3605.5], "≈ 3600"),
        (&[0., 0.04, -0.1], "≈ 0"),
        (&[0.9, 1., 1.2], "≈ 1"),
        (&[-4.8, -5., -5.5], "≈ -5"),
        (&[86_399., 86_400., 86_401.], "≈ 86400"),
        (&[19_900_000., 20_000_000.], "≈ 20000000"),
        (&[999_999., 1_000_000., 1_000_001.], "≈ 1000000"),
    ] {
        for number in numbers {
            assert_eq!(bucket(*number), shown, "{number}");
        }
    }
    // A setting that is another one is in another bucket.
    let middles: std::collections::BTreeSet<String> = MIDDLES.iter().map(|middle| bucket(*middle)).collect();
    assert_eq!(middles.len(), MIDDLES.len());
    for extreme in [f64::MAX, f64::MIN, f64::MIN_POSITIVE] {
        assert!(bucket(extreme).starts_with('≈'));
    }
}
