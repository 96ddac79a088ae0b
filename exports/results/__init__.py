"""A result: the file that a run stored, from its arrival to its deletion.

1. `store` receives the bytes, counts and hashes them, and moves the file into private storage.
2. `tables` reads a stored CSV of any delimiter and encoding row by row; `amounts` reads a column; `totals`
   sums them per currency without the rows that `summary_rows` finds. `layout` finds the columns that wrote the file.
3. `preview` shows its first rows or page; `preview_xlsx_process` and `preview_pdf_process` read in separate
   processes.
4. `csv_to_xlsx` converts a CSV to an Excel workbook with `xlsx`; `zip` packs files, optionally with a password.
5. `integrity` checks a file against its SHA-256 before anything leaves the store. `http_range` resumes downloads.
6. `provenance` finds the run of a file by its SHA-256. `retention` deletes expired files.
"""
