"""A result: the file that a run stored, from its arrival to its deletion.

1. `store` receives the bytes, counts and hashes them, and moves the file into private storage.
2. `tables` reads a stored CSV of any delimiter and encoding row by row; `totals` adds up its amounts per currency.
   `layout` finds the columns that made it.
3. `preview` shows its beginning; a workbook is read by `preview_xlsx_process`, a process of its own.
4. `csv_to_xlsx` makes an Excel workbook of a CSV with `xlsx`; `zip` packs files, with a password if wanted.
5. `http_range` answers a download that was interrupted.
6. `provenance` finds the run of a file by its SHA-256. `retention` deletes files when their time is over.
"""
