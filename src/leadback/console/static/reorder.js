// Dragging the rows of a list into another order; the buttons of each row do the same without scripts.

for (const body of document.querySelectorAll("[data-reorder]")) {
  const form = document.getElementById(body.dataset.reorder);
  let dragged = null;
  let before = "";

  const order = () => [...body.rows].map((row) => row.dataset.id).join(",");

  body.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("[data-drag-handle]")?.closest("tr");
    if (row) row.draggable = true;
  });
  body.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("tr");
    before = order();
    event.dataTransfer.effectAllowed = "move";
    dragged.classList.add("dragged");
  });
  body.addEventListener("dragover", (event) => {
    const over = event.target.closest("tr");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
  });
  body.addEventListener("drop", (event) => event.preventDefault());
  body.addEventListener("dragend", () => {
    dragged.classList.remove("dragged");
    dragged.draggable = false;
    dragged = null;
    if (order() === before) return;
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "order", value: order() });
    form.append(input);
    form.submit();
  });
}
