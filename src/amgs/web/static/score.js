"use strict";
// Scoring: what is pressed is shown at once and saved at once.

const FACES_TO_PAUSE = 100, MINUTES_TO_PAUSE = 45, GO_ON_AFTER_MS = 250;
const begun = Date.now();
const alone = Boolean(byId("room").dataset.alone);  // one unit of all faces, then the next unit

let position = Number(byId("room").dataset.begin);
let unit = byId("room").dataset.unit;
let state = { answers: {}, reason: null, total: 0, done: 0, next_open: null, face_token: "", flagged: false, note: "" };
let finishedHere = 0;
let sincePause = 0, pausedAt = Date.now();
let moving = false;
let undoing = false;
let leaving = 0;  // the timer that goes on from a face just finished; until then no key counts
let retry = 0;    // the timer that tries again to show a face
let held = [];    // what was pressed while an answer was taken back
let goesOn = false;     // going on was stopped by a note, a list or the like, and follows it
let asked = false;      // the reasons were opened on purpose: numbers choose one of them
const images = new Map();

const goOn = Likes.box("go-on", "go-on", true);

function fetchImage(place, token) {
  const key = `${place}?${token}`;
  if (!images.has(key)) {
    images.set(key, fetch(`/face/${key}`).then(async (response) => {
      if (!response.ok) {
        const error = new Error((await response.json()).error);
        error.refused = response.status < 500;
        throw error;
      }
      return URL.createObjectURL(await response.blob());
    }));
    images.get(key).catch(() => images.delete(key));
    if (images.size > 12) {
      const [oldest, url] = images.entries().next().value;
      images.delete(oldest);
      url.then((address) => URL.revokeObjectURL(address), () => {});
    }
  }
  return images.get(key);
}

function isFinished() {
  if (state.reason !== null) { return true; }
  return (alone ? [unit] : Units.names).every((name) => state.answers[name] !== undefined);
}

const canScore = () => Boolean(state.face_token);

// On a finished face no unit is chosen, so that a key too many changes nothing.
function chooseOpen(after = -1) {
  if (isFinished() || !canScore()) { Units.release(); }
  else { Units.choose(alone ? Units.names.indexOf(unit) : Units.nextOpen(state.answers, after)); }
}

function render() {
  Units.show(state.answers);
  Units.enable(canScore());
  for (const button of document.querySelectorAll("[data-reason]")) {
    button.setAttribute("aria-pressed", String(button.dataset.reason === state.reason));
    button.disabled = !canScore();
  }
  byId("image-not-scorable").disabled = !canScore();
  for (const name of ["flag", "note-open"]) { byId(name).disabled = !canScore(); }
  byId("flag").setAttribute("aria-pressed", String(state.flagged));
  byId("note-shown").textContent = state.note;
  byId("bar").max = Math.max(1, state.total);
  byId("bar").value = state.done;
  byId("count").textContent = `Face ${position + 1} of ${state.total}, ${state.done} finished`;
  byId("one-unit").hidden = !alone;
  byId("other-unit").hidden = !alone;
  byId("unit-choice").value = unit;
  if (alone) { byId("one-unit").textContent = `${Units.label(unit)}: unit ${Units.names.indexOf(unit) + 1} of ${Units.names.length}`; }
  byId("back").disabled = position === 0;
  byId("next").disabled = placeAfter() === null && !isFinished();
  const minutes = (Date.now() - begun) / 60000;
  if (finishedHere >= 5 && minutes > 0.1) {
    const later = alone ? (Units.names.length - 1 - Units.names.indexOf(unit)) * state.total : 0;
    const left = Math.ceil((later + state.total - state.done) / (finishedHere / minutes));
    byId("pace").textContent = `${(finishedHere / minutes).toFixed(1)} per minute${left > 0 ? `, about ${left} min left` : ""}`;
  }
}

// After the last face comes the first one that was left open.
function placeAfter() {
  return position + 1 < state.total ? { position: position + 1, unit } : state.next_open;
}

// What opens beside a face just finished holds the page: keys meant for it must not reach the next.
function hold() {
  if (leaving) { goesOn = true; }
  stay();
}

function release() {
  if (goesOn) { goesOn = false; leave(); }
}

