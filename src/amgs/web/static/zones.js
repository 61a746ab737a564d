"use strict";
/* Rectangles on a frame: with the mouse, by dragging; with the keyboard, as numbers. */

const zones = {
  place: document.getElementById("zones"),
  image: document.getElementById("frame"),
  svg: document.getElementById("drawing"),
  rows: [...document.querySelectorAll(".zone-rows tbody tr")],
  now: 0,
  faces: [],
  dragged: null,
  asked: 0,

  numbers(row) {
    const typed = [...row.querySelectorAll("td input")].map((input) => Number(input.value.replace(",", ".")));
    const filled = [...row.querySelectorAll("td input")].every((input) => input.value.trim());
    const inside = typed[0] >= 0 && typed[1] >= 0 && typed[0] + typed[2] <= 100.05 && typed[1] + typed[3] <= 100.05;
    return filled && typed.every((number) => Number.isFinite(number)) && typed[2] > 0 && typed[3] > 0 && inside ? typed : null;
  },

  set(row, box) {
    const limited = [Math.max(0, box[0]), Math.max(0, box[1])];
    limited.push(Math.min(100 - limited[0], box[2]), Math.min(100 - limited[1], box[3]));
    row.querySelectorAll("td input").forEach((input, at) => { input.value = limited[at].toFixed(1); });
    row.dataset.zone = "";
  },

  zone(row) {
    if (row.dataset.zone) return row.dataset.zone;
    const empty = [...row.querySelectorAll("td input")].every((input) => !input.value.trim());
    if (empty) return "full";
    const box = zones.numbers(row);
    if (!box) return null; // something is typed that is no rectangle
    const whole = box[0] === 0 && box[1] === 0 && box[2] === 100 && box[3] === 100;
    return whole ? "full" : box.map((number) => `${Number(number.toFixed(1))}%`).join(",");
  },

  draw() {
    const shapes = [];
    zones.rows.forEach((row, at) => {
      const box = zones.numbers(row);
      row.classList.toggle("now", at === zones.now);
      if (!box) return;
      shapes.push(zones.rectangle(box, at === zones.now ? "zone now" : "zone"));
    });
    for (const face of zones.faces) {
      if (!face.box) continue;
      const [x1, y1, x2, y2] = face.box.map((share) => 100 * share);
      shapes.push(zones.rectangle([x1, y1, x2 - x1, y2 - y1], "face"));
    }
    zones.svg.replaceChildren(...shapes);
  },

  rectangle([x, y, w, h], kind) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const values = { x: 10 * x, y: 10 * y, width: 10 * w, height: 10 * h };
    for (const [name, value] of Object.entries(values)) shape.setAttribute(name, value);
    shape.setAttribute("class", kind);
    return shape;
  },

  at() {
    return Number(document.getElementById("at").value);
  },

  async show() {
    const asked = ++zones.asked;
    const says = document.getElementById("says");
    const answer = await fetch(`${zones.place.dataset.base}/frame?video=${zones.place.dataset.video}&at=${zones.at()}`);
    if (asked !== zones.asked) return;
    if (!answer.ok) {
      says.textContent = (await answer.json()).error;
      says.className = "problem";
      return;
    }
    const before = zones.image.src;
    zones.image.src = URL.createObjectURL(await answer.blob());
    if (before.startsWith("blob:")) URL.revokeObjectURL(before);
    const time = Number(answer.headers.get("x-time"));
    document.getElementById("time").textContent = `${zones.clock(time)} of ${zones.clock(Number(answer.headers.get("x-duration")))}, ${answer.headers.get("x-size").replace("x", " × ")} pixels`;
    await zones.find();
  },

  clock(seconds) {
    return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  },

  async find() {
    const says = document.getElementById("says");
    const asked = zones.asked;
    try {
      const found = await lab.ask(`${zones.place.dataset.base}/find`, {
        video: Number(zones.place.dataset.video),
        at: zones.at(),
        zones: zones.rows.map((row) => zones.zone(row) || "full"),
      });
      if (asked !== zones.asked) return;
      zones.faces = found;
      zones.rows.forEach((row, at) => {
        const face = found[at];
        row.querySelector(".found").textContent = face.box ? `${face.width_px} pixels wide, ${face.eyes} ${face.eyes === 1 ? "eye" : "eyes"}` : "no face in this frame";
      });
      const seen = found.filter((face) => face.box).length;
      says.className = "quiet";
      says.textContent = seen === found.length ? "A face in every zone." : "Not in every zone is a face at this moment: look at other places of the video.";
    } catch (error) {
      says.className = "problem";
      says.textContent = error.message;
    }
    zones.draw();
  },

  changed() {
    zones.faces = [];
    document.body.dataset.unsaved = "yes";
    zones.draw();
  },

  point(event) {
    const frame = zones.svg.getBoundingClientRect();
    const within = (value) => Math.min(100, Math.max(0, value));
    return [within((100 * (event.clientX - frame.left)) / frame.width), within((100 * (event.clientY - frame.top)) / frame.height)];
  },

  down(event) {
    event.preventDefault();
    zones.svg.setPointerCapture(event.pointerId);
    const from = zones.point(event);
    const box = zones.numbers(zones.rows[zones.now]);
    const edge = 2;
    const inside = box && from[0] > box[0] + edge && from[0] < box[0] + box[2] - edge && from[1] > box[1] + edge && from[1] < box[1] + box[3] - edge;
    const small = box && box[2] * box[3] < 9000;
    zones.dragged = { from, box, move: Boolean(inside && small && event.shiftKey) };
  },

  move(event) {
    if (!zones.dragged) return;
    const to = zones.point(event);
    const { from, box, move } = zones.dragged;
    const row = zones.rows[zones.now];
    if (move) {
      const x = Math.min(100 - box[2], Math.max(0, box[0] + to[0] - from[0]));
      const y = Math.min(100 - box[3], Math.max(0, box[1] + to[1] - from[1]));
      zones.set(row, [x, y, box[2], box[3]]);
    } else if (Math.abs(to[0] - from[0]) > 0.5 && Math.abs(to[1] - from[1]) > 0.5) {
      zones.set(row, [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])]);
    }
    zones.changed();
  },

  async up() {
    if (!zones.dragged) return;
    zones.dragged = null;
    if (zones.now < zones.rows.length - 1) zones.now += 1;
    zones.draw();
    await zones.find();
  },

  async save() {
    const says = document.getElementById("kept");
    const wrong = zones.rows.filter((row) => zones.zone(row) === null);
    zones.rows.forEach((row) => row.querySelectorAll("td input").forEach((input) => input.setAttribute("aria-invalid", String(wrong.includes(row)))));
    if (wrong.length) {
      says.className = "problem";
      says.textContent = `Nothing was saved. Expected left, top, width and height in per cent, inside the frame and larger than 0, for ${wrong.map((row) => row.cells[0].textContent).join(", ")}.`;
      return;
    }
    const sent = JSON.stringify(zones.rows.map(zones.zone));
    try {
      const said = await lab.ask(`${zones.place.dataset.base}/save`, {
        video: Number(zones.place.dataset.video),
        version: zones.place.dataset.version,
        zones: zones.rows.map((row) => ({ row: Number(row.dataset.row), zone: zones.zone(row) })),
        copy_to: [...document.querySelectorAll(".like:checked")].map((box) => Number(box.value)),
      });
      zones.place.dataset.version = said.version;
      if (sent === JSON.stringify(zones.rows.map(zones.zone))) delete document.body.dataset.unsaved;
      says.className = said.faults.length ? "problem" : "done";
      says.textContent = said.faults.length ? `Saved, with a fault:\n${said.faults.join("\n")}` : `Saved: ${said.saved} ${said.saved === 1 ? "zone" : "zones"}.`;
    } catch (error) {
      says.className = "problem";
      says.textContent = `${error.message} Load the page again to see the table as it is.`;
    }
  },
};

if (zones.image) {
  const on = (name, act) => document.getElementById(name).addEventListener("click", act);
  zones.rows.forEach((row, at) => {
    row.querySelector(".draw").addEventListener("click", () => { zones.now = at; zones.draw(); });
    row.addEventListener("focusin", () => { zones.now = at; zones.draw(); });
    row.addEventListener("change", () => { row.dataset.zone = ""; zones.changed(); zones.find(); });
  });
  zones.svg.addEventListener("pointerdown", zones.down);
  zones.svg.addEventListener("pointermove", zones.move);
  zones.svg.addEventListener("pointerup", zones.up);
  document.getElementById("at").addEventListener("change", zones.show);
  on("save-zones", zones.save);
  on("find-faces", zones.find);
  on("halves", () => {
    const n = zones.rows.length;
    zones.rows.forEach((row, at) => zones.set(row, [(100 * at) / n, 0, 100 / n, 100]));
    zones.changed();
    zones.find();
  });
  document.getElementById("all-like")?.addEventListener("click", () => document.querySelectorAll(".like").forEach((box) => { box.checked = true; }));
  window.addEventListener("beforeunload", (event) => { if (document.body.dataset.unsaved) event.preventDefault(); });
  zones.show();
}
