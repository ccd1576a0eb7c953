//! Below HTTP, and around it: no host, no connection, no TLS, no end.

use std::{
    io::Write as _,
    net::{Shutdown, TcpListener},
    sync::mpsc,
    time::Duration,
};

use jagspec::{
    clock::Clock,
    idp::{CertificateRequest, Idp, IdpConfig, TlsFiles, key_store},
};

use crate::{
    Expected, Program, check,
    folder::Folder,
    run_against,
    server::{Request, Server, around_tokens, hang, metadata, send, send_json, token, token_endpoint},
};

const UNREACHABLE: &str = "own.target-unreachable";

fn unreachable(says: &'static [&'static str]) -> Expected {
    Expected { status: 3, row: UNREACHABLE, says }
}

#[test]
fn a_host_without_an_address() {
    // Where no name server answers at all, the time limit may come first.
    let program = run_against("http://no-such-host.invalid").with(["--timeout", "5"]);
    check(&program, &unreachable(&["the target does not answer (own.target-unreachable)", "--target"]));
}

#[test]
fn a_port_at_which_nothing_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let program = run_against(&format!("http://{closed}"));
    check(&program, &unreachable(&["Nothing listens at the host and port of --target.", "--wait SECONDS"]));
}

#[test]
fn https_to_a_port_that_speaks_http() {
    let server = Server::start(around_tokens);
    let program = run_against(&server.url().replace("http:", "https:"));
    check(&program, &unreachable(&["The TLS handshake with the target failed.", "--ca-cert FILE"]));
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let folder = Folder::new();
    let request = CertificateRequest { hosts: Vec::new(), overwrite: false, now: Clock::System.now() };
    let files = request.make(folder.root()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let idp = runtime.block_on(Idp::start(IdpConfig {
        listen: "127.0.0.1:0".into(),
        issuer: None,
        keyring: key_store::fixed(),
        tls: Some(TlsFiles { certificate: files.certificate, key: files.key }),
        clock: Clock::System,
    }));
    let idp = idp.unwrap();
    let target = idp.issuer().as_str();
    let untrusted = run_against(target);
    check(&untrusted, &unreachable(&["The TLS handshake with the target failed.", "--ca-cert FILE"]));

    // With its CA, and without verification, it is reached: an IdP is no authorization server.
    let found = "jwt-bearer.token-endpoint-not-found";
    let trusted = run_against(target).with([std::ffi::OsStr::new("--ca-cert"), files.ca.as_os_str()]);
    check(&trusted, &Expected { status: 3, row: found, says: &["jwt-bearer.token-endpoint-not-found"] });
    let insecure = run_against(target).with(["--insecure"]);
    let says = &["INSECURE", "TLS certificates were not verified"];
    let (_, report) = check(&insecure, &Expected { status: 3, row: found, says });
    assert_eq!(report["run"]["insecure"], true);
}

#[test]
fn garbage_that_is_no_http() {
    let server = Server::connections(usize::MAX, |_, mut stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP \x1b[2J\r\n");
        hang(&stream);
    });
    check(&run_against(&server.url()), &unreachable(&["does not speak HTTP", "scheme, host and port"]));
}

#[test]
fn connections_that_are_closed_at_once() {
    let server = Server::connections(usize::MAX, |_, stream| drop(stream));
    check(&run_against(&server.url()), &unreachable(&["Check scheme, host and port of --target."]));
}

#[test]
fn connections_that_are_taken_and_not_answered() {
    let server = Server::start(|_, stream| hang(stream));
    let says = &["takes the connection and does not answer in time", "--timeout SECONDS"];
    check(&run_against(&server.url()), &unreachable(says));
}

#[test]
fn a_reset_in_the_middle_of_a_body() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"issuer\":");
        let _ = stream.shutdown(Shutdown::Both);
    });
    let says = &["the connection was closed before the answer was complete"];
    check(&run_against(&server.url()), &unreachable(says));
}

#[test]
fn bytes_that_drip_slower_than_the_time_limit() {
    let server = Server::start(|_, stream| {
        let (_never, drop) = mpsc::channel::<()>();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            let _ = drop.recv_timeout(Duration::from_millis(50));
        }
    });
    check(&run_against(&server.url()), &unreachable(&["no complete answer came within the time limit"]));
}

