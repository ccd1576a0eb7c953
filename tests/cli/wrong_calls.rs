//! Wrong calls: status 2, one message, nothing sent.

use std::net::TcpListener;

use crate::{Program, Untouched};

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    Program::new(arguments).run().refuses(words);
}

/// With a target, so that it would be noticed if anything were sent.
#[track_caller]
fn refused_before_anything_is_sent(arguments: &[&str], words: &[&str]) {
    let target = Untouched::new();
    target.run().with(arguments).run().refuses(words);
}

#[test]
fn a_target_that_is_no_issuer_identifier() {
    for (target, words) in [
        ("as.example", "`as.example` has no scheme; write https://as.example (or http://as.example)"),
        ("//as.example", "has no scheme; write https://as.example"),
        ("localhost:8080", "has no scheme; write https://localhost:8080"),
        ("ftp://as.example", "has no scheme"),
        ("", "--target: it is empty; write https://host[:port][/path]"),
        ("http://", "`http://` is no URL (empty host)"),
        ("http://a b", "`http://a b` is no URL"),
        ("https://as.example/?tenant=1", "no query and no fragment (RFC 8414 section 2)"),
        ("https://as.example/#", "no query and no fragment"),
        ("https://ci:s3cr3t@as.example", "an issuer identifier has no user name; use --client-id"),
        ("https://as.example/.well-known/openid-configuration", "not the address of its metadata"),
        ("https://as.example/.well-known/oauth-authorization-server/t", "give the issuer identifier"),
    ] {
        refused(&["--target", target], &[words, "--target"]);
    }
}

#[test]
fn unknown_words_are_met_with_the_nearest_known_one() {
    refused(&["--targt", "x"], &["unexpected argument '--targt'", "'--target'"]);
    refused(&["--profile", "drat"], &["unknown profile `drat`; did you mean `draft`?", "mcp-ema"]);
    refused(&["--policy", "reply=reusable"], &["unknown policy `reply`; did you mean `replay`?"]);
    refused(&["--policy", "replay=reuseable"], &["value of `replay` `reuseable`; did you mean `reusable`?"]);
    refused(&["--policy", "replay"], &["`replay` has no `=`; write NAME=VALUE"]);
    refused(&["--idp-alg", "RS265"], &["unknown algorithm `RS265`; did you mean `RS256`?", "Ed25519"]);
    refused(&["--idp-alg", "HS256"], &["--idp-alg: unknown algorithm `HS256`"]);
    refused(&["--client-auth", "client_secret_bsic"], &["did you mean `client_secret_basic`?"]);
    refused(&["--intrusive", "always"], &["--intrusive: unknown value `always`", "(yes, no, auto)"]);
    refused(&["--client-id-in-body", "never"], &["--client-id-in-body", "(yes, no, auto)"]);
    refused(&["--report", "jsn=x"], &["unknown format `jsn`; did you mean `json`?"]);
    refused(&["explain", "audience::second-audiance"], &["did you mean `audience::second-audience`?"]);
    refused(&["explain", "IDJAG-4.4.1-aud-eqq"], &["did you mean `IDJAG-4.4.1-aud-eq`?"]);
    refused(&["playground", "--fault", "aud-not-cheked"], &["did you mean `aud-not-checked`?"]);
    refused(&["list", "--profile", "mcp-emma"], &["did you mean `mcp-ema`?"]);
    refused(&["lsit"], &["no case has `lsit` in its name; did you mean the command `jagspec list`?"]);
    refused(&["idp", "exprt"], &["unrecognized subcommand 'exprt'", "'export'"]);
}

