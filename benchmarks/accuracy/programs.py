"""Running the programs that are measured, the same way for all accuracy figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("DATAMON_BUILD", ROOT / "build")) / "bin"
DATA = ROOT / "data/imagenet-like"
PRIORITY = -15  # nice value


def with_priority():
    """In a new process: ahead of other programs, where that is allowed. Linux shares cores out
    among sessions (autogroups) first, so it takes a session of its own and that one's priority."""
    try:
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        Path("/proc/self/autogroup").write_text(str(PRIORITY))
    except OSError:
        pass


def recording_environment(folder):
    return {**os.environ, "MON": "1", "MON_DIR": str(folder),
            "MON_LIBRARY": str(BIN.parent / "lib/libdatamon.so.0")}


def commit():
    """What is measured; "-dirty" where files were changed since."""
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def datamon_or_none(*arguments):
    """(The JSON answer of a datamon command or None, what it said on standard error)."""
    done = subprocess.run([BIN / "datamon", *map(str, arguments)], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None, done.stderr.strip()


def datamon(*arguments):
    """The same; ends the program where there is no answer."""
    answer, complaint = datamon_or_none(*arguments)
    if answer is None:
        sys.exit(f"datamon {' '.join(map(str, arguments))}: {complaint}")
    return answer
