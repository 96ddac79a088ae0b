"""What it costs to check a stored file against its SHA-256 before it is handed out.

    python -m benchmarks.integrity              a file of 1, 10, 100 and 1,000 MB
    python -m benchmarks.integrity --megabytes 500

Prints the first opening of a file by a process, which reads it as a whole, and the next, which remembers it.
"""

import argparse
import hashlib
import os
import time
from collections.abc import Callable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from benchmarks import stage
from exports.models import Result
from exports.results import integrity


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def stored(megabytes: int) -> Result:
    content = os.urandom(1024**2) * megabytes
    name = default_storage.save("benchmarks/file.csv", ContentFile(content))
    return Result(file=name, name="file.csv", size=len(content), sha256=hashlib.sha256(content).hexdigest())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="*", default=[1, 10, 100, 1000])
    with stage.database():
        for megabytes in parser.parse_args().megabytes:
            result = stored(megabytes)
            first = seconds(lambda result=result: integrity.open_result(result).close())
            again = seconds(lambda result=result: integrity.open_result(result).close())
            rate = megabytes / first
            print(f"{megabytes:>6,} MB: first {first:.3f} s ({rate:,.0f} MB/s), remembered {again * 1e6:,.0f} µs")
            default_storage.delete(result.file.name)


if __name__ == "__main__":
    main()