#[test]
fn options_that_do_not_belong_together() {
    refused_before_anything_is_sent(&["--other-client-secret", "x"], &["add --other-client-id ID"]);
    refused_before_anything_is_sent(&["--other-client-id", "ci"], &["it is the client of --client-id"]);
    refused(&["--client-secret", "x", "--target", "http://as.example"], &["add --client-id ID"]);
    refused(&["--client-id", "ci"], &["the embedded playground has clients of its own; add --target URL"]);
    let without_secret = ["--target", "http://as.example", "--client-id", "ci", "--client-auth"];
    refused(
        &[&without_secret[..], &["client_secret_post"]].concat(),
        &["needs a secret; add --client-secret"],
    );
    refused(
        &[&without_secret[..], &["private_key_jwt"]].concat(),
        &["private_key_jwt needs a key; add --client-key FILE"],
    );
    refused(&["--client-key", "k.pem", "--target", "http://as.example"], &["add --client-id ID"]);
    refused_before_anything_is_sent(
        &["--unauthorized-client-secret", "x"],
        &["add --unauthorized-client-id ID"],
    );
    refused_before_anything_is_sent(
        &["--other-client-id", "two", "--public-client-id", "two"],
        &["--public-client-id: it is the client of --other-client-id; another one is needed"],
    );
    refused(&["--public-client-id", "p"], &["the embedded playground has clients of its own"]);
    // A target could not tell the client from the IdP.
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys/other-p256.pem");
    refused_before_anything_is_sent(
        &["--idp-key", key, "--client-key", key],
        &["--client-key: it is a signing key of the IdP as well", "jagspec idp key --make FILE"],
    );
    refused(&["--check-snapshot"], &["there is no snapshot to check; add --report snapshot=FILE"]);
    refused(&["--check-snapshot", "--report", "snapshot=-"], &["add --report snapshot=FILE"]);
    refused(&["--idp-tls-cert", "c.pem"], &["add --idp-tls-key FILE"]);
    refused(&["--idp-tls-key", "k.pem"], &["add --idp-tls-cert FILE"]);
    refused(&["idp", "export", "d"], &["--idp-issuer URL is needed"]);
}

#[test]
fn values_that_are_none() {
    refused(&["--claim", "email"], &["`email` has no `=`; write NAME=JSON, such as email='\"value\"'"]);
    refused(&["--claim", "email=a@b.example"], &["a string needs its quotes: email='\"a@b.example\"'"]);
    refused(&["--jobs", "0"], &["--jobs", "give 1 or more"]);
    refused(&["--jobs", "-1"], &["invalid value '-1' for '--jobs <N>'"]);
    refused(&["--jobs", "many"], &["invalid value 'many' for '--jobs <N>'"]);
    refused(&["--rate", "0"], &["--rate", "give 1 or more"]);
    refused(&["--timeout", "-1"], &["--timeout: -1 seconds; give a number from 0.05 to 86400"]);
    refused(&["--timeout", "0"], &["--timeout: 0 seconds"]);
    refused(&["--timeout", "NaN"], &["--timeout: NaN seconds"]);
    refused(&["--wait", "1e99"], &["--wait", "to 86400"]);
    refused(&["--wait", "-1"], &["--wait: -1 seconds; give a number from 0 to 86400"]);
    refused(&["--strict=perhaps"], &["'perhaps'", "--strict"]);
    refused(&["--idp-listen", "9555"], &["`9555` is not an address to listen on: write HOST:PORT"]);
    refused(&["--idp-listen", "host.invalid:1"], &["--idp-listen"]);
    refused(&["--idp-issuer", "idp.example"], &["write a URL that begins with https:// or http://"]);
    refused(&["playground", "--listen", "9556"], &["--listen: `9556` is not ADDRESS:PORT"]);
    refused(
        &["playground", "--listen", "127.0.0.1:0", "--issuer-path", "t"],
        &["`t` is no path for an issuer"],
    );
    refused(&["playground", "--idp-issuer", "idp"], &["`idp` cannot be the issuer identifier"]);
    // The value of a gateway's header is a secret, whatever is wrong with it.
    let target = Untouched::new();
    let finished = target.run().with(["--header", "X-Key s3cr3t"]).run();
    finished.refuses(&["--header: a header without `:`; write 'NAME: VALUE'"]);
    assert!(!finished.stderr.contains("s3cr3t"));
    refused_before_anything_is_sent(&["--header", "X Key: v"], &["is no header name (RFC 9110 section 5.1)"]);
    refused_before_anything_is_sent(&["--header", "X-Key: a\rb"], &["`X-Key` has a control character"]);
}

