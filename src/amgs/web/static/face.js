"use strict";
// The face on the screen, its zoom and light, the buttons of the units, keys and settings: for
// scoring and for the course.

const byId = (name) => document.getElementById(name);

function trouble(message, signIn) {
  byId("trouble").textContent = message || "";
  if (signIn) {
    const link = document.createElement("a");
    link.href = "/";
    link.textContent = "Sign in";
    byId("trouble").append(" ", link);
  }
  byId("trouble").hidden = !message;
}

const UNREACHABLE = "The program cannot be reached. Is it still running, and the network there?";
const PATIENCE_MS = 5000;

// Say so when the program takes long to answer: it may hang, or the network be gone.
async function patiently(promise) {
  let told = false;
  const slow = setTimeout(() => {
    told = true;
    trouble("The program takes long to answer. What you scored is kept in this page; waiting …");
  }, PATIENCE_MS);
  try { return await promise; } finally {
    clearTimeout(slow);
    if (told) { trouble(""); }
  }
}

function announce(message) { byId("announce").textContent = message; }

// What somebody likes in this browser. Storage may be switched off: then it is forgotten.
const Likes = (() => {
  const read = (name) => { try { return localStorage.getItem(`amgs-${name}`); } catch { return null; } };
  const keep = (name, value) => { try { localStorage.setItem(`amgs-${name}`, value); } catch { /* forgotten */ } };
  function box(id, name, byDefault, changed) {
    const element = byId(id);
    const known = read(name);
    element.checked = known === null ? byDefault : known === "yes";
    if (changed) { changed(element.checked); }
    element.addEventListener("change", () => { keep(name, element.checked ? "yes" : "no"); if (changed) { changed(element.checked); } });
    return element;
  }
  return { read, keep, box };
})();

const FaceView = (() => {
  const most = 4, step = 1.5;
  let scale = 1, x = 0, y = 0, from = null;
  const frame = byId("frame");
  const image = byId("face");
  const keepZoom = Likes.box("keep-zoom", "keep-zoom", false);

  // The face may reach over the edge of the frame, and is never pushed out of it.
  function clamp() {
    const side = Math.min(image.clientWidth, image.clientHeight);
    const room = (size) => Math.max(0, (scale * side - size) / 2 + (scale > 1 ? side / 8 : 0));
    x = Math.max(-room(frame.clientWidth), Math.min(room(frame.clientWidth), x));
    y = Math.max(-room(frame.clientHeight), Math.min(room(frame.clientHeight), y));
  }
  function draw() {
    clamp();
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    frame.classList.toggle("zoomed", scale > 1);
    byId("zoom").textContent = `${Math.round(100 * scale)} %`;
    byId("smaller").disabled = scale <= 1;
    byId("larger").disabled = scale >= most;
  }
  // What lies under the pointer stays under it.
  function scaleTo(wanted, at) {
    const next = Math.max(1, Math.min(most, wanted));
    const box = frame.getBoundingClientRect();
    const px = at ? at.clientX - box.left - box.width / 2 : 0;
    const py = at ? at.clientY - box.top - box.height / 2 : 0;
    x = px - (px - x) * next / scale;
    y = py - (py - y) * next / scale;
    scale = next;
    if (scale === 1) { x = 0; y = 0; }
    draw();
  }
  function zoom(by) { scaleTo(scale * (by > 0 ? step : 1 / step)); }
  function reset() { if (!keepZoom.checked) { scaleTo(1); } }

  byId("larger").addEventListener("click", () => zoom(1));
  byId("smaller").addEventListener("click", () => zoom(-1));
  frame.addEventListener("dblclick", (event) => { scaleTo(scale > 1 ? 1 : 2, event); });
  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    // Lines or pages in some browsers, pixels in most; a trackpad sends many small ones.
    const pixels = event.deltaY * (event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? 400 : 1);
    frame.classList.add("turning");
    scaleTo(scale * Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0025), event);
  }, { passive: false });
  frame.addEventListener("pointerdown", (event) => {
    if (scale <= 1) { return; }
    from = { x: event.clientX - x, y: event.clientY - y };
    frame.setPointerCapture(event.pointerId);
    frame.classList.add("dragging");
  });
  frame.addEventListener("pointermove", (event) => {
    if (from) { x = event.clientX - from.x; y = event.clientY - from.y; draw(); }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    frame.addEventListener(name, () => { from = null; frame.classList.remove("dragging"); });
  }
  window.addEventListener("resize", draw);

  function show(address, message) {
    if (address) { image.src = address; } else { image.removeAttribute("src"); }
    image.hidden = !address;
    byId("no-face").textContent = address ? "" : message || "";
    byId("no-face").hidden = Boolean(address);
    frame.classList.remove("turning");
    reset();
  }
  // A key that is meant for the next face must not press a button of the last one.
  function focus() { frame.focus({ preventScroll: true }); }
  draw();
  return { image, frame, zoom, reset, show, focus };
})();

