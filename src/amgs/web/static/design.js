"use strict";
/* The table of recordings: cells, pasting, files, and what is wrong as one types. */

const grid = {
  table: document.getElementById("grid"),
  body: document.querySelector("#grid tbody"),
  columns: [...document.querySelectorAll("#grid thead [data-column]")].map((th) => th.dataset.column),
  saved: document.getElementById("saved"),
  history: [],
  waiting: 0,
  asked: 0,
  changes: 0,
  draft: `amgs draft ${location.pathname}`,

  rows() {
    return [...grid.body.rows].map((row) => [...row.querySelectorAll("td input")].map((input) => input.value));
  },

  cell(row, column) {
    return grid.body.rows[row]?.querySelectorAll("td input")[column];
  },

  add(values = {}) {
    const row = grid.body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    row.append(head);
    for (const name of grid.columns) {
      const td = row.insertCell();
      if (name === "video") td.className = "wide-cell";
      const input = document.createElement("input");
      input.value = values[name] || "";
      input.autocomplete = "off";
      input.spellcheck = false;
      td.append(input);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small remove";
    button.textContent = "×";
    row.insertCell().append(button);
  },

  number() {
    [...grid.body.rows].forEach((row, place) => {
      row.cells[0].textContent = place + 1;
      row.querySelectorAll("td input").forEach((input, at) => input.setAttribute("aria-label", `${grid.columns[at]}, row ${place + 1}`));
      row.querySelector(".remove").setAttribute("aria-label", `Remove row ${place + 1}`);
    });
  },

  fill(rows) {
    const wanted = Math.max(rows.length, 1);
    while (grid.body.rows.length > wanted) grid.body.deleteRow(-1);
    while (grid.body.rows.length < wanted) grid.add();
    rows.forEach((row, place) => row.forEach((value, at) => { grid.cell(place, at).value = value; }));
    grid.number();
  },

  keep() {
    grid.history.push(grid.rows());
    if (grid.history.length > 50) grid.history.shift();
    document.getElementById("undo").disabled = false;
  },

  undo() {
    const before = grid.history.pop();
    if (before) grid.fill(before);
    document.getElementById("undo").disabled = !grid.history.length;
    grid.changed();
  },

  append(list) {
    grid.keep();
    for (const row of [...grid.body.rows].reverse()) {
      if ([...row.querySelectorAll("td input")].some((input) => input.value.trim())) break;
      row.remove();
    }
    list.forEach((values) => grid.add(values));
    grid.add();
    grid.number();
    grid.changed();
  },

  changed() {
    grid.changes += 1;
    document.body.dataset.unsaved = "yes";
    try { localStorage.setItem(grid.draft, JSON.stringify({ columns: grid.columns, rows: grid.rows(), version: grid.table.dataset.version })); } catch { /* no room for a draft */ }
    grid.saved.textContent = "Not saved yet.";
    clearTimeout(grid.waiting);
    grid.waiting = setTimeout(grid.check, 400);
  },

  async check() {
    const asked = ++grid.asked;
    try {
      const remarks = await lab.ask(`${grid.table.dataset.base}/check`, { columns: grid.columns, rows: grid.rows() });
      if (asked === grid.asked) grid.mark(remarks);
    } catch (error) {
      document.getElementById("verdict").textContent = error.message;
    }
  },

  mark(remarks) {
    for (const td of grid.body.querySelectorAll("td.has-fault, td.has-warning")) {
      td.classList.remove("has-fault", "has-warning");
      const input = td.querySelector("input");
      input.removeAttribute("aria-invalid");
      input.removeAttribute("title");
    }
    const faults = remarks.filter((remark) => remark.fault);
    const verdict = document.getElementById("verdict");
    const filled = grid.rows().filter((row) => row.some((cell) => cell.trim())).length;
    verdict.className = faults.length ? "problem" : "done";
    verdict.textContent = !filled ? "The table is empty." : faults.length
      ? `${faults.length} ${faults.length === 1 ? "fault" : "faults"} to correct.` : `${filled} ${filled === 1 ? "recording" : "recordings"}, no fault.`;
    if (!filled) verdict.className = "quiet";
    const list = remarks.map((remark) => {
      const item = document.createElement("li");
      item.className = remark.fault ? "problem" : "note";
      const input = remark.row === null ? null : grid.cell(remark.row, grid.columns.indexOf(remark.column));
      if (!input) {
        item.textContent = remark.text;
        return item;
      }
      input.parentElement.classList.add(remark.fault ? "has-fault" : "has-warning");
      if (remark.fault) input.setAttribute("aria-invalid", "true");
      input.title = remark.text;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Row ${remark.row + 1}, ${remark.column}: ${remark.text}`;
      button.addEventListener("click", () => { input.focus(); input.scrollIntoView({ block: "center" }); });
      item.append(button);
      return item;
    });
    document.getElementById("remarks").replaceChildren(...list);
  },

  async save() {
    const changes = grid.changes;
    const sent = { columns: grid.columns, rows: grid.rows(), version: grid.table.dataset.version };
    try {
      const said = await lab.ask(`${grid.table.dataset.base}/save`, sent);
      grid.table.dataset.version = said.version;
      if (changes !== grid.changes) return; // somebody typed on meanwhile
      delete document.body.dataset.unsaved;
      localStorage.removeItem(grid.draft);
      grid.saved.textContent = said.faults ? "Saved, with faults that must be corrected before the next step." : "Saved.";
      grid.mark(said.remarks);
    } catch (error) {
      grid.saved.textContent = `${error.message} What you typed is still here, also when the page is loaded again.`;
    }
  },

  addColumn() {
    const name = (window.prompt("Name of the new column, such as weight") || "").trim();
    if (!name) return;
    const there = grid.columns.find((known) => known.toLowerCase() === name.toLowerCase());
    if (there) {
      grid.saved.textContent = `The column ${there} is there already.`;
      return;
    }
    grid.insertColumn(name);
    grid.changed();
  },

  insertColumn(name) {
    grid.columns.push(name);
    const head = document.createElement("th");
    head.scope = "col";
    head.dataset.column = name;
    head.textContent = name;
    grid.table.tHead.rows[0].lastElementChild.before(head);
    for (const row of grid.body.rows) {
      const cell = document.createElement("td");
      const input = document.createElement("input");
      input.autocomplete = "off";
      cell.append(input);
      row.lastElementChild.before(cell);
    }
    grid.history.length = 0;
    document.getElementById("undo").disabled = true;
    grid.number();
  },

  paste(event) {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    grid.keep();
    const at = grid.place(event.target);
    const block = cells(text, "\t"); // commas and semicolons are parts of cells here
    let beyond = 0;
    block.forEach((row, down) => {
      while (grid.body.rows.length <= at.row + down) grid.add();
      row.forEach((value, right) => {
        const input = grid.cell(at.row + down, at.column + right);
        if (input) input.value = value;
        else if (value.trim()) beyond += 1;
      });
    });
    grid.number();
    grid.changed();
    const named = block[0].filter((value) => grid.columns.includes(value.trim().toLowerCase())).length;
    if (beyond) grid.saved.textContent = `Not saved yet. ${beyond} ${beyond === 1 ? "cell" : "cells"} beyond the last column could not be taken: add columns first, or undo.`;
    else if (named > 1) grid.saved.textContent = "Not saved yet. The first line looks like names of columns: undo, and use “Paste a table”.";
  },

  mark_differences(rows) {
    let count = 0;
    grid.rows().forEach((row, at) => row.forEach((value, place) => {
      if (value === ((rows[at] || [])[place] || "")) return;
      grid.cell(at, place).classList.add("differs");
      count += 1;
    }));
    return count;
  },

  place(input) {
    const row = input.closest("tr");
    return { row: [...grid.body.rows].indexOf(row), column: [...row.querySelectorAll("td input")].indexOf(input) };
  },

  key(event) {
    const input = event.target;
    if (input.tagName !== "INPUT") return;
    const at = grid.place(input);
    const side = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] }[event.key];
    const start = input.selectionStart === 0 && input.selectionEnd === 0;
    const end = input.selectionStart === input.value.length;
    const step = side || (event.key === "ArrowLeft" && start ? [0, -1] : event.key === "ArrowRight" && end ? [0, 1] : null);
    if (!step) return;
    const next = grid.cell(at.row + step[0], at.column + step[1]);
    if (next) {
      event.preventDefault();
      next.focus();
      next.select();
    }
  },
};

/* Cells of a spreadsheet's clipboard: tabs and lines, quotes where a cell has either. */
function cells(text, only) {
  const rows = [[""]];
  let quoted = false;
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  const divider = only || (plain.includes("\t") ? "\t" : plain.split("\n")[0].includes(";") ? ";" : plain.includes("\n") || plain.includes(",") ? "," : "\t");
  for (let at = 0; at < plain.length; at += 1) {
    const sign = plain[at];
    const row = rows[rows.length - 1];
    const cell = row[row.length - 1];
    if (quoted) {
      if (sign === '"' && plain[at + 1] === '"') { row[row.length - 1] += '"'; at += 1; }
      else if (sign === '"') quoted = false;
      else row[row.length - 1] += sign;
    } else if (sign === '"' && !cell) quoted = true;
    else if (sign === divider) row.push("");
    else if (sign === "\n") rows.push([""]);
    else row[row.length - 1] += sign;
  }
  return rows.map((row) => row.map((cell) => cell.trim()));
}

/* Pasting a whole table with its names of columns */
const pasting = {
  dialog: document.getElementById("paste"),
  text: document.getElementById("paste-text"),
  problem: document.getElementById("paste-problem"),

  finish() {
    const [head, ...rows] = cells(pasting.text.value);
    // Whatever the capitals, a column is one that is there.
    const names = head.map((name) => grid.columns.find((column) => column.toLowerCase() === name.toLowerCase()) || name.toLowerCase());
    const known = names.filter((name) => grid.columns.includes(name));
    const again = known.filter((name, at) => known.indexOf(name) !== at);
    const long = rows.findIndex((row) => row.slice(names.length).some(Boolean));
    const problem = !rows.length || !known.includes("animal")
      ? `Expected a first row with names of columns, among them animal, and rows below it; found ${known.length ? known.join(", ") : "none of the table's columns"}.`
      : again.length ? `Expected every column once, found ${again[0]} twice. Nothing was taken.`
        : long >= 0 ? `Expected ${names.length} cells in every row, as in the first one; found ${rows[long].length} in row ${long + 2}. Nothing was taken. A comma within a cell needs quotes around the cell, or paste from the spreadsheet itself.`
          : "";
    if (problem) {
      pasting.problem.textContent = problem;
      pasting.problem.hidden = false;
      return;
    }
    pasting.dialog.close();
    const unknown = names.filter((name) => name && !grid.columns.includes(name));
    grid.append(rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value]))));
    if (unknown.length) grid.saved.textContent = `Not taken: ${unknown.join(", ")} (no such column here).`;
  },
};

/* Files that were chosen, and what their names say */
const naming = {
  dialog: document.getElementById("naming"),
  files: [],
  rows: [],
  asked: 0,

  async open(files) {
    naming.files = files;
    naming.dialog.showModal();
    await naming.preview();
  },

  async preview() {
    const asked = ++naming.asked;
    const problem = document.getElementById("naming-problem");
    try {
      const rows = await lab.ask(`${grid.table.dataset.base}/propose`, {
        files: naming.files,
        pattern: document.getElementById("pattern").value,
        together: document.getElementById("together").checked,
      });
      if (asked !== naming.asked) return;
      const odd = rows.filter((row) => !row.named).length;
      problem.hidden = !odd;
      problem.textContent = odd ? `${odd} of ${rows.length} names do not fit the pattern: their cells stay empty.` : "";
      const two = document.getElementById("two-animals").checked;
      naming.rows = two ? rows.flatMap((row) => [{ ...row, zone: "left" }, { ...row, animal: "", zone: "right" }]) : rows;
    } catch (error) {
      if (asked !== naming.asked) return;
      problem.textContent = error.message;
      problem.hidden = false;
      naming.rows = [];
    }
    document.getElementById("naming-ok").disabled = !naming.rows.length;
    const shown = ["video", "animal", "group", "timepoint", "zone", "cage", "date"].filter((name) => name === "video" || naming.rows.some((row) => row[name]));
    const head = document.createElement("tr");
    shown.forEach((name) => { const th = document.createElement("th"); th.scope = "col"; th.textContent = name; head.append(th); });
    const lines = naming.rows.map((row) => {
      const line = document.createElement("tr");
      shown.forEach((name) => { line.insertCell().textContent = row[name] || ""; });
      return line;
    });
    document.getElementById("naming-preview").replaceChildren(head, ...lines);
  },

  finish() {
    naming.dialog.close();
    grid.append(naming.rows);
  },
};

const on = (name, act) => document.getElementById(name).addEventListener("click", act);
grid.body.addEventListener("input", () => grid.changed());
grid.body.addEventListener("focusin", (event) => { if (event.target.tagName === "INPUT") event.target.dataset.before = event.target.value; });
grid.body.addEventListener("change", (event) => {
  const before = grid.rows();
  const at = grid.place(event.target);
  before[at.row][at.column] = event.target.dataset.before || "";
  grid.history.push(before);
  document.getElementById("undo").disabled = false;
});
grid.body.addEventListener("paste", grid.paste);
grid.body.addEventListener("keydown", grid.key);
grid.body.addEventListener("click", (event) => {
  if (!event.target.classList.contains("remove")) return;
  grid.keep();
  event.target.closest("tr").remove();
  if (!grid.body.rows.length) grid.add();
  grid.number();
  grid.changed();
});
on("add-row", () => { grid.keep(); grid.add(); grid.number(); grid.cell(grid.body.rows.length - 1, 0).focus(); });
on("add-column", grid.addColumn);
on("undo", grid.undo);
on("save", grid.save);
on("add-videos", () => lab.browse("video", naming.open, true));
on("read-table", () => lab.browse("table", async (files) => {
  try {
    const read = await lab.ask(`${grid.table.dataset.base}/read`, { files });
    const further = read.columns.filter((name) => !grid.columns.includes(name));
    grid.append(read.rows.map((row) => Object.fromEntries(row.map((value, at) => [read.columns[at], value]))));
    if (further.length) grid.saved.textContent = `Not taken: ${further.join(", ")} (no such column here).`;
  } catch (error) {
    grid.saved.textContent = error.message;
  }
}));
on("paste-open", () => { pasting.text.value = ""; pasting.problem.hidden = true; pasting.dialog.showModal(); });
on("paste-ok", pasting.finish);
on("paste-cancel", () => pasting.dialog.close());
on("naming-ok", naming.finish);
on("naming-cancel", () => naming.dialog.close());
document.getElementById("pattern").addEventListener("input", naming.preview);
document.getElementById("together").addEventListener("change", naming.preview);
document.getElementById("two-animals").addEventListener("change", naming.preview);
window.addEventListener("beforeunload", (event) => { if (document.body.dataset.unsaved) event.preventDefault(); });
grid.check();
const draft = localStorage.getItem(grid.draft);
if (draft) {
  const kept = JSON.parse(draft);
  const same = JSON.stringify(kept.rows.filter((row) => row.some(Boolean))) === JSON.stringify(grid.rows().filter((row) => row.some(Boolean)));
  document.getElementById("draft").hidden = same;
  on("draft-back", () => {
    for (const name of kept.columns) if (!grid.columns.includes(name)) grid.insertColumn(name);
    grid.keep();
    const saved = grid.rows();
    const rows = kept.rows.map((row) => Object.fromEntries(row.map((value, at) => [kept.columns[at], value])));
    grid.fill(rows.map((row) => grid.columns.map((name) => row[name] || "")));
    document.getElementById("draft").hidden = true;
    const newer = kept.version !== grid.table.dataset.version;
    grid.changed();
    if (!newer) return;
    // Somebody saved meanwhile: what would be undone by saving is shown, not decided here.
    const differ = grid.mark_differences(saved);
    grid.saved.textContent = `Not saved yet. The table was saved anew after this was typed: ${differ} ${differ === 1 ? "cell differs" : "cells differ"} from it (outlined). Saving replaces them.`;
  });
  on("draft-away", () => { localStorage.removeItem(grid.draft); document.getElementById("draft").hidden = true; });
}
