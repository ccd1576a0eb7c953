"""Executes the steps of a composite action as GitHub's runner does, as far as the steps of this repository need it:
expressions, `if`, `run` with bash, files for outputs and the summary, workflow commands in the log, masks. Actions that
are used are recorded, and answered by the test. What the runner does not know is an error, never passed over."""

import contextlib
import os
import re
import signal
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

# The commands that the runner takes from a log (actions/runner, ActionCommandManager).
COMMANDS = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
}
TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(==|!=|&&|\|\||!|\(|\))|([A-Za-z_][\w.-]*))")


class Expression:
    """`${{ … }}`: contexts, strings, == != && || ! and always()."""

    def __init__(self, text, contexts):
        self.text, self.contexts, self.tokens = text, contexts, []
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError(f"not understood: {text[at:]!r} of {text!r}")
            self.tokens.append((match.lastindex, match.group(match.lastindex)))
            at = match.end()

    def value(self):
        value = self.either()
        if self.tokens:
            raise ValueError(f"not understood: the end of {self.text!r}")
        return value

    def take(self, *symbols):
        if self.tokens and self.tokens[0][0] == 2 and self.tokens[0][1] in symbols:
            return self.tokens.pop(0)[1]
        return None

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = value and other
        return value

    def compared(self):
        value = self.single()
        symbol = self.take("==", "!=")
        if symbol is None:
            return value
        # GitHub ignores case when it compares strings.
        same = str(value).lower() == str(self.single()).lower()
        return same if symbol == "==" else not same

    def single(self):
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            if not self.take(")"):
                raise ValueError(f"a bracket of {self.text!r} is not closed")
            return value
        kind, text = self.tokens.pop(0)
        if kind == 1:
            return text.replace("''", "'")
        if kind == 3 and text == "always" and self.take("(") and self.take(")"):
            return True
        if kind != 3:
            raise ValueError(f"not understood: {text!r} of {self.text!r}")
        value = self.contexts
        for name in text.split("."):
            if value is self.contexts and name not in value:
                raise ValueError(f"there is no context {name!r}, of {self.text!r}")
            value = value.get(name, "") if isinstance(value, dict) else ""
        return value


