"use strict";
// The face on the screen, its zoom, and the buttons of the units: for scoring and for the course.

const byId = (name) => document.getElementById(name);

function trouble(message) {
  byId("trouble").textContent = message || "";
  byId("trouble").hidden = !message;
}

const FaceView = (() => {
  const steps = [1, 1.5, 2, 3, 4];
  let level = 0, x = 0, y = 0, from = null;
  const frame = byId("frame");
  const image = byId("face");

  function draw() {
    const scale = steps[level];
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    frame.classList.toggle("zoomed", level > 0);
    byId("zoom").textContent = `${Math.round(100 * scale)} %`;
  }
  function zoom(by) {
    level = Math.max(0, Math.min(steps.length - 1, level + by));
    if (level === 0) { x = 0; y = 0; }
    draw();
  }
  function reset() { level = 0; x = 0; y = 0; draw(); }

  byId("larger").addEventListener("click", () => zoom(1));
  byId("smaller").addEventListener("click", () => zoom(-1));
  frame.addEventListener("dblclick", () => { if (level) { reset(); } else { zoom(2); } });
  frame.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1 : -1); }, { passive: false });
  frame.addEventListener("pointerdown", (event) => {
    if (!level) { return; }
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
  draw();
  return { image, zoom, reset };
})();

const Units = (() => {
  const items = [...document.querySelectorAll(".unit")];
  const names = items.map((item) => item.dataset.unit);
  let now = 0;

  function show(answers) {
    items.forEach((item) => {
      const given = answers[item.dataset.unit];
      for (const button of item.querySelectorAll(".choices button")) {
        const score = button.dataset.score === "x" ? null : Number(button.dataset.score);
        button.setAttribute("aria-pressed", String(given !== undefined && given === score));
      }
    });
  }
  function choose(number) {
    now = Math.max(0, Math.min(items.length - 1, number));
    items.forEach((item, place) => item.classList.toggle("now", place === now));
    if (window.matchMedia("(min-width: 56rem)").matches) { items[now].scrollIntoView({ block: "nearest" }); }
  }
  function onAnswer(handler) {
    items.forEach((item, place) => item.addEventListener("click", (event) => {
      choose(place);
      const button = event.target.closest("button[data-score]");
      if (button) { handler(item.dataset.unit, button.dataset.score === "x" ? null : Number(button.dataset.score)); }
    }));
  }
  function release() {
    now = -1;
    items.forEach((item) => item.classList.remove("now"));
  }
  function nextOpen(answers, after) {
    const later = names.findIndex((name, place) => place > after && answers[name] === undefined);
    return later < 0 ? firstOpen(answers) : later;
  }
  function firstOpen(answers) {
    const open = names.findIndex((name) => answers[name] === undefined);
    return open < 0 ? names.length - 1 : open;
  }
  return { items, names, show, choose, release, onAnswer, firstOpen, nextOpen, get now() { return now; } };
})();

const KEY_SCORES = { 0: 0, 1: 1, 2: 2, x: null };

function commonKeys(event) {
  if (event.key === "+" || event.key === "=") { FaceView.zoom(1); }
  else if (event.key === "-") { FaceView.zoom(-1); }
  else if (event.key === "h") { document.body.classList.toggle("no-help"); }
  else if (event.key === "ArrowDown") { Units.choose(Units.now + 1); }
  else if (event.key === "ArrowUp") { Units.choose(Units.now - 1); }
  else { return false; }
  event.preventDefault();
  return true;
}

function isForUs(event) {
  return !(event.ctrlKey || event.metaKey || event.altKey);
}

async function send(url, body) {
  const request = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-AMGS-Form": byId("room").dataset.form },
  };
  const response = await fetch(url, request);
  const answer = await response.json();
  if (!response.ok) {
    const error = new Error(answer.error);
    error.refused = response.status < 500;  // the disk may be full or locked: that passes
    throw error;
  }
  return answer;
}