const Light = (() => {
  const names = ["brightness", "contrast"];
  function draw() {
    const values = names.map((name) => Number(byId(name).value));
    names.forEach((name, place) => { byId(`${name}-value`).textContent = `${values[place]} %`; });
    FaceView.image.style.filter = values.every((value) => value === 100) ? "" : `brightness(${values[0]}%) contrast(${values[1]}%)`;
    byId("light").setAttribute("aria-pressed", String(values.some((value) => value !== 100)));
  }
  function toggle() {
    const open = byId("lights").hidden;
    byId("lights").hidden = !open;
    byId("light").setAttribute("aria-expanded", String(open));
    if (open) { byId("brightness").focus(); } else { FaceView.focus(); }
  }
  for (const name of names) { byId(name).addEventListener("input", draw); }
  byId("lights-reset").addEventListener("click", () => { for (const name of names) { byId(name).value = 100; } draw(); });
  byId("light").addEventListener("click", toggle);
  byId("lights").addEventListener("keydown", (event) => { if (event.key === "Escape") { toggle(); } });
  draw();
  return { toggle };
})();

const Units = (() => {
  const items = [...document.querySelectorAll(".unit")];
  const names = items.map((item) => item.dataset.unit);
  const buttons = (item) => [...item.querySelectorAll("button[data-score]")];
  let now = 0;

  function show(answers) {
    items.forEach((item) => {
      const given = answers[item.dataset.unit];
      const all = buttons(item);
      for (const button of all) {
        const score = button.dataset.score === "x" ? null : Number(button.dataset.score);
        button.setAttribute("aria-checked", String(given !== undefined && given === score));
      }
      const stop = all.find((button) => button.getAttribute("aria-checked") === "true") || all[0];
      for (const button of all) { button.tabIndex = button === stop ? 0 : -1; }
    });
  }
  // The images of 0, 1 and 2: those of the unit at hand first, the others when there is time.
  function load(within) {
    for (const image of within.querySelectorAll("img[data-src]")) {
      image.src = image.dataset.src;
      image.removeAttribute("data-src");
    }
  }
  function choose(number, quietly) {
    now = Math.max(0, Math.min(items.length - 1, number));
    if (items[now].hidden) { now = items.findIndex((item) => !item.hidden); }
    items.forEach((item, place) => {
      item.classList.toggle("now", place === now);
      if (place === now) { item.setAttribute("aria-current", "true"); } else { item.removeAttribute("aria-current"); }
    });
    load(items[now]);
    if (!quietly) { items[now].scrollIntoView({ block: "nearest" }); }
  }
  function onAnswer(handler) {
    items.forEach((item, place) => {
      // Digits go to the unit that has the focus.
      item.addEventListener("focusin", () => choose(place, true));
      item.addEventListener("click", (event) => {
        choose(place, true);
        const button = event.target.closest("button[data-score]");
        if (button && !button.disabled) { handler(item.dataset.unit, button.dataset.score === "x" ? null : Number(button.dataset.score)); }
      });
    });
  }
  // Within a unit the arrows move between its buttons, and to those of the next unit.
  function moveFocus(event) {
    const item = event.target.closest && event.target.closest(".unit");
    if (!item || !event.target.matches("button[data-score]")) { return false; }
    const row = buttons(item);
    const place = row.indexOf(event.target);
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      row[(place + (event.key === "ArrowRight" ? 1 : row.length - 1)) % row.length].focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = items[items.indexOf(item) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next && !next.hidden) { buttons(next)[place].focus(); }
    } else { return false; }
    event.preventDefault();
    return true;
  }
  function release() {
    now = -1;
    items.forEach((item) => { item.classList.remove("now"); item.removeAttribute("aria-current"); });
  }
  function nextOpen(answers, after) {
    const later = names.findIndex((name, place) => place > after && answers[name] === undefined);
    return later < 0 ? firstOpen(answers) : later;
  }
  function firstOpen(answers) {
    const open = names.findIndex((name) => answers[name] === undefined);
    return open < 0 ? names.length - 1 : open;
  }
  function enable(able) { for (const item of items) { for (const button of buttons(item)) { button.disabled = !able; } } }
  function only(name) { items.forEach((item) => { item.hidden = Boolean(name) && item.dataset.unit !== name; }); }
  function label(name) { return items[names.indexOf(name)].querySelector(".unit-name").textContent; }
  FaceView.image.addEventListener("load", () => setTimeout(() => load(document.body), 1000), { once: true });
  return { items, names, show, choose, release, onAnswer, moveFocus, firstOpen, nextOpen, enable, only, label, get now() { return now; } };
})();