def resolve(text, contexts):
    """A text with its expressions replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(Expression(match[1], contexts).value()), str(text))


@dataclass
class Run:
    """What came of an action."""

    status: int = 0
    outputs: dict = field(default_factory=dict)
    used: list = field(default_factory=list)
    ran: list = field(default_factory=list)
    raw: str = ""
    log: str = ""
    summary: str = ""
    masks: list = field(default_factory=list)
    annotations: list = field(default_factory=list)
    forbidden: list = field(default_factory=list)

    def of_kind(self, kind):
        return [message for is_kind, message in self.annotations if is_kind == kind]

    def without_masks(self):
        """Everything that was said but for the registration of masks, before anything is masked."""
        said = [line for line in self.raw.splitlines() if not line.startswith("::add-mask::")]
        return "\n".join([*said, self.summary, *self.outputs.values()])


def outputs_of(text):
    """GITHUB_OUTPUT: NAME=VALUE, or NAME<<END, lines, END."""
    outputs, lines = {}, text.split("\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, end = line.split("<<", 1)
            if end not in lines:
                raise ValueError(f"the output {name} has no end {end}")
            at = lines.index(end)
            outputs[name], lines = "\n".join(lines[:at]), lines[at + 1:]
        elif "=" in line:
            name, outputs_value = line.split("=", 1)
            outputs[name] = outputs_value
        else:
            raise ValueError(f"no output: {line!r}")
    return outputs


def unescaped(text):
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


class Log:
    """Reads a step's log as the runner does: `::command::` at the beginning of a line, and the old `##[command]`
    anywhere in it."""

    def __init__(self, run):
        self.run, self.stopped = run, None

    def read(self, text):
        self.run.raw += text
        for line in text.splitlines():
            shown = self.command(line)
            if shown is not None:
                for mask in sorted(self.run.masks, key=len, reverse=True):
                    shown = shown.replace(mask, "***")
                self.run.log += shown + "\n"

    def command(self, line):
        """Carries out a command, and returns what is shown of the line."""
        known = COMMANDS | ({self.stopped.lower()} if self.stopped else set())
        new = re.match(r"\s*::([^\s:]+)(?: (.*?))?::(.*)", line)
        old = re.search(r"##\[([^\] ]+)(?: ([^\]]*))?\](.*)", line)
        match = next((one for one in (new, old) if one and one[1].lower() in known), None)
        if not match:
            return line
        name, data = match[1].lower(), unescaped(match[3])
        if self.stopped:
            if name == self.stopped.lower():
                self.stopped = None
            return line
        if name == "stop-commands":
            self.stopped = data
            return line
        if name == "add-mask":
            self.run.masks += [part for part in [data, *data.splitlines()] if part.strip()]
            return None
        if name in ("error", "warning", "notice"):
            self.run.annotations.append((name, data))
            return f"{name.title()}: {data}"
        self.run.forbidden.append(line)
        return line


class Steps:
    """Executes `run` steps: the machine on which a job runs."""

    def __init__(self, temp, workspace, environment):
        self.temp, self.workspace, self.environment = temp, workspace, environment
        self.groups = []

    def end(self):
        """Ends what steps have left running, as the runner does at the end of a job."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def all(self, steps, contexts, run, use):
        """Executes steps in order. `use` answers `uses` steps: from name and inputs to outputs and exit status."""
        contexts["steps"] = {}
        for step in steps:
            condition = str(step.get("if", "always()" if run.status == 0 else "")).removeprefix("${{").removesuffix("}}")
            # Without always() a step needs the success of those before.
            if not condition or not Expression(condition, contexts).value() or (run.status and "always()" not in condition):
                continue
            if "uses" in step:
                arguments = {name: resolve(value, contexts) for name, value in step.get("with", {}).items()}
                run.used.append((step["uses"], arguments))
                outputs, status = use(step["uses"], arguments)
                run.status = run.status or status
            else:
                outputs = self.step(step, contexts, run)
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}

    def step(self, step, contexts, run):
        if "${{" in step["run"]:
            raise ValueError(f"an expression in a script: {step['run']}")
        if step.get("shell", "bash") != "bash":
            raise ValueError(f"this runner has bash, not {step['shell']}")
        run.ran.append(step["name"])
        files = {name: self.temp / f"{name}-{uuid.uuid4()}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
        for file in files.values():
            file.touch()
        script = self.temp / f"{uuid.uuid4()}.sh"
        script.write_text(step["run"])
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temp / "home"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            **{name: str(file) for name, file in files.items()},
            **self.environment,
            **{name: resolve(value, contexts) for name, value in step.get("env", {}).items()},
        }
        with subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as step_process:
            self.groups.append(step_process.pid)
            said, _ = step_process.communicate(timeout=300)
        Log(run).read(said.decode())
        run.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        for name in ("GITHUB_ENV", "GITHUB_PATH"):
            if files[name].read_text():
                run.forbidden.append(f"{step['name']} writes to {name}")
        run.status = run.status or step_process.returncode
        return outputs_of(files["GITHUB_OUTPUT"].read_text())


class Action(Steps):
    """A composite action of a folder."""

    def __init__(self, folder, temp, workspace, environment):
        super().__init__(temp, workspace, {**environment, "GITHUB_ACTION_PATH": str(folder)})
        self.file = YAML(typ="safe").load(Path(folder, "action.yml").read_text())

    def run(self, inputs, use):
        given = {name: str(value) for name, value in (inputs or {}).items()}
        unknown = given.keys() - self.file["inputs"].keys()
        if unknown:
            raise ValueError(f"the action has no inputs {sorted(unknown)}")
        values = {name: given.get(name, (one or {}).get("default", "")) for name, one in self.file["inputs"].items()}
        contexts, run = {"inputs": values}, Run()
        self.all(self.file["runs"]["steps"], contexts, run, use)
        run.outputs = {name: resolve(one["value"], contexts) for name, one in self.file["outputs"].items()}
        return run


class Job(Steps):
    """A job of a workflow."""

    def __init__(self, text, job, temp, workspace, environment):
        super().__init__(temp, workspace, environment)
        self.steps = YAML(typ="safe").load(text)["jobs"][job]["steps"]

    def run(self, secrets, use):
        run = Run(masks=list(secrets.values()))
        self.all(self.steps, {"secrets": secrets}, run, use)
        return run
