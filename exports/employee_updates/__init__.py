"""An employee update: changes to workspace members, from an HR file to the receipt.

1. `intake` reads a file, a pasted text or the present members into rows.
2. `feed` (pure) maps columns, checks rows, and computes what changes. `stored` loads what a stored update holds.
3. `actions` is what people do: prepare, change rows, dry run, submit, approve, apply, discard, reverse. `rules`
   says when each is allowed, with a sentence for each refusal.
4. The calls are runs: `exports.runs.employee_steps` reads members, tries and applies, each once.
5. `progress` shows the six steps and what blocks the next; `receipt_csv` is the receipt as a file.
"""