const KEY_SCORES = { 0: 0, 1: 1, 2: 2, x: null };

// Digits by their place on the keyboard: the same keys give & é à in France and + ě š in Bohemia.
// Letters by what they are, and by their place on keyboards that have others.
function keyOf(event) {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code || "");
  if (digit && (!event.shiftKey || /^[0-9]$/.test(event.key))) { return digit[1]; }
  if (/^[a-z]$/i.test(event.key)) { return event.key.toLowerCase(); }
  const letter = /^Key([A-Z])$/.exec(event.code || "");
  if (letter && event.key.length === 1) { return letter[1].toLowerCase(); }
  return event.key.toLowerCase();
}

const letters = Likes.box("letters", "letters", true);

function isForUs(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) { return false; }
  if (event.target.matches("input[type=range]")) { return !/^(Arrow|Home|End|Page)/.test(event.key); }
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) { return false; }
  return letters.checked || event.key.length > 1 || event.key === "?";
}

const explain = Likes.box("explain", "explain", window.matchMedia("(min-width: 56rem)").matches,
  (shown) => document.body.classList.toggle("no-help", !shown));

function openSettings() { byId("settings").showModal(); }

function commonKeys(event) {
  const key = keyOf(event);
  if (key === "+" || key === "=") { FaceView.zoom(1); }
  else if (key === "-" || key === "−") { FaceView.zoom(-1); }
  else if (key === "h") { explain.checked = !explain.checked; explain.dispatchEvent(new Event("change")); }
  else if (key === "b") { Light.toggle(); }
  else if (key === "?") { openSettings(); }
  else if (key === "arrowdown") { Units.choose(Units.now + 1); }
  else if (key === "arrowup") { Units.choose(Units.now < 0 ? Units.items.length - 1 : Units.now - 1); }
  else { return false; }
  event.preventDefault();
  return true;
}

byId("help").addEventListener("click", () => openSettings());
byId("theme").value = Likes.read("theme") || "";
function paint() { document.documentElement.dataset.theme = byId("theme").value; }
byId("theme").addEventListener("change", () => { Likes.keep("theme", byId("theme").value); paint(); });
paint();
byId("full-screen").addEventListener("click", () => {
  if (document.fullscreenElement) { document.exitFullscreen(); } else { document.documentElement.requestFullscreen().catch(() => {}); }
});
byId("full-screen").hidden = !document.fullscreenEnabled;

async function send(url, body) {
  const request = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-AMGS-Form": byId("room").dataset.form },
  };
  const response = await fetch(url, request);
  const answer = await response.json().catch(() => ({ error: "The program answered something that is none of its answers." }));
  if (!response.ok) {
    const error = new Error(answer.error);
    error.status = response.status;
    error.refused = response.status < 500;  // the disk may be full or locked: that passes
    error.told = true;
    throw error;
  }
  return answer;
}
