"""A real slow disk: a file system on a loop device that the kernel holds to a rate.

Needs root, mkfs.ext4 and the blkio controller of control groups v1. Buffered reads and page
faults of memory maps obey the limit. Each mount starts with a cold page cache.
"""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

GROUP = Path("/sys/fs/cgroup/blkio/datamon-accuracy")
READAHEAD_SECTORS = 256  # 128 kB, as a real disk has; a loop device has 2.5 MB


def run(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout.strip()


class SlowDisk:
    def __init__(self, folder, content):
        self.image, self.mount = folder / "disk.img", folder / "mounted"
        self.mount.mkdir()
        size = sum(f.stat().st_size for f in content.rglob("*") if f.is_file())
        with open(self.image, "wb") as image:
            image.truncate(int(size * 1.3) + (32 << 20))
        try:
            run("mkfs.ext4", "-q", "-d", content, self.image)
            GROUP.mkdir(exist_ok=True)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"accuracy: no slow disk can be made here (root, mkfs.ext4 and cgroup v1 blkio are needed): {error}")

    @contextmanager
    def mounted(self, mb_s):
        """(folder, what a child calls to come under the limit)"""
        device = run("losetup", "--find", "--show", "--read-only", self.image)
        try:
            run("blockdev", "--setra", READAHEAD_SECTORS, device)
            run("mount", "-o", "ro,noatime", device, self.mount)
            try:
                number = run("lsblk", "-dno", "MAJ:MIN", device)
                (GROUP / "blkio.throttle.read_bps_device").write_text(f"{number} {int(mb_s * 1e6)}")
                yield str(self.mount), lambda: (GROUP / "cgroup.procs").write_text("0")
                (GROUP / "blkio.throttle.read_bps_device").write_text(f"{number} 0")
            finally:
                run("umount", self.mount)
        finally:
            run("losetup", "--detach", device)
