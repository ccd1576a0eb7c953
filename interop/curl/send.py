"""Carries out the command lines of a JSON report and compares the answers: `send.py REPORT LEAST`.

Lines of one case go to one shell, in order. What the report says that a line does not do excuses it."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# The beginnings of hints of which the answer may differ.
EXCUSES = ("Before it, in the case:", "Something in it is redacted")
MARK = "=====next====="


def groups(report):
    """Indexes of exchanges that belong together."""
    owners = {}
    for case in report["cases"]:
        for index in case["exchanges"]:
            owners.setdefault(index, []).append(case["name"])
    grouped = {}
    for index in range(len(report["exchanges"])):
        cases = owners.get(index, [])
        key = cases[0] if len(cases) == 1 else index
        grouped.setdefault(key, []).append(index)
    return list(grouped.items())


def told(status, body):
    """Status and `error` of an answer."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError):
        error = None
    return status, error


def carry_out(exchanges, indexes):
    script = "".join(
        exchanges[index]["curl"].replace("curl -i ", "curl -sS -i --max-time 20 ", 1) + f"\nprintf '\\n{MARK}\\n'\n"
        for index in indexes
    )
    # From standard input, as pasted.
    process = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=False)
    answers = []
    for part in process.stdout.split(f"\n{MARK}\n")[:-1]:
        head, _, body = part.partition("\n\n")
        words = head.split()
        answers.append(told(int(words[1]) if len(words) > 1 else None, body))
    return answers, process.stderr


def main():
    report_path, least = sys.argv[1], int(sys.argv[2])
    with open(report_path, encoding="utf-8") as file:
        report = json.load(file)
    exchanges = report["exchanges"]
    compared = minted = excused = 0
    wrong = []
    with ThreadPoolExecutor(4) as pool:
        all_groups = groups(report)
        results = pool.map(lambda group: carry_out(exchanges, group[1]), all_groups)
        for (name, indexes), (answers, errors) in zip(all_groups, results):
            for at, index in enumerate(indexes):
                exchange = exchanges[index]
                was = told(exchange["response"]["status"], exchange["response"]["body"])
                now = answers[at] if at < len(answers) else None
                compared += 1
                minted += "jagspec mint" in exchange["curl"]
                if now == was:
                    continue
                if any(hint.startswith(EXCUSES) for hint in exchange["curl_hints"]):
                    excused += 1
                    continue
                wrong.append(f"{name}: was {was}, is {now}\n  {exchange['curl']}\n  {errors[-300:]}")
    print(f"  {compared} lines, {minted} with an ID-JAG made anew, {excused} excused, {len(wrong)} answered otherwise")
    for text in wrong:
        print(text, file=sys.stderr)
    if minted < least:
        print(f"only {minted} lines with an ID-JAG: at least {least} are due", file=sys.stderr)
    sys.exit(1 if wrong or minted < least else 0)


main()