function stay() {
  clearTimeout(leaving);
  clearTimeout(retry);
  leaving = 0;
  retry = 0;
}

async function go(place) {
  if (moving || Saving.halted || place === null) { return; }
  stay();
  keepNote();
  goesOn = false;
  moving = true;
  trouble("");
  try {
    await Saving.drained();
    if (Saving.halted) { return; }
    const query = alone && place.unit ? `?unit=${place.unit}` : "";
    const next = await patiently(send(`/api/face/${place.position}${query}`));
    let address = "", missing = "This face image is missing or was changed. It cannot be scored; please tell the owner of the study, and go on.";
    if (next.face_token) {
      try { address = await fetchImage(place.position, next.face_token); }
      catch (error) { if (!error.refused) { throw error; } missing = error.message; next.face_token = ""; }
    }
    await show(place.position, next, address, missing);
  } catch (error) {
    if (error.refused) { trouble(error.message, error.status === 403); return; }
    trouble(`${error.told ? error.message : UNREACHABLE} Trying again.`);
    retry = setTimeout(() => { retry = 0; go(place); }, 2000);
  } finally { moving = false; }
}

async function show(place, next, address, missing) {
  position = place;
  state = next;
  unit = next.unit;
  byId("finished").hidden = true;
  document.querySelector(".scoring").hidden = false;
  FaceView.show(address, missing);
  if (address) { await FaceView.image.decode().catch(() => {}); }
  Units.only(alone ? unit : "");
  openReasons(state.reason !== null, true);
  asked = false;
  closeNote();
  FaceView.focus();
  chooseOpen();
  render();
  announce(`${alone ? `${Units.label(unit)}. ` : ""}Face ${position + 1} of ${state.total}${address ? "" : ` cannot be shown. ${missing}`}`);
  Watch.start();
  if (place + 1 < state.total) {
    send(`/api/face/${place + 1}`).then((later) => later.face_token && fetchImage(place + 1, later.face_token)).catch(() => {});
  }
}

Saving.onHeard((answer, entry, last) => {
  byId("saved").dataset.last = entry.kind;
  if (entry.kind !== "undo" && last && answer.position === position && answer.unit === unit) {
    state = answer;
    render();
  }
});

function answered(wasFinished) {
  if (!wasFinished && isFinished()) { finishedHere += 1; sincePause += 1; state.done += 1; }
  render();
  if (wasFinished || !isFinished()) { return; }
  offerPause();
  leave();
}

function leave() {
  leaving = setTimeout(async () => {
    await Saving.drained();
    if (!leaving || Saving.halted) { return; }
    stay();
    if (state.next_open === null) { showEnd(); } else if (goOn.checked) { go(state.next_open); }
  }, goOn.checked ? GO_ON_AFTER_MS : 0);
}

function offerPause() {
  const minutes = (Date.now() - pausedAt) / 60000;
  if (sincePause < FACES_TO_PAUSE && minutes < MINUTES_TO_PAUSE) { return; }
  byId("pause").querySelector("span").textContent = sincePause >= FACES_TO_PAUSE
    ? `${sincePause} faces since your last pause.` : `${Math.round(minutes)} minutes since your last pause.`;
  byId("pause").querySelector("span").textContent += " A few minutes away from the screen keep your eyes even; all is saved.";
  byId("pause").hidden = false;
}

function score(name, value) {
  if (moving || undoing || Saving.halted || leaving || !canScore() || (alone && name !== unit)) { return; }
  stay();
  trouble("");
  const before = isFinished();
  if (alone && state.reason !== null) { trouble("This face had been called not scorable: its other units are asked again."); }
  state.answers = { ...state.answers, [name]: value };
  state.reason = null;
  openReasons(false);
  Saving.keep("/api/answer", { position, face_token: state.face_token, shown_unit: unit, unit: name, score: value, seconds: Watch.take(), request: Saving.requestName() }, "answer");
  chooseOpen(Units.names.indexOf(name));
  answered(before);
}

