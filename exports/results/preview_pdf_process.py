"""A program that reads a PDF from standard input with PDFium, and writes its number of pages or its first page.

PDFium is a large program in C++ that reads files of strangers: a PDF of a few bytes may crash it, keep it busy for
minutes, or have it allocate a page of any size. So this is a separate process with limits.

`SECONDS pages`: the number in digits. `SECONDS picture PIXELS`: a PNG whose longer side has so many pixels. SECONDS of
processor time are the limit.
"""

import io
import os
import resource
import sys

import pypdfium2

# Enough for a scan of a hundred megapixels.
MEMORY = 1024**3
# The shorter side of a page that is a thin strip.
FEWEST_PIXELS = 1


def count_pages(content: bytes) -> bytes:
    document = pypdfium2.PdfDocument(content)
    return str(len(document)).encode()


def draw_first_page(content: bytes, pixels: int) -> bytes:
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    image = page.render(scale=pixels / max(*page.get_size(), FEWEST_PIXELS)).to_pil()
    png = io.BytesIO()
    image.save(png, "PNG", optimize=False)
    return png.getvalue()


def main(seconds: str, what: str, *arguments: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content = sys.stdin.buffer.read()
    try:
        answer = count_pages(content) if what == "pages" else draw_first_page(content, int(arguments[0]))
    except pypdfium2.PdfiumError:
        sys.exit(os.EX_DATAERR)
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