#[test]
fn a_body_without_an_end() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    check(&run_against(&server.url()).with(["--timeout", "5"]), &no_metadata(&["is longer than 1024 KiB"]));
}

#[test]
fn a_body_that_is_announced_as_gigantic() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8000000000\r\n\r\n");
        while stream.write_all(&[b'{'; 0x10000]).is_ok() {}
    });
    check(&run_against(&server.url()).with(["--timeout", "5"]), &no_metadata(&["is longer than 1024 KiB"]));
}

#[test]
fn a_flood_of_headers() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        for number in 0..100_000 {
            if stream.write_all(format!("X-{number}: {}\r\n", "y".repeat(100)).as_bytes()).is_err() {
                break;
            }
        }
    });
    check(&run_against(&server.url()), &unreachable(&["Check scheme, host and port of --target."]));
}

fn no_metadata(says: &'static [&'static str]) -> Expected {
    Expected { status: 3, row: "registration.discovery-failed", says }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::start(|request, stream| send_json(stream, 200, &metadata(&request.issuer)));
    let place = format!("Location: {}/moved", elsewhere.url());
    let server = Server::start(move |request, stream| match request.method.as_str() {
        // In a circle, and to another host.
        "GET" if request.path.ends_with("server") => {
            send(stream, 302, &[&format!("Location: {}", request.path)], "");
        }
        "GET" => send(stream, 301, &[&place], ""),
        _ => send(stream, 307, &[&place], ""),
    });
    check(&run_against(&server.url()), &no_metadata(&["redirects to", "which is not followed"]));
    assert_eq!(elsewhere.connections_taken(), 0);
}

/// Good answers to `count` requests, then nobody listens any more.
fn dying(count: usize) -> Server {
    Server::dying(count, token_endpoint(|_, stream| send_json(stream, 200, &token())))
}

#[test]
fn a_target_that_dies_in_the_middle_of_the_run() {
    // The cases of this suite expect a token, so what was answered has passed.
    let server = dying(24);
    let says = &["The target answered at first; later no answer came any more.", "NOT CARRIED OUT"];
    let program = run_against(&server.url()).with(["token-response", "--jobs", "1"]);
    let (_, report) = check(&program, &unreachable(says));
    assert!(report["summary"]["error"].as_u64() > Some(0), "{}", report["summary"]);
    assert!(report["summary"]["pass"].as_u64() > Some(0), "{}", report["summary"]);
}

#[test]
fn a_target_that_dies_after_a_must_was_broken() {
    let server = dying(60);
    let finished = check_broken(&run_against(&server.url()).with(["--jobs", "4"]));
    assert!(finished.contains("own.target-unreachable"), "{finished}");
}

/// Failures outrank errors; both are told.
fn check_broken(program: &Program) -> String {
    let finished = program.run();
    finished.says(1, &["✗ FAIL", "NOT CARRIED OUT"]);
    finished.stdout
}

#[test]
fn a_target_that_hangs_in_the_middle_of_the_run_is_given_up() {
    // Discovery, the baseline and the first suite are answered. Then each control would cost a time limit, in every
    // suite.
    let server = Server::start(token_endpoint(|request: &Request, stream| {
        if request.number < 8 { send_json(stream, 200, &token()) } else { hang(stream) }
    }));
    let cases = ["audience::one-element-array", "lifetime::past-nbf", "subject::client-as-subject"];
    let more = ["--exact", "signature::kid/absent", "token-response::accepted"];
    let program = run_against(&server.url()).with(cases).with(more);
    let (_, report) =
        check(&program, &unreachable(&["3 controls in a row got no answer, so no more are sent"]));
    assert_eq!(report["summary"]["pass"], 1, "{}", report["summary"]);
    assert_eq!(report["summary"]["error"], 4, "{}", report["summary"]);
}

#[test]
fn a_target_that_starts_late_is_waited_for() {
    // The first two requests get no answer.
    let server = Server::start(|request: &Request, stream| {
        if request.number >= 2 {
            send(stream, 404, &[], "");
        }
    });
    let program = run_against(&server.url()).with(["--wait", "20"]);
    check(&program, &no_metadata(&["registration.discovery-failed"]));

    let never = Server::connections(usize::MAX, |_, stream| drop(stream));
    let program = run_against(&never.url()).with(["--wait", "0.6"]);
    check(&program, &unreachable(&["the target does not answer"]));
    assert!(never.connections_taken() > 3, "it asked again");
}