function notScorable(reason) {
  if (moving || undoing || Saving.halted || leaving || !canScore()) { return; }
  stay();
  trouble("");
  asked = false;
  const before = isFinished() && !goesOn;
  goesOn = false;
  state.answers = {};
  state.reason = reason;
  Saving.keep("/api/answer", { position, face_token: state.face_token, shown_unit: unit, unit: "image", score: null, reason, seconds: Watch.take(), request: Saving.requestName() }, "answer");
  answered(before);
}

// Taking back goes through the same queue as answers. Keys pressed in the meantime wait for it, and
// are forgotten when it leads to another face.
async function undo() {
  if (moving || undoing || Saving.halted) { return; }
  stay();
  undoing = true;
  held = [];
  const back = await Saving.keep("/api/undo", { shown_unit: unit, request: Saving.requestName() }, "undo");
  undoing = false;
  if (!back) { held = []; return; }
  trouble("");
  goesOn = false;
  byId("saved").textContent = "Taken back";
  if (byId("finished").hidden && back.position === position && back.unit === unit) {
    state = back;
    openReasons(state.reason !== null);
    chooseOpen();
    render();
    for (const action of held.splice(0)) { action(); }
  } else { held = []; await go({ position: back.position, unit: back.unit }); byId("saved").textContent = "Taken back"; }
}

// Only what changed is sent: another window may have set the other one.
function remark(changed) {
  if (moving || Saving.halted || !canScore()) { return; }
  Object.assign(state, changed);
  Saving.keep("/api/remark", { position, face_token: state.face_token, shown_unit: unit, ...changed }, "remark");
  render();
}

function openNote() {
  if (!byId("note-form").hidden) { byId("note").focus(); return; }
  hold();
  byId("note-form").hidden = false;
  byId("note-open").setAttribute("aria-expanded", "true");
  byId("note").value = state.note;
  byId("note").focus();
  byId("note-form").scrollIntoView({ block: "center" });
}

function closeNote() {
  byId("note-form").hidden = true;
  byId("note-open").setAttribute("aria-expanded", "false");
}

// Whatever was typed is kept when the face is left.
function keepNote() {
  if (byId("note-form").hidden) { return; }
  const typed = byId("note").value.trim();
  closeNote();
  if (typed !== state.note) { remark({ note: typed }); }
}

function openReasons(open, quietly) {
  byId("reasons").hidden = !open;
  byId("image-not-scorable").setAttribute("aria-expanded", String(open));
  if (open && !quietly) { byId("reasons").scrollIntoView({ block: "nearest" }); }
}

function jumps(list, entries, empty) {
  list.replaceChildren(...entries.map(([place, words]) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = words ? `${place + 1}: ${words}` : `${place + 1}`;
    button.addEventListener("click", () => { byId("places").close(); go({ position: place, unit }); });
    item.append(button);
    return item;
  }));
  if (!entries.length) { const item = document.createElement("li"); item.className = "quiet"; item.textContent = empty; list.append(item); }
}

const describe = (entry) => [entry.position, entry.note || "look again"];

async function openPlaces() {
  hold();
  try {
    await Saving.drained();
    const found = await patiently(send(`/api/places?unit=${unit}`));
    jumps(byId("open-list"), found.open.slice(0, 200).map((place) => [place, ""]), "none before the furthest face");
    jumps(byId("flag-list"), found.remarks.map(describe), "none");
    byId("jump-to").max = state.total;
    byId("jump-to").value = position + 1;
    byId("places").showModal();
  } catch (error) { trouble(error.told ? error.message : UNREACHABLE, error.status === 403); }
}

async function showEnd() {
  const found = await send("/api/places").catch(() => ({ remarks: [], left: 0 }));
  const left = found.left;
  byId("finished-more").textContent = (left > 0 ? `${left} could not be shown; please tell the owner of the study. ` : "") +
    (found.remarks.length ? "You wanted to look at these again:" : "You may look at them again, or sign out.");
  jumps(byId("finished-list"), found.remarks.map(describe), "");
  document.querySelector(".scoring").hidden = true;
  byId("finished").hidden = false;
  byId("finished").querySelector("button").focus();
}

Units.onAnswer(score);
function goNext() {
  const place = placeAfter();
  if (place) { go(place); } else if (isFinished() && !moving && !leaving) { showEnd(); }
}

