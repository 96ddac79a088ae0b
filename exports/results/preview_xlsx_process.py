"""A program: the first rows of the workbook on its standard input, as JSON.

A workbook of five kilobytes may name a cell so far off that the library, which makes a full table of it, asks for half
a terabyte, and then the process ends, whoever else it served. So it reads in a process of its own, with bounds.
"""

import json
import os
import resource
import sys
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook

# What a workbook of 100 MB unpacked takes, with room; and more time than the page would wait.
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
