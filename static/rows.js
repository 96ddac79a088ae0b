// Conveniences for the table; without JavaScript the same works, cell by cell and with “Paste rows”.
(() => {
  const cellsOf = (row) => [...row.querySelectorAll("td > input")];
  const place = (input) => {
    const row = input.closest("tr");
    const rows = [...row.parentElement.rows].filter((each) => cellsOf(each).length);
    return { rows, at: rows.indexOf(row), column: cellsOf(row).indexOf(input) };
  };

  // Cells copied from a spreadsheet spread from the cell they are pasted into, as far as there are rows and columns.
  document.addEventListener("paste", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.closest(".rows-table")) return;
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!/[\t\n]/.test(text) || text.includes('"')) return;
    const lines = text.split("\n").map((line) => line.split("\t"));
    const { rows, at, column } = place(input);
    const fits = at + lines.length <= rows.length && lines.every((line) => column + line.length <= cellsOf(rows[at]).length);
    if (!fits) {
      // Too much for the table: it goes to the box that adds rows.
      const box = document.getElementById("pasted");
      box.closest("details").open = true;
      box.value = text;
      box.focus();
      event.preventDefault();
      return;
    }
    event.preventDefault();
    lines.forEach((line, down) => line.forEach((cell, right) => { cellsOf(rows[at + down])[column + right].value = cell.trim(); }));
  });

  // Up and down go from row to row; where a list is offered they choose in it.
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !(input instanceof HTMLInputElement) || !input.closest(".rows-table") || input.list || input.type === "checkbox") return;
    const { rows, at, column } = place(input);
    const next = rows[at + step] && cellsOf(rows[at + step])[column];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select();
  });
})();