byId("next").addEventListener("click", goNext);
byId("back").addEventListener("click", () => { if (position > 0) { go({ position: position - 1, unit }); } });
byId("undo").addEventListener("click", undo);
function askReason() {
  hold();
  asked = byId("reasons").hidden || (state.reason !== null && !asked);
  openReasons(asked);
  if (!asked) { release(); }
}

byId("image-not-scorable").addEventListener("click", askReason);
byId("flag").addEventListener("click", () => remark({ flagged: !state.flagged }));
byId("note-open").addEventListener("click", () => { if (byId("note-form").hidden) { openNote(); } else { keepNote(); FaceView.focus(); release(); } });
byId("note-form").addEventListener("submit", (event) => { event.preventDefault(); keepNote(); FaceView.focus(); release(); });
byId("note").addEventListener("keydown", (event) => { if (event.key === "Escape") { closeNote(); FaceView.focus(); release(); } });
byId("places").addEventListener("close", release);
byId("settings").addEventListener("close", release);
byId("help").addEventListener("click", hold);
byId("undo-last").addEventListener("click", undo);
byId("unit-choice").addEventListener("change", () => go({ position: 0, unit: byId("unit-choice").value }));
byId("list").addEventListener("click", openPlaces);
byId("jump").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = Number(byId("jump-to").value) - 1;
  byId("places").close();
  if (wanted >= 0 && wanted < state.total) { go({ position: wanted, unit }); }
});
byId("look-again").addEventListener("click", () => go({ position: 0, unit: alone ? Units.names[0] : "" }));
byId("pause").querySelector("button").addEventListener("click", () => {
  sincePause = 0;
  pausedAt = Date.now();
  byId("pause").hidden = true;
  FaceView.focus();
});
for (const button of document.querySelectorAll("[data-reason]")) {
  button.addEventListener("click", () => notScorable(button.dataset.reason));
}

function scoreByKey(key) {
  if (Units.now >= 0) { score(Units.names[Units.now], KEY_SCORES[key]); }
  else if (!canScore()) { trouble("This face cannot be shown, so it cannot be scored. Go on with →."); }
  else if (!leaving && !moving) { trouble("This face is finished. To change an answer choose its unit first, with ↑ and ↓ or a click."); }
}

document.addEventListener("keydown", (event) => {
  if (!isForUs(event) || event.repeat) { return; }
  const key = keyOf(event);
  if (!byId("finished").hidden) { if (key === "u") { event.preventDefault(); undo(); } return; }
  if (Units.moveFocus(event)) { return; }
  const choosing = asked && !byId("reasons").hidden;
  const atRest = event.target === document.body || event.target === FaceView.frame;
  if (choosing && /^[1-9]$/.test(key)) {
    const button = document.querySelectorAll("[data-reason]")[Number(key) - 1];
    if (button) { notScorable(button.dataset.reason); }
  } else if (choosing && key === "escape") { askReason(); }
  else if (choosing && key in KEY_SCORES) { /* neither 0 nor x is a reason */ }
  else if (key in KEY_SCORES) { if (undoing) { held.push(() => scoreByKey(key)); } else { scoreByKey(key); } }
  else if (key === "i") { askReason(); }
  else if (key === "u" || key === "backspace") { undo(); }
  else if (key === "f") { remark({ flagged: !state.flagged }); }
  else if (key === "n") { if (canScore()) { openNote(); } }
  else if (key === "g") { openPlaces(); }
  else if (key === "arrowright" || (key === "enter" && atRest)) { goNext(); }
  else if (key === "arrowleft") { if (position > 0) { go({ position: position - 1, unit }); } }
  else { if (key === "?") { hold(); } commonKeys(event); return; }
  event.preventDefault();
});

async function begin() {
  try {
    const first = await patiently(send("/api/face/0"));
    await go({ position: Math.min(position, first.total - 1), unit });
    if (isFinished() && state.next_open === null) { showEnd(); }
  } catch (error) {
    if (error.status === 404) {
      FaceView.show("", "There are no faces to score yet. The owner of the study can add some.");
      Units.enable(false);
    } else if (error.refused) { trouble(error.message, error.status === 403); }
    else { trouble(`${error.told ? error.message : UNREACHABLE} Trying again.`); setTimeout(begin, 2000); }
  }
}

begin();
