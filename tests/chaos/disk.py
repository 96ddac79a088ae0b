"""A small disk for the portal's files, which can be full."""

import ctypes
import os
import subprocess
from contextlib import suppress
from pathlib import Path

CLONE_NEWNS = 0x00020000


class Disk:
    """A tmpfs of its own size in a mount namespace of this process, so that nothing of it outlives the processes.

    Mounting takes root; without it `limited` is false, the folder is a plain one, and nobody should try to fill it.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self.limited = os.geteuid() == 0 and self._mount(megabytes)
        self._filler = folder / "somebody-elses-file"

    def fill(self, *, leave: int = 0) -> None:
        """Take what is free but `leave` bytes."""
        with self._filler.open("ab") as file:
            while True:
                free = os.statvfs(self.folder)
                size = free.f_bavail * free.f_frsize - leave
                if size <= 0:
                    return
                with suppress(OSError):  # somebody wrote in between, so less is free than a moment ago
                    os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size + size)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def _mount(self, megabytes: int) -> bool:
        """The namespace is this thread's and of what it starts: call it before there are other threads."""
        if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0:
            return False
        mounts = (
            ["mount", "--make-rprivate", "/"],
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "chaos", str(self.folder)],
        )
        return all(subprocess.run(mount, capture_output=True, check=False).returncode == 0 for mount in mounts)
