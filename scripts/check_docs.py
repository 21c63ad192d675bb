#!/usr/bin/env python3
"""Refuses documentation that is not true any more: check_docs.py [BUILD_FOLDER]

- relative links (and their #anchors) in *.md that lead nowhere
- commands in README.md and docs/ that do not exist: make targets, scripts, the
  programs' sub-commands and options
- generated parts that are stale: the table in docs/performance.md, docs/gpu-results.md
- paths of the machine it is written on, anywhere in the tree
- constants of a .cpp file that a header has in the same namespace: compiled as one file with
  others, as in the sanitizer builds, they would hide it from them
Files of more than 400 lines are named, not refused.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import bench
import gpu_results
from gpu_steps import STEPS

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build"
IGNORED = re.compile(r"^(build[^/]*|\.venv[^/]*|\.git|data|datamon-[^/]*|.*__pycache__.*|compile_commands\.json)(/|$)")
LONG = 400
CODE = {".h", ".hpp", ".c", ".cpp", ".py", ".sh", ".cmake"}
problems = []


def problem(path, line, what):
    problems.append(f"{path.relative_to(ROOT)}:{line}: {what}")


def tree():
    """Every file that belongs to the project, with or without git."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not IGNORED.match(str(path.relative_to(ROOT))):
            yield path


def anchors(path):
    """The #anchors that a Markdown file's headings give, as code hosts make them."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", path.read_text(), re.M):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
        found.add(words.replace(" ", "-"))
    return found


def check_links(path):
    text = re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), path.read_text(), flags=re.S)
    for number, line in enumerate(text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            to = (path.parent / file) if file else path
            if not to.exists():
                problem(path, number, f"link to {target}: no such file")
            elif anchor and to.suffix == ".md" and anchor not in anchors(to):
                problem(path, number, f"link to {target}: no such heading")


@cache
def help_of(*command):
    """--help of a program (or of its sub-command), or None when there is none."""
    program = BUILD / "bin" / command[0]
    if not program.exists():
        return None
    result = subprocess.run([program, *command[1:], "--help"], capture_output=True, text=True)
    return result.stdout if result.returncode == 0 else None


@cache
def make_targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def has_option(text, option):
    return re.search(rf"(^|[\s,]){re.escape(option)}\b", text) is not None


def check_program(path, number, words):
    """`datamon report DIR --json`, `datamon-pipeline DATA --workers 2`."""
    command = [Path(words[0]).name]
    if command[0] == "datamon" and len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]):
        command.append(words[1])
    text = help_of(*command)
    # The program answers any word with its own help, so the word must be in its list.
    if len(command) > 1 and not re.search(rf"^ +{command[1]}\b", help_of("datamon") or "", re.M):
        text = None
    if text is None:
        return problem(path, number, f"there is no `{' '.join(command)}`")
    for word in words[len(command):]:
        if word == "--":
            break
        option = re.match(r"--?[a-z][a-z-]*", word)
        if option and not has_option(text, option[0]):
            problem(path, number, f"`{' '.join(command)}` has no option {option[0]}")


def check_command(path, number, line):
    line = re.sub(r"^\$ ", "", line.strip())
    line = re.sub(r"\s#.*|\s{2,}.*", "", line)  # a comment, or a column that explains
    for part in re.split(r"&&|\|\||[;|]", line):
        words = part.split()
        while words and re.match(r"^([A-Z_]+=|sudo$|time$)", words[0]):
            words.pop(0)
        if not words:
            continue
        if words[0] == "make":
            for word in words[1:]:
                if re.fullmatch(r"[a-z][a-z-]*", word) and word not in make_targets():
                    problem(path, number, f"there is no `make {word}`")
        elif Path(words[0]).name in ("datamon", "datamon-pipeline"):
            check_program(path, number, words)
        elif re.match(r"(\./)?(scripts|\.ci|build/bin)/", words[0]):
            if not (ROOT / words[0]).exists() and not (BUILD.parent / words[0]).exists():
                problem(path, number, f"there is no {words[0]}")


def check_commands(path):
    """Lines of ```sh blocks, and `$ ` lines of ```console blocks (the rest is output)."""
    language = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fence = re.match(r"\s*```(\w*)", line)
        if fence:
            language = None if language is not None else fence[1]
        elif language == "sh" or (language == "console" and line.startswith("$ ")):
            check_command(path, number, line)


def check_machine_paths(path):
    here = {str(ROOT) + "/"} | ({str(ROOT.parent) + "/"} if len(ROOT.parent.parts) > 2 else set())
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for name in here:
            if name in line:
                problem(path, number, f"a path of this machine: {name}")


def constants(path):
    """(namespace, name, line) of the constants outside of functions and classes."""
    namespace = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r"namespace ([\w:]+) \{", line):
            namespace = found[1]
        elif re.match(r"(inline )?const(expr|init)? ", line):
            for name in re.findall(r"\b(k[A-Z]\w*)(?:\[[^\]]*\])? ?[={]", line):
                yield namespace, name, number


def check_hidden_constants(files):
    in_headers = {(namespace, name): path for path in files if path.suffix == ".h"
                  for namespace, name, _ in constants(path)}
    for path in files:
        for namespace, name, line in constants(path) if path.suffix == ".cpp" else ():
            if header := in_headers.get((namespace, name)):
                problem(path, line, f"{name} is in {header.relative_to(ROOT)}, too: rename one")


def main():
    files = list(tree())
    markdown = [path for path in files if path.suffix == ".md"]
    for path in markdown:
        check_links(path)
        check_commands(path)
    for path in files:
        check_machine_paths(path)
        lines = path.read_bytes().count(b"\n")
        if path.suffix in CODE and lines > LONG:
            print(f"docs: {path.relative_to(ROOT)} has {lines} lines: is it one thing?")
    check_hidden_constants(files)
    if bench.stale(ROOT / "docs/performance.md"):
        problems.append("docs/performance.md: the table is not that of docs/performance.json: "
                        "scripts/bench.py --write-docs")
    if gpu_results.stale(ROOT / "docs/gpu-results.json", STEPS):
        problems.append("docs/gpu-results.md: the page is not that of docs/gpu-results.json: make gpu-check, "
                        "or scripts/gpu_check.py --write-docs")
    print("\n".join(problems))
    print(f"docs: {len(markdown)} pages, {len(files)} files checked, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