#[test]
fn files_that_cannot_be_used() {
    let target = Untouched::new();
    let run = || target.run().file("text", "no key").file("empty", "").file("bytes", b"\xff\xfe");
    let no_such = "No such file or directory";
    for (arguments, words) in [
        (["--idp-key", "absent"], ["--idp-key: cannot read the key file `absent`", "or correct the path"]),
        (["--idp-key", "text"], ["`text` holds no key", "make another with `jagspec idp key --make FILE`"]),
        (["--idp-key", "bytes"], ["`bytes` holds no key", "it is not text, perhaps DER; convert it"]),
        (["--idp-key", "."], ["--idp-key: cannot read the key file `.`", "name a PEM file"]),
        (
            ["--client-key", "absent"],
            ["--client-key: cannot read the key file `absent`", "or correct the path"],
        ),
        (["--client-key", "text"], ["--client-key: `text` holds no key", "make another with"]),
        (["--ca-cert", "absent"], ["--ca-cert absent", no_such]),
        (["--ca-cert", "text"], ["--ca-cert text: it holds no certificate", "give a PEM file"]),
        (["--suite", "absent.yaml"], ["cannot read `absent.yaml`", "check the path"]),
        (["--suite", "empty"], ["--> empty", "the file is empty"]),
        (["--suite", "bytes"], ["`bytes` is not UTF-8: the byte 0xff in line 1", "save it as UTF-8"]),
        (["--config", "absent.yaml"], ["cannot read `absent.yaml`", "check the path"]),
    ] {
        run().with(arguments).run().refuses(&words);
    }
    let small = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys/small-rsa.pem");
    run().with(["--idp-key", small]).run().refuses(&["RSA of 2048 bits or more"]);
    let tls = ["--idp-tls-cert", "text", "--idp-tls-key", "text"];
    run().with(tls).run().refuses(&["`text`"]);
}

#[test]
fn a_suite_with_a_mistake() {
    let target = Untouched::new();
    let suite = "suite: mine\ntitle: Mine\ncases:\n  - case: one\n    titel: One\n    level: MUST\n";
    let finished = target.run().file("mine.yaml", suite).with(["--suite", "mine.yaml"]).run();
    finished.refuses(&["unknown key `titel`", "--> mine.yaml:5:5", "did you mean `title`?"]);
    let program = target.run().with(["--suite", "."]);
    program.run().refuses(&["no suite file in the folder `.`", "suite files end in `.yaml`"]);
}

#[test]
fn a_selection_of_nothing() {
    let target = Untouched::new();
    let run = |arguments: &[&str]| target.run().with(arguments).run();
    run(&["no-such-case"])
        .refuses(&["no case has `no-such-case` in its name; `jagspec list` shows the names"]);
    run(&["--exact", "audience"]).refuses(&["no case is named `audience`"]);
    run(&["--skip", "::"]).refuses(&["no case is left without those of --skip `::`"]);
    run(&["audience", "--skip", "audience"]).refuses(&["without those of --skip `audience`"]);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let target = Untouched::new();
    let words = [address.as_str(), "is in use", "choose another with --idp-listen"];
    let run = ["--target", &target.url(), "--client-id", "ci"];
    Program::new(run).with(["--idp-listen", &address]).run().refuses(&words);
    Program::new(["idp", "serve", "--idp-listen", &address]).run().refuses(&words);
    Program::new(["doctor", "--idp-listen", &address]).run().refuses(&words);
    let words = [address.as_str(), "choose another address with --listen"];
    Program::new(["playground", "--listen", &address]).run().refuses(&words);
}
