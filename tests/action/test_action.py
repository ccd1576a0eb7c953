"""The action's steps, executed by the runner of runner.py: against the embedded playground, against a faulty one, and
against what people and servers get wrong. JAGSPEC is the program, JAGSPEC_TARGET_DIR where cargo built it."""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

from runner import Action, Job

ROOT = Path(__file__).resolve().parents[2]
JAGSPEC = os.environ["JAGSPEC"]
VERSION = subprocess.run([JAGSPEC, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
COUNTS = ("pass", "fail", "warn", "skip", "inconclusive", "error")
REPORTS = ("json", "junit", "html", "markdown", "sarif", "snapshot")
KEY = ROOT / "fixtures/keys/published-rs256.pem"
CLIENT = {"client-id": "todo-app-at-todos", "client-secret": "todo-app-secret"}

# Stands in for jagspec: writes down how it is called, and what its key file may be read by.
RECORDER = """#!/bin/sh
env -0 >"$RECORD.environment"
printf '%s\\0' "$@" >"$RECORD.arguments"
[ -z "${JAGSPEC_IDP_KEY:-}" ] || { ls -l "$JAGSPEC_IDP_KEY"; cat "$JAGSPEC_IDP_KEY"; } >"$RECORD.key"
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def serving(answer):
    """An HTTP server on loopback; `answer` gives status, content type and body of a path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class ActionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="jagspec-action-")
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)
        self.temp, self.workspace = self.base / "temp", self.base / "workspace"
        for made in (self.temp, self.workspace, self.temp / "home"):
            made.mkdir()
        # Where the runner would keep it.
        self.folder = self.base / "_actions/owner/jagspec/v1"
        self.folder.parent.mkdir(parents=True)
        self.folder.symlink_to(ROOT)
        self.record = self.base / "record"
        self.program = JAGSPEC
        self.cached = True

    def use(self, name, inputs):
        """What actions/cache does: it restores the program, where there is one."""
        if name.startswith("actions/cache/restore@") and self.cached:
            program = Path(inputs["path"], "bin/jagspec")
            program.parent.mkdir(parents=True)
            program.symlink_to(self.program)
            return {"cache-hit": "true"}, 0
        return {}, 0

    def act(self, inputs=None, **environment):
        environment = {
            "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "GITHUB_REPOSITORY": "somebody/server",
            "no_proxy": "127.0.0.1", "RECORD": str(self.record), **environment,
        }
        run = Action(self.folder, self.temp, self.workspace, environment).run(inputs, self.use)
        self.assertEqual([], run.forbidden, run.raw)
        self.assertEqual([], list(self.temp.glob("jagspec-private.*")), "private files are left behind")
        return run

    def use_recorder(self):
        self.program = self.base / "recorder"
        self.program.write_text(RECORDER)
        self.program.chmod(0o755)

    def act_recorded(self, inputs=None, **environment):
        """What came of it, and the environment and the arguments that jagspec would get."""
        self.use_recorder()
        run = self.act(inputs, **environment)
        variables = (self.base / "record.environment").read_text().split("\0")
        variables = dict(one.split("=", 1) for one in variables if one)
        return run, variables, (self.base / "record.arguments").read_text().split("\0")[:-1]

    def playground(self, *faults):
        """Starts one; the inputs that test it."""
        idp = f"127.0.0.1:{free_port()}"
        arguments = ["--listen", "127.0.0.1:0", "--idp-issuer", f"http://{idp}", *(["--fault", *faults] if faults else [])]
        server = subprocess.Popen([JAGSPEC, "playground", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def stop():
            server.kill()
            server.wait()
            server.stdout.close()

        self.addCleanup(stop)
        for line in server.stdout:
            if line.startswith("issuer "):
                return {"target": line.split()[1], "idp-listen": idp, **CLIENT}
        self.fail("the playground does not start")

    def assert_status(self, status, run):
        self.assertEqual(status, run.status, run.raw)
        self.assertEqual(str(status), run.outputs["exit-status"])

    def assert_nothing_made(self, *names):
        for folder in (self.workspace, self.temp, ROOT):
            for name in names:
                self.assertFalse((folder / name).exists(), f"{folder / name} was made: an input was executed")


class Runs(ActionTest):
    def test_the_correct_playground(self):
        run = self.act()
        self.assert_status(0, run)
        report = json.loads(Path(run.outputs["json"]).read_text())
        self.assertEqual({name: str(report["summary"][name]) for name in COUNTS}, {name: run.outputs[name] for name in COUNTS})
        self.assertGreater(int(run.outputs["pass"]), 100)
        for name in REPORTS:
            file = Path(run.outputs[name])
            self.assertGreater(file.stat().st_size, 0, name)
            self.assertEqual(run.outputs["report-dir"], str(file.parent), name)
        self.assertEqual("2.1.0", json.loads(Path(run.outputs["sarif"]).read_text())["version"])
        self.assertEqual(Path(run.outputs["markdown"]).read_text(), run.summary)
        self.assertIn("✓ PASS", run.summary)
        self.assertEqual("", run.outputs["diagnosis-row"])
        self.assertEqual([], run.of_kind("error"))
        self.assertEqual(1, len(run.of_kind("notice")))
        self.assertIn("every MUST that could be tested holds", run.log)

    def test_a_faulty_server(self):
        run = self.act(self.playground("aud-multi-element-array"))
        self.assert_status(1, run)
        self.assertEqual([], [name for name, value in run.outputs.items() if not value], "outputs that are not set")
        self.assertEqual("4", run.outputs["fail"])
        self.assertEqual("jwt-bearer.invalid-grant.aud", run.outputs["diagnosis-row"])
        self.assertIn("does not check `aud`", run.outputs["diagnosis-cause"])
        self.assertIn("Compare `aud`", run.outputs["diagnosis-fix"])
        self.assertIn("jwt-bearer.invalid-grant.aud", run.summary)
        self.assertIn("Compare `aud`", run.of_kind("error")[0])
        self.assertEqual(5, len(run.of_kind("error")))
        sarif = json.loads(Path(run.outputs["sarif"]).read_text())
        self.assertEqual(4, len([one for one in sarif["runs"][0]["results"] if one["level"] == "error"]))

    def test_a_wrong_call(self):
        reports = self.workspace / "reports"
        reports.mkdir()
        (reports / "report.json").write_text('{"of": "an earlier run"}')
        run = self.act({"profile": "drat", "report-dir": "reports"})
        self.assert_status(2, run)
        for name in (*COUNTS, *REPORTS, "diagnosis-row"):
            self.assertEqual("", run.outputs[name], name)
        self.assertIn("did you mean `draft`?", run.of_kind("error")[0])
        self.assertTrue(run.summary.startswith("## jagspec: no run (exit status 2)\n"), run.summary)
        self.assertIn("    error: --profile: unknown profile `drat`", run.summary)

    def test_a_server_that_does_not_answer(self):
        run = self.act({"target": f"http://127.0.0.1:{free_port()}", "idp-listen": "127.0.0.1:0", **CLIENT})
        self.assert_status(3, run)
        self.assertEqual("own.target-unreachable", run.outputs["diagnosis-row"])
        self.assertEqual("0", run.outputs["pass"])
        self.assertNotEqual("", run.outputs["json"])

    def test_some_cases_in_a_folder_with_reports_in_another(self):
        (self.workspace / "server").mkdir()
        (self.workspace / "server/jagspec.yaml").write_text("strict: true\n")
        run = self.act({"working-directory": "server", "report-dir": "out/reports", "args": "audience::"})
        self.assert_status(0, run)
        self.assertEqual(str(self.workspace / "server/out/reports"), run.outputs["report-dir"])
        report = json.loads(Path(run.outputs["json"]).read_text())
        self.assertEqual((["audience::"], True), (report["run"]["filter"], report["run"]["strict"]))

    def test_two_runs_of_one_job(self):
        first, second = self.act({"args": "audience::"}), self.act({"args": "issuer::"})
        self.assertNotEqual(first.outputs["json"], second.outputs["json"])
        self.assertEqual((1, 0), (len(first.used), len(second.used)), "the program is there already")

    def test_a_snapshot(self):
        inputs = {"snapshot": "checked-in.snap", "args": "audience::"}
        run = self.act(inputs)
        self.assert_status(0, run)
        self.assertIn("checked-in.snap does not exist", run.of_kind("warning")[0])
        run = self.act(inputs)
        self.assert_status(0, run)
        self.assertEqual([], run.of_kind("warning"))
        self.assertEqual(str(self.workspace / "checked-in.snap"), run.outputs["snapshot"])
        snapshot = Path(run.outputs["snapshot"])
        right = snapshot.read_text()
        snapshot.write_text(right.replace("pass", "fail", 1))
        run = self.act({**inputs, "check-snapshot": "false"})
        self.assert_status(0, run)
        snapshot.write_text(right.replace("pass", "fail", 1))
        run = self.act(inputs)
        self.assert_status(1, run)
        self.assertIn("the snapshot differs", run.log)
        run = self.act({"check-snapshot": "true"})
        self.assertEqual(2, run.status)
        self.assertIn("name the file with `snapshot`", run.of_kind("error")[0])


class Options(ActionTest):
    def test_each_input_that_is_an_option_becomes_its_variable(self):
        env = Action(ROOT, None, None, {}).file["runs"]["steps"][-1]["env"]
        options = {name.removeprefix("OPTION_"): value for name, value in env.items() if name.startswith("OPTION_")}
        self.assertGreater(len(options), 30)
        inputs = {value.removeprefix("${{ inputs.").removesuffix(" }}"): f"value of {name}" for name, value in options.items()}
        files = ("idp-key", "idp-tls-cert", "idp-tls-key", "client-key", "ca-cert")
        for name in files:
            (self.workspace / inputs[name]).touch()
        run, variables, _ = self.act_recorded({**inputs, "claim": "a=1\nb=2\n", "snapshot": "x.snap"})
        expected = {f"JAGSPEC_{name}": f"value of {name}" for name in options}
        expected["JAGSPEC_CLAIM"] = "a=1\nb=2"
        self.assertEqual(expected, {name: value for name, value in variables.items() if name.startswith("JAGSPEC_")})

    def test_what_is_not_given_is_not_set(self):
        _, variables, _ = self.act_recorded()
        self.assertEqual([], [name for name in variables if name.startswith("JAGSPEC_")])
        _, variables, _ = self.act_recorded(JAGSPEC_RATE="3", JAGSPEC_JOBS="1", inputs={"jobs": "2"})
        self.assertEqual(("3", "2"), (variables["JAGSPEC_RATE"], variables["JAGSPEC_JOBS"]))

    def test_a_key_as_text_is_a_file_for_its_owner_only(self):
        text = KEY.read_text()
        run, variables, _ = self.act_recorded({"idp-key": text})
        listing, key = (self.base / "record.key").read_text().split("\n", 1)
        self.assertTrue(listing.startswith("-rw-------"), listing)
        self.assertEqual(text.strip(), key.strip())
        self.assertTrue(variables["JAGSPEC_IDP_KEY"].startswith(str(self.temp)))
        self.assertFalse(Path(variables["JAGSPEC_IDP_KEY"]).exists())

    def test_a_key_as_a_file(self):
        shutil.copy(KEY, self.workspace / "idp.pem")
        _, variables, _ = self.act_recorded({"idp-key": "idp.pem"})
        self.assertEqual("idp.pem", variables["JAGSPEC_IDP_KEY"])

    def test_a_key_that_is_neither_is_not_shown(self):
        mangled = base64.b64encode(KEY.read_bytes()).decode()
        run = self.act({"idp-key": mangled})
        self.assertEqual(2, run.status)
        self.assertIn("idp-key: neither the text of a PEM file", run.of_kind("error")[0])
        self.assertNotIn(mangled[:40], run.without_masks())


class Arguments(ActionTest):
    def arguments(self, text):
        """The words that the input `args` becomes."""
        run, _, arguments = self.act_recorded({"args": text})
        self.assertEqual(0, run.status, run.raw)
        return arguments[: arguments.index("--show-secrets=false")]

    def test_words_are_as_in_a_shell(self):
        self.assertEqual([], self.arguments(" \n "))
        self.assertEqual(["audience", "issuer", "--jobs", "2"], self.arguments("audience issuer\n--jobs   2\n"))
        self.assertEqual(["--claim", 'email="a b"', "it's", "", "back\\slash"], self.arguments("""--claim 'email="a b"' "it's" '' back\\\\slash"""))

    def test_nothing_is_expanded_or_executed(self):
        for text in ("$(touch made) `touch made`", "; touch made", "a && touch made", '$HOME * ~ {a,b} <(touch made) >made', "| touch made"):
            self.assertEqual(text.split(), self.arguments(text))
        self.assert_nothing_made("made")

    def test_a_quote_that_is_not_closed(self):
        run = self.act({"args": "audience 'issuer"})
        self.assertEqual(2, run.status)
        self.assertIn("args: ", run.of_kind("error")[0])
        self.assertIn("quote", run.of_kind("error")[0])

    def test_secrets_are_not_shown_even_if_asked(self):
        for word in ("--show-secrets", "--show-secrets=true"):
            run = self.act({"args": word})
            self.assertEqual(2, run.status)
            self.assertIn("--show-secrets would publish secrets", run.of_kind("error")[0])
        (self.workspace / "jagspec.yaml").write_text("show-secrets: true\n")
        run = self.act({"args": "audience::"}, JAGSPEC_SHOW_SECRETS="true")
        self.assert_status(0, run)
        self.assertFalse(json.loads(Path(run.outputs["json"]).read_text())["run"]["secrets_shown"])

    def test_reports_of_ones_own_come_beside_the_actions(self):
        run = self.act({"args": "audience:: --report har=exchanges.har"})
        self.assert_status(0, run)
        self.assertTrue((self.workspace / "exchanges.har").exists())
        self.assertNotEqual("", run.outputs["json"])

    def test_no_input_is_executed(self):
        evil = "$(touch made)`touch made`\"; touch made; '\n::set-output name=pass::999\n##[set-output name=pass]999"
        names = set(Action(ROOT, None, None, {}).file["inputs"]) - {"install-only", "args"}
        # These end the run before jagspec would be called; alone, so that they do not hide the others.
        ending = {"version", "working-directory", "idp-key", "idp-tls-cert", "idp-tls-key", "client-key", "ca-cert"}
        self.use_recorder()
        for inputs in (*({name: evil} for name in sorted(ending)), {name: evil for name in names - ending}):
            run, variables, _ = self.act_recorded(inputs) if "target" in inputs else (self.act(inputs), {}, [])
            self.assertEqual("target" in inputs, run.status == 0, run.raw)
            self.assertEqual("", run.outputs["pass"])
            self.assertEqual(evil if variables else "", variables.get("JAGSPEC_TARGET", ""))
        self.assert_nothing_made("made")


class Secrets(ActionTest):
    def forms(self, secret, client):
        """A secret as it could be written: as it is, by lines, in forms, in URLs, in JSON, in HTTP Basic."""
        form = urllib.parse.quote_plus(secret)
        basic = f"{urllib.parse.quote_plus(client)}:{form}"
        yield from (secret, form, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1])
        yield from (base64.b64encode(one.encode()).decode() for one in (secret, basic, f"{client}:{secret}"))
        yield from (line for line in secret.splitlines() if len(line) > 8 and not line.startswith("-----"))

    def assert_secret(self, run, secret, client=""):
        places = {"log": run.without_masks(), "summary": run.summary}
        for file in (*self.temp.rglob("*"), *self.workspace.rglob("*")):
            if file.is_file() and not file.is_symlink() and not file.name.startswith("GITHUB_OUTPUT"):
                places[str(file)] = file.read_text(errors="replace")
        for form in self.forms(secret, client):
            for name, text in places.items():
                self.assertFalse(form in text, f"a secret is in {name}")
        for line in secret.splitlines():
            if line and not line.startswith("-----"):
                escaped = line.replace("%", "%25")
                self.assertTrue(f"::add-mask::{escaped}\n" in run.raw, "a line is not masked")
        self.assertTrue(secret in run.masks, "the whole is not masked")

    def test_right_ones_of_several_lines_and_with_special_characters(self):
        inputs = self.playground("aud-multi-element-array")
        # The playground knows this client.
        inputs |= {"client-id": "notes-app", "client-secret": "notes:app+100% sécret", "header": "X-Gateway: the gateway's \"value\" & more"}
        inputs |= {"idp-key": KEY.read_text(), "keep-exchanges": "true"}
        run = self.act(inputs)
        self.assert_status(1, run)
        self.assertGreater(int(run.outputs["pass"]), 100, "the secrets are right")
        self.assert_secret(run, inputs["client-secret"], "notes-app")
        self.assert_secret(run, inputs["idp-key"])
        self.assert_secret(run, "the gateway's \"value\" & more")

    def test_wrong_ones(self):
        for secret in ("line-one-of-two\nline-two ::error::x", "$(touch made) \"'`%0A::set-output name=pass::9", "100%-secret-%25-\\n<&>", "ünïcode-sécret-✓"):
            run = self.act({**self.playground(), "client-secret": secret})
            self.assertNotEqual(0, run.status)
            self.assert_secret(run, secret, CLIENT["client-id"])
        self.assert_nothing_made("made")

    def test_those_of_the_jobs_own_variables(self):
        inputs = self.playground()
        del inputs["client-secret"]
        run = self.act(inputs, JAGSPEC_CLIENT_SECRET="todo-app-secret", JAGSPEC_HEADER="X-Gateway: from the job")
        self.assert_status(0, run)
        self.assert_secret(run, "todo-app-secret", CLIENT["client-id"])
        self.assert_secret(run, "from the job")

    def test_paths_are_none(self):
        shutil.copy(KEY, self.workspace / "idp.pem")
        run = self.act({"idp-key": "idp.pem", "args": "audience::"})
        self.assert_status(0, run)
        self.assertEqual([], run.masks)


class HostileServers(ActionTest):
    def test_what_a_server_says_is_no_command(self):
        # Text is wrapped: one of many words stands at the beginning of a line, where a command may. The old form may
        # stand anywhere.
        attack = "::error::forged " * 40 + "##[add-mask]pass ##[set-output name=fail]0\n::set-output name=pass::999"

        def answer(path):
            if ".well-known" in path:
                body = {"issuer": address[0], "token_endpoint": address[0] + "/token", "grant_types_supported": [attack], attack: attack}
                return 200, "application/json", json.dumps(body).encode()
            body = {"error": "invalid_grant", "error_description": attack, attack: attack}
            return 400, "application/json", json.dumps(body).encode()

        address = []
        with serving(answer) as target:
            address.append(target)
            run = self.act({"target": target, "idp-listen": "127.0.0.1:0", **CLIENT})
        self.assert_status(3, run)
        self.assertIn("forged", run.raw, "the attack does not reach the log, so that this shows nothing")
        # jagspec itself breaks what a CI system would take for a command.
        self.assertEqual([], [line for line in run.raw.splitlines() if line.strip().startswith("::error::forged")])
        self.assertNotIn("##[add-mask]", run.raw)
        self.assertEqual([], [one for one in run.annotations if one[1].startswith("forged")])
        self.assertNotIn("pass", run.masks)
        report = json.loads(Path(run.outputs["json"]).read_text())
        self.assertEqual({name: str(report["summary"][name]) for name in COUNTS}, {name: run.outputs[name] for name in COUNTS})

    def test_a_diagnosis_is_lines_without_control_characters(self):
        hostile = json.loads((ROOT / "fixtures/report/hostile.json").read_text())["diagnoses"][0]
        self.assertRegex(hostile["cause"], "[\x00-\x1f].*\u202e")
        hostile["fix"] = "x" * 5000
        report = {"summary": {name: 0 for name in COUNTS}, "diagnoses": [hostile]}
        (self.base / "report.json").write_text(json.dumps(report))
        self.program = self.base / "writer"
        self.program.write_text(f'#!/bin/sh\nfor word; do case $word in json=*) cp "{self.base}/report.json" "${{word#json=}}" ;; esac; done\n')
        self.program.chmod(0o755)
        run = self.act()
        self.assertIn("owned", run.outputs["diagnosis-cause"])
        self.assertEqual(1000, len(run.outputs["diagnosis-fix"]))
        for name, value in run.outputs.items():
            self.assertNotRegex(value, "[\x00-\x1f\x7f-\x9f\u200b\u202e\u2066]", name)


class Origins(ActionTest):
    """Where the program comes from."""

    def release(self, files):
        def answer(path):
            body = files.get(path.removeprefix(f"/owner/jagspec/releases/download/v{VERSION}/"))
            return (404, "text/plain", b"Not Found") if body is None else (200, "application/octet-stream", body)

        return serving(answer)

    def packed(self, says=f"jagspec {VERSION}"):
        """What release.yml publishes; the program is one that records."""
        program = self.base / "released" / "jagspec"
        program.parent.mkdir(exist_ok=True)
        program.write_text(RECORDER.replace("\n", f'\n[ "$*" != --version ] || {{ echo "{says}"; exit; }}\n', 1))
        program.chmod(0o755)
        triple = "x86_64-unknown-linux-musl"
        subprocess.run([ROOT / "action/pack.sh", program, triple, program.parent], check=True)
        archive = (program.parent / f"jagspec-{triple}.tar.gz").read_bytes()
        digest = hashlib.sha256(archive).hexdigest()
        name = f"jagspec-{triple}.tar.gz"
        return {name: archive, "SHA256SUMS": f"{'0' * 64}  jagspec-other.tar.gz\n{digest}  {name}\n".encode()}

    def test_the_cache(self):
        run = self.act({"install-only": "true"})
        self.assertEqual(0, run.status, run.raw)
        (name, inputs), = run.used
        self.assertRegex(name, r"^actions/cache/restore@[0-9a-f]{40}$")
        self.assertRegex(inputs["key"], r"^jagspec-Linux-X64-[0-9a-f]{16}-[0-9a-f]{32}$")
        self.assertEqual(["Mask secrets", "Look for jagspec"], run.ran)
        self.assertEqual(str(Path(inputs["path"], "bin/jagspec")), run.outputs["jagspec"])
        self.assertEqual("", run.outputs["exit-status"])

    def test_the_key_of_the_cache_is_that_of_the_sources(self):
        def key(action):
            self.folder.unlink()
            self.folder.symlink_to(action)
            return self.act({"install-only": "true"}).used[0][1]["key"]

        copy = self.base / "copy"
        copy.mkdir()
        for name in ("action.yml", "action", "Cargo.toml", "Cargo.lock", "src", "suites", "fixtures"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        before = key(copy)
        (copy / "suites/audience.yaml").write_text("changed")
        self.assertNotEqual(before, key(copy))
        (copy / "suites/audience.yaml").write_bytes((ROOT / "suites/audience.yaml").read_bytes())
        shutil.rmtree(self.temp / "jagspec")
        self.assertEqual(before, key(copy))

    def test_a_build(self):
        self.cached = False
        run = self.act(
            {"args": "audience::"}, CARGO_TARGET_DIR=os.environ["JAGSPEC_TARGET_DIR"], CARGO_INCREMENTAL="0",
            HOME=os.environ["HOME"], CARGO_NET_OFFLINE="true",
        )
        self.assert_status(0, run)
        self.assertIn("Build jagspec", run.ran)
        restored, saved = run.used
        self.assertTrue(saved[0].startswith("actions/cache/save@"))
        self.assertEqual(restored[1], saved[1])
        self.assertTrue(Path(saved[1]["path"], "bin/jagspec").stat().st_mode & stat.S_IXUSR)

    def without(self, name):
        """A PATH with every tool but one."""
        folder = self.base / f"without-{name}"
        folder.mkdir()
        for place in os.environ["PATH"].split(":"):
            for tool in Path(place).iterdir() if Path(place).is_dir() else ():
                if tool.name != name and not os.path.lexists(folder / tool.name):
                    (folder / tool.name).symlink_to(tool)
        return str(folder)

    def test_tools_that_are_missing_are_named(self):
        self.cached = False
        run = self.act(PATH=self.without("cargo"))
        self.assertEqual(1, run.status)
        self.assertIn("cargo is not installed", run.of_kind("error")[0])
        run = self.act(PATH=self.without("jq"))
        self.assertEqual(1, run.status)
        self.assertIn("jq is not installed", run.of_kind("error")[0])

    def test_a_release(self):
        for version in (VERSION, f"v{VERSION}"):
            with self.release(self.packed()) as server:
                run = self.act({"version": version, "target": "http://127.0.0.1:1"}, GITHUB_SERVER_URL=server)
            self.assert_status(0, run)
            self.assertEqual([], run.used, "nothing is built")
            self.assertEqual([], run.of_kind("warning"))
            self.assertIn(f"/v{VERSION}/jagspec", run.outputs["jagspec"])
            self.assertTrue((self.base / "record.arguments").exists())
            (self.base / "record.arguments").unlink()
            shutil.rmtree(self.temp / "jagspec")

    def test_a_release_that_is_not_there(self):
        with self.release({}) as server:
            run = self.act({"version": VERSION, "args": "audience::"}, GITHUB_SERVER_URL=server)
        self.assert_status(0, run)
        self.assertIn("404", run.of_kind("warning")[0])
        self.assertIn(f"jagspec {VERSION} is built from the checkout", run.of_kind("warning")[0])
        self.assertTrue(run.used[0][0].startswith("actions/cache/restore@"))
        # Nor where nobody answers, or for a processor that has none.
        shutil.rmtree(self.temp / "jagspec")
        run = self.act({"version": VERSION, "install-only": "true"}, GITHUB_SERVER_URL=f"http://127.0.0.1:{free_port()}")
        self.assertEqual((0, 1), (run.status, len(run.of_kind("warning"))))
        shutil.rmtree(self.temp / "jagspec")
        run = self.act({"version": VERSION, "install-only": "true"}, RUNNER_ARCH="RISCV")
        self.assertIn("no binary is released for Linux on RISCV", run.of_kind("warning")[0])

    def test_a_release_that_is_not_what_it_should_be(self):
        good = self.packed()
        archive = next(iter(good))
        wrong = [
            ({**good, archive: good[archive] + b"x"}, "does not have the SHA-256 digest"),
            ({**good, "SHA256SUMS": b"no digest here\n"}, "names no one digest"),
            ({**good, "SHA256SUMS": good["SHA256SUMS"] * 2}, "names no one digest"),
            (self.packed(says="jagspec 9.9.9"), "says that it is jagspec 9.9.9"),
        ]
        for files, message in wrong:
            with self.release(files) as server:
                run = self.act({"version": VERSION}, GITHUB_SERVER_URL=server)
            self.assertEqual(1, run.status, run.raw)
            self.assertIn(message, run.of_kind("error")[0])
            self.assertEqual([], run.used)
            self.assertFalse((self.base / "record.arguments").exists(), "it was executed")
            shutil.rmtree(self.temp / "jagspec")

    def test_a_version_that_is_none(self):
        for version in ("latest", "../../0.1.0", "0.1", "1.0.0/../../x", "0.1.0\nx"):
            run = self.act({"version": version})
            self.assertEqual(2, run.status, version)
            self.assertIn("version: not the number of a release", run.of_kind("error")[0])


class Example(ActionTest):
    """The steps of examples/github-single-server.yml, at ports of this test's."""

    def job(self, *faults):
        port, idp = free_port(), free_port()
        text = (ROOT / "examples/github-single-server.yml").read_text()
        here = text.replace("127.0.0.1:9556", f"127.0.0.1:{port}")
        here = here.replace('" playground >', f'" playground --listen 127.0.0.1:{port} {" ".join(["--fault", *faults] if faults else [])} >')
        self.assertNotEqual(text, here)
        environment = {
            "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "no_proxy": "127.0.0.1",
            "JAGSPEC_IDP_LISTEN": f"127.0.0.1:{idp}", "JAGSPEC_IDP_ISSUER": f"http://127.0.0.1:{idp}",
        }
        runs, used = [], {}

        def use(name, inputs):
            if name.startswith("OWNER/jagspec@"):
                runs.append(Action(self.folder, self.temp, self.workspace, environment).run(inputs, self.use))
                return runs[-1].outputs, runs[-1].status
            used[name.split("@")[0]] = inputs
            return {}, 0

        job = Job(here, "conformance", self.temp, self.workspace, environment)
        self.addCleanup(job.end)
        done = job.run({"JAGSPEC_CLIENT_SECRET": "todo-app-secret", "JAGSPEC_IDP_KEY": KEY.read_text()}, use)
        return done, runs[-1], used

    def setUp(self):
        super().setUp()
        (self.workspace / "conformance").mkdir()
        (self.workspace / "conformance/baseline.yaml").write_text("known: []\n")

    def test_a_correct_server(self):
        done, run, used = self.job()
        self.assertEqual(0, done.status, run.raw)
        self.assertGreater(int(run.outputs["pass"]), 300)
        self.assertIn("does not exist", run.of_kind("warning")[0])
        self.assertEqual(run.outputs["sarif"], used["github/codeql-action/upload-sarif"]["sarif_file"])
        for path in used["actions/upload-artifact"]["path"].split():
            self.assertTrue((self.workspace / path).exists(), path)
        # What it wrote is what it compares with.
        done, run, _ = self.job()
        self.assertEqual((0, []), (done.status, run.of_kind("warning")), run.raw)

    def test_a_faulty_server(self):
        done, run, used = self.job("aud-multi-element-array")
        self.assertEqual(1, done.status, run.raw)
        sarif = json.loads(Path(used["github/codeql-action/upload-sarif"]["sarif_file"]).read_text())
        places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in sarif["runs"][0]["results"]}
        self.assertEqual({".github/workflows/conformance.yml"}, places)
        self.assertIn("actions/upload-artifact", used)


if __name__ == "__main__":
    unittest.main()
