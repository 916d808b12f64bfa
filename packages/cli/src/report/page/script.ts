/**
 * The script of the page, for comfort only: everything can be read without it. It holds no data, so its hash, which the page
 * allows, is the same in every page.
 */
export const pageScript = `
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const current = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const wanted = /(?:^|[?&#])(?:theme=)?(dark|light)$/.exec(location.search || location.hash);
  if (wanted) root.dataset.theme = wanted[1];
  const label = () => { theme.textContent = current() === "dark" ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = current() === "dark" ? "light" : "dark"; label(); });
  dark.addEventListener("change", label);
  label();
  theme.hidden = false;

  const save = document.getElementById("save");
  save.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById("report-data").textContent], { type: "application/json" }));
    link.download = save.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  save.hidden = false;

  const note = document.createElement("div");
  note.id = "note";
  note.hidden = true;
  document.body.append(note);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element ? event.target.closest("[data-note]") : null;
    note.hidden = !mark;
    if (!mark) return;
    note.textContent = mark.getAttribute("data-note");
    const left = Math.min(event.clientX + 14, innerWidth - note.offsetWidth - 8);
    const above = event.clientY + note.offsetHeight + 24 > innerHeight;
    note.style.left = Math.max(8, left) + "px";
    note.style.top = (above ? event.clientY - note.offsetHeight - 12 : event.clientY + 16) + "px";
  });
  document.addEventListener("scroll", () => { note.hidden = true; }, { passive: true });

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.classList.contains("numeric") ? "descending" : "ascending";
        const order = head.ariaSort === first ? (first === "ascending" ? "descending" : "ascending") : first;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const value = (row) => {
          const cell = row.cells[column];
          return !("value" in cell.dataset) ? cell.textContent.trim() : cell.dataset.value === "" ? -Infinity : Number(cell.dataset.value);
        };
        const body = table.tBodies[0];
        const rows = [...body.rows].sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          return typeof x === "number" && typeof y === "number" ? (x < y ? -1 : x > y ? 1 : 0) : String(x).localeCompare(String(y), "en", { numeric: true });
        });
        if (order === "descending") rows.reverse();
        body.append(...rows);
      });
    });
  }
})();
`.trim();
