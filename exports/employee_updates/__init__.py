"""An employee update: changes to workspace members, from an HR file to the receipt.

1. `intake` turns a file, a pasted text or the present members into rows.
2. `feed` (pure) maps columns, checks rows, and computes changes. `stored` reads a stored update; `profiles` stores
   a column mapping for the next file.
3. `actions` has the steps that people take: prepare, change rows, dry run, submit, approve, apply, discard, reverse.
   `rules` decides when each is allowed, with a sentence for each refusal.
4. The calls are runs: `exports.runs.employee_steps` reads members, does the dry run and applies, each once.
5. `progress` shows the six steps and what blocks the next; `receipt_csv` is the receipt as a file.
"""
