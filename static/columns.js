// Conveniences for the column builder; each has a button that does the same without JavaScript.
(() => {
  let dragged = null;
  const rowOf = (target) => target instanceof Element && target.closest(".picked-one");

  document.addEventListener("keydown", (event) => {
    // Enter in the search would press the form's first button, which saves.
    if (event.key === "Enter" && event.target.id === "id_find") event.preventDefault();
    // Enter beside a button that adds a tag level or a report field presses that button.
    if (event.key === "Enter" && event.target.name?.startsWith("fill:")) {
      event.preventDefault();
      event.target.closest("li").querySelector("button").click();
    }
  });

  // A row can be dragged by its title only: text in its fields can still be selected.
  document.addEventListener("pointerdown", (event) => {
    const title = event.target instanceof Element && event.target.closest(".picked-title");
    document.querySelectorAll(".picked-one[draggable]").forEach((row) => row.removeAttribute("draggable"));
    if (title) rowOf(title).draggable = true;
  });
  document.addEventListener("dragstart", (event) => {
    dragged = rowOf(event.target);
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && rowOf(event.target);
    document.querySelectorAll(".is-over").forEach((row) => row.classList.remove("is-over"));
    if (!over) return;
    event.preventDefault();
    if (over !== dragged) over.classList.add("is-over");
  });
  document.addEventListener("dragend", () => {
    document.querySelectorAll(".is-over, .is-dragged").forEach((row) => row.classList.remove("is-over", "is-dragged"));
    dragged = null;
  });
  document.addEventListener("drop", (event) => {
    const over = dragged && rowOf(event.target);
    if (!over || over === dragged) return;
    event.preventDefault();
    const move = `move:${dragged.dataset.number}-${over.dataset.number}`;
    htmx.ajax("POST", over.closest(".picked").dataset.url, { source: "#columns", target: "#columns", swap: "outerHTML", values: { do: move } });
  });
})();
