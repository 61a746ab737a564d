"use strict";
// The training course: score a reference face, compare, go on.

const percent = (share) => `${Math.round(100 * share)} %`;

let state = null;
let answers = {};
let compared = false;
let comparing = false;

function describe() {
  const agreed = state.agreement === null ? "" : ` · ${percent(state.agreement)} agreement over the last images, ${percent(state.pass_mark)} needed`;
  byId("count").textContent = `face ${state.seen + (compared ? 0 : 1)}, at least ${state.needed}${agreed}`;
}

function showFace() {
  compared = false;
  answers = {};
  for (const button of document.querySelectorAll(".reference")) { button.classList.remove("reference"); }
  for (const item of document.querySelectorAll(".told")) { item.remove(); }
  FaceView.show(`/course/face/${state.seen}`);
  FaceView.focus();
  Units.show(answers);
  Units.choose(0);
  byId("verdict").hidden = true;
  announce(`Training face ${state.seen + 1}`);
  byId("next").textContent = "Compare";
  byId("next").disabled = true;
  describe();
}

async function compare() {
  if (comparing) { return; }
  comparing = true;
  byId("next").disabled = true;
  try {
    const found = await patiently(send("/api/course", { seen: state.seen, scores: answers }));
    compared = true;
    state = found.state;
    let equal = 0;
    for (const entry of found.feedback) {
      equal += entry.score === entry.reference;
      const item = Units.items[Units.names.indexOf(entry.unit)];
      const wanted = entry.reference === null ? "x" : String(entry.reference);
      item.querySelector(`[data-score="${wanted}"]`).classList.add("reference");
      const told = document.createElement("span");
      told.className = "told quiet";
      told.textContent = ` reference: ${entry.reference === null ? "not scorable" : entry.reference}`;
      item.querySelector(".unit-name").append(told);
    }
    byId("verdict").textContent = `${equal} of ${found.feedback.length} equal. The reference stands beside the name of each unit, and is framed.` +
      (state.passed ? " You have passed." : "");
    byId("verdict").hidden = false;
    byId("next").textContent = state.passed ? "Begin scoring" : "Next face";
    byId("next").focus();
    describe();
    trouble("");
  } catch (error) {
    trouble(error.told ? error.message : `${UNREACHABLE} Press Compare again.`, error.status === 403);
  } finally { comparing = false; byId("next").disabled = false; }
}

function goOn() {
  if (!compared) { if (!byId("next").disabled) { compare(); } return; }
  if (state.passed) { window.location.href = "/score"; return; }
  showFace();
}

function score(unit, value) {
  if (compared || comparing) { return; }
  answers = { ...answers, [unit]: value };
  Units.show(answers);
  Units.choose(Units.names.indexOf(unit) + 1);
  byId("next").disabled = !Units.names.every((name) => answers[name] !== undefined);
}

Units.onAnswer(score);
byId("next").addEventListener("click", goOn);
document.addEventListener("keydown", (event) => {
  if (!isForUs(event) || event.repeat || Units.moveFocus(event)) { return; }
  const key = keyOf(event);
  const atRest = event.target === document.body || event.target === FaceView.frame;
  if (key in KEY_SCORES) { score(Units.names[Units.now], KEY_SCORES[key]); }
  else if (key === "arrowright" || (key === "enter" && atRest)) { goOn(); }
  else { commonKeys(event); return; }
  event.preventDefault();
});

(async () => {
  state = await send("/api/course").catch((error) => { trouble(error.told ? error.message : `${UNREACHABLE} Reload this page.`, error.status === 403); return null; });
  if (state && state.passed) { window.location.href = "/score"; } else if (state) { showFace(); }
})();
