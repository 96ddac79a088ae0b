"""Write a PDF per report: one font, plain lines, readable by every viewer."""

from collections.abc import Mapping
from typing import Any

LINES_A_PAGE = 62


def report_pdf(report: Mapping[str, Any], *, full_page_receipts: bool) -> bytes:
    """Return a PDF with the report's head and expenses as lines, and optionally a page for each receipt."""
    lines = [
        f"{report['reportName']}",
        f"Report {report['reportID']}, {report['status']}",
        f"{report['submitter']['fullName']} <{report['accountEmail']}>",
        f"{report['policyName']}",
        "",
    ]
    for expense in report["transactionList"]:
        amount = f"{expense['amount'] / 100:.2f} {expense['currency']}"
        lines.append(f"{expense['created']}  {amount:>16}  {expense['merchant']}")
    lines += ["", f"Total {report['total'] / 100:.2f} {report['currency']}"]
    pages = [lines[start : start + LINES_A_PAGE] for start in range(0, len(lines), LINES_A_PAGE)]
    if full_page_receipts:
        receipts = [expense["receiptObject"] for expense in report["transactionList"] if expense["receiptObject"]]
        pages += [["Receipt", receipt["url"]] for receipt in receipts]
    return _document([_content(page) for page in pages])


def _content(lines: list[str]) -> bytes:
    text = b"".join(b"(%b) Tj T*\n" % _escape(line) for line in lines)
    return b"BT /F1 10 Tf 12 TL 50 790 Td\n" + text + b"ET"


def _escape(line: str) -> bytes:
    """Encode one line in cp1252, which the standard fonts contain; other characters become "?"."""
    encoded = " ".join(line.split()).encode("cp1252", "replace")
    return encoded.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _document(contents: list[bytes]) -> bytes:
    first_page = 4
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * number) for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(contents)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (first_page + 2 * number + 1)
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
