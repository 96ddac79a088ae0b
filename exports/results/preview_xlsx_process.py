"""A program that reads a workbook from standard input and writes its first rows as JSON.

A workbook of five kilobytes may contain a cell so far out that the library, which builds the full table, allocates half
a terabyte and its process dies. So this is a separate process with limits.
"""

import json
import os
import resource
import sys
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook

# Enough memory for a workbook of 100 MB unpacked, and more seconds than the page would wait.
MEMORY = 1024**3
SECONDS = 20


def first_rows(content: bytes, count: int) -> str:
    with CalamineWorkbook.from_filelike(BytesIO(content)) as workbook:
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=count)
    return json.dumps(rows, default=str)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sys.stdout.write(first_rows(sys.stdin.buffer.read(), int(sys.argv[1])))
    except CalamineError:
        sys.exit(os.EX_DATAERR)
