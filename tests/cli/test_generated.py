"""Man page and completions, made from the option tree."""

import os
import pathlib
import shutil
import subprocess

import pytest

from programs import BIN, datamon

SHARE = pathlib.Path(os.environ["DATAMON_BUILD"]) / "share"
FILES = {"man": "man/man1/datamon.1", "bash": "bash-completion/completions/datamon",
         "zsh": "zsh/site-functions/_datamon", "fish": "fish/vendor_completions.d/datamon.fish"}
COMMANDS = ["run", "report", "trace", "tune", "doctor"]


@pytest.mark.parametrize("kind", FILES)
def test_built_files_are_current_and_complete(kind):
    text = (SHARE / FILES[kind]).read_text()
    assert text == datamon("generate", kind).stdout
    for command in COMMANDS:
        assert command in text
    assert "generate" not in text.replace("generated", "")


def test_every_command_explains_itself():
    for command in COMMANDS:
        text = datamon(command, "--help").stdout
        assert "EXAMPLES" in text and f"datamon {command}" in text


def test_man_page_has_no_warnings():
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", SHARE / FILES["man"]],
                          capture_output=True, text=True, env={**os.environ, "MANROFFSEQ": ""})
    assert done.returncode == 0 and done.stderr == ""


def complete(line):
    """What bash offers at the end of the line."""
    script = f"""
source '{SHARE / FILES["bash"]}'
COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
read -ra COMP_WORDS <<< "$COMP_LINE"
[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_datamon 2>/dev/null; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    return subprocess.check_output(["bash", "-c", script], text=True,
                                   env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}).split()


def test_bash_completes():
    assert set(COMMANDS) <= set(complete("datamon "))
    assert complete("datamon rep") == ["report"]
    assert "--json" in complete("datamon report --")
    assert complete("datamon report --color a") == ["auto", "always"]


@pytest.mark.parametrize("shell,file", [("zsh", "zsh"), ("fish", "fish")])
def test_other_shells_accept_the_syntax(shell, file):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n", SHARE / FILES[file]]).returncode == 0
