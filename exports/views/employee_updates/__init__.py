"""Employee updates, in the order of a person's work.

1. `intake` takes a file, a paste or a feed; `rows` corrects it in a table.
2. `changes` compares it with the present members. `pages` shows the progress.
3. `approval` has the buttons: try, submit, approve, apply, reverse.
4. `receipts` shows Expensify's answers.
"""
