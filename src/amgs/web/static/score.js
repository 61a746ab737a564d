"use strict";
// Scoring: what is pressed is shown at once and saved at once; what could not be saved is tried again.

const begun = Date.now();

let position = Number(byId("room").dataset.begin);
let state = { answers: {}, reason: null, total: 0, done: 0, next_open: null };
let finishedHere = 0;
let moving = false;
let leaving = 0;  // the timer that goes on from a face just finished; until then no key counts
const waiting = [];
let sending = false;
let halted = false;
const images = new Map();

function fetchImage(place, token) {
  const key = `${place}?${token}`;
  if (!images.has(key)) {
    images.set(key, fetch(`/face/${key}`).then(async (response) => {
      if (!response.ok) { const error = new Error((await response.json()).error); error.refused = true; throw error; }
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
  return state.reason !== null || Units.names.every((name) => state.answers[name] !== undefined);
}

// On a finished face no unit is chosen, so that a key too many changes nothing.
function chooseOpen(after = -1) {
  if (isFinished()) { Units.release(); } else { Units.choose(Units.nextOpen(state.answers, after)); }
}

function render() {
  Units.show(state.answers);
  for (const button of document.querySelectorAll("[data-reason]")) {
    button.setAttribute("aria-pressed", String(button.dataset.reason === state.reason));
  }
  byId("bar").max = Math.max(1, state.total);
  byId("bar").value = state.done;
  byId("count").textContent = `Face ${position + 1} of ${state.total}, ${state.done} finished`;
  const ended = state.total > 0 && state.done >= state.total;
  if (ended && byId("finished").hidden) { setTimeout(() => byId("finished").scrollIntoView({ block: "center" }), 0); }
  byId("finished").hidden = !ended;
  byId("back").disabled = position === 0;
  byId("next").disabled = placeAfter() === null;
  const minutes = (Date.now() - begun) / 60000;
  if (finishedHere >= 5 && minutes > 0.1) {
    const left = Math.ceil((state.total - state.done) / (finishedHere / minutes));
    byId("pace").textContent = `${(finishedHere / minutes).toFixed(1)} per minute, about ${left} min left`;
  }
}

// After the last face comes the first one that was left open.
function placeAfter() {
  return position + 1 < state.total ? position + 1 : state.next_open;
}

async function go(place) {
  if (moving || halted || place === null) { return; }
  stay();
  moving = true;
  trouble("");
  try {
    await drained();
    if (halted) { return; }
    const next = await send(`/api/face/${place}`);
    let missing = "";
    try {
      FaceView.image.src = await fetchImage(place, next.face_token);
      await FaceView.image.decode().catch(() => {});
    } catch (error) {
      if (!error.refused) { throw error; }
      FaceView.image.removeAttribute("src");
      missing = error.message;
    }
    position = place;
    state = next;
    FaceView.reset();
    openReasons(state.reason !== null);
    chooseOpen();
    render();
    trouble(missing);
    if (place + 1 < state.total) {
      send(`/api/face/${place + 1}`).then((later) => fetchImage(place + 1, later.face_token)).catch(() => {});
    }
  } catch (error) {
    trouble(error.refused ? error.message : "The face could not be loaded. Is the program still running? Trying again.");
    if (!error.refused) { setTimeout(() => go(place), 2000); }
  } finally { moving = false; }
}

function drained() {
  return new Promise((resolve) => {
    const look = () => (waiting.length ? setTimeout(look, 20) : resolve());
    look();
  });
}

function keep(entry) {
  waiting.push(entry);
  if (!sending) { sendAll(); }
}

async function sendAll() {
  sending = true;
  byId("saved").textContent = "Saving …";
  while (waiting.length) {
    try {
      const answer = await send(waiting[0].url, waiting[0].body);
      waiting.shift();
      trouble("");
      if (answer.position === position && !waiting.length) {
        state = answer;
        render();
      }
    } catch (error) {
      if (error.refused) { stopped(error.message); return; }
      byId("saved").textContent = `${waiting.length} not saved yet, trying again`;
      byId("saved").classList.add("waiting");
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
    }
  }
  byId("saved").textContent = "Saved";
  byId("saved").classList.remove("waiting");
  sending = false;
}

// An answer was refused: nothing more is taken until the page is reloaded.
function stopped(message) {
  halted = true;
  sending = false;
  byId("saved").textContent = `${waiting.length} not saved`;
  byId("saved").classList.add("waiting");
  trouble(`${message} Please reload this page and look at this face again.`);
  waiting.length = 0;
}

function answered(wasFinished) {
  if (!wasFinished && isFinished()) { finishedHere += 1; state.done += 1; }
  render();
  if (!wasFinished && isFinished() && byId("go-on").checked) {
    leaving = setTimeout(async () => {
      await drained();
      if (leaving) { stay(); go(state.next_open); }
    }, 250);
  }
}

function stay() {
  clearTimeout(leaving);
  leaving = 0;
}

function score(unit, value) {
  if (moving || halted || leaving || !state.total) { return; }
  const before = isFinished();
  state.answers = { ...state.answers, [unit]: value };
  state.reason = null;
  openReasons(false);
  keep({ url: "/api/answer", body: { position, face_token: state.face_token, unit, score: value } });
  chooseOpen(Units.names.indexOf(unit));
  answered(before);
}

function notScorable(reason) {
  if (moving || halted || leaving || !state.total) { return; }
  const before = isFinished();
  state.answers = {};
  state.reason = reason;
  keep({ url: "/api/answer", body: { position, face_token: state.face_token, unit: "image", score: null, reason } });
  answered(before);
}

async function undo() {
  if (moving || halted) { return; }
  stay();
  await drained();
  try {
    const back = await send("/api/undo", {});
    byId("saved").textContent = "Taken back";
    if (back.position === position) { state = back; openReasons(state.reason !== null); chooseOpen(); render(); } else { await go(back.position); }
  } catch (error) { trouble(error.refused ? error.message : "The answer could not be undone. Is the program still running?"); }
}

function openReasons(open) {
  byId("reasons").hidden = !open;
  byId("image-not-scorable").setAttribute("aria-expanded", String(open));
  if (open) { byId("reasons").scrollIntoView({ block: "nearest" }); }
}

Units.onAnswer(score);
byId("next").addEventListener("click", () => go(placeAfter()));
byId("back").addEventListener("click", () => go(position - 1));
byId("undo").addEventListener("click", undo);
byId("image-not-scorable").addEventListener("click", () => openReasons(byId("reasons").hidden));
for (const button of document.querySelectorAll("[data-reason]")) {
  button.addEventListener("click", () => notScorable(button.dataset.reason));
}
const goOn = localStorage.getItem("amgs-go-on");
if (goOn !== null) { byId("go-on").checked = goOn === "yes"; }
byId("go-on").addEventListener("change", () => localStorage.setItem("amgs-go-on", byId("go-on").checked ? "yes" : "no"));

document.addEventListener("keydown", (event) => {
  if (!isForUs(event) || event.repeat) { return; }
  const key = event.key.toLowerCase();
  const choosing = !byId("reasons").hidden && state.reason === null;
  if (choosing && /^[1-9]$/.test(key)) {
    const button = document.querySelectorAll("[data-reason]")[Number(key) - 1];
    if (button) { notScorable(button.dataset.reason); }
  } else if (choosing && key === "escape") { openReasons(false); }
  else if (key in KEY_SCORES) {
    if (Units.now >= 0) { score(Units.names[Units.now], KEY_SCORES[key]); }
    else if (!leaving && !moving) { trouble("This face is finished. To change an answer choose its unit first, with ↑ and ↓ or a click."); }
  }
  else if (key === "i") { openReasons(byId("reasons").hidden); }
  else if (key === "u" || key === "backspace") { undo(); }
  else if (key === "arrowright" || (key === "enter" && event.target === document.body)) { go(placeAfter()); }
  else if (key === "arrowleft") { if (position > 0) { go(position - 1); } }
  else { commonKeys(event); return; }
  event.preventDefault();
});
window.addEventListener("beforeunload", (event) => { if (waiting.length) { event.preventDefault(); } });

(async () => {
  const first = await send("/api/face/0").catch(() => null);
  if (!first) { trouble("There are no faces to score yet. The owner of the study can add some."); return; }
  await go(Math.min(position, first.total - 1));
})();
