"use strict";
// What was pressed is sent in its order, one after the other, until the program says that it is
// kept; what could not be sent is tried again.

const Saving = (() => {
  const waiting = [];
  let sending = false;
  let halted = false;
  let heard = () => {};
  let count = 0;
  const own = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;

  // Sent twice after a break of the line, the same request is kept once.
  function requestName() { count += 1; return `${own}-${count}`; }

  function say(words, bad) {
    byId("saved").textContent = words;
    byId("saved").classList.toggle("waiting", Boolean(bad));
  }

  function keep(url, body, kind) {
    return new Promise((resolve) => {
      waiting.push({ url, body, kind, resolve });
      if (!sending) { sendAll(); }
    });
  }

  async function sendAll() {
    sending = true;
    say("Saving …");
    let failed = false;
    while (waiting.length) {
      const entry = waiting[0];
      try {
        const answer = await patiently(send(entry.url, entry.body));
        waiting.shift();
        if (failed) { trouble(""); failed = false; say("Saving …"); }
        entry.resolve(answer);
        heard(answer, entry, waiting.length === 0);
      } catch (error) {
        if (entry.kind === "undo" && error.status === 404) { waiting.shift(); entry.resolve(null); trouble(error.message); continue; }
        if (error.status === 400 && entry.kind === "remark") { waiting.shift(); entry.resolve(null); trouble(error.message); continue; }
        if (error.refused) { stop(error); return; }
        failed = true;
        say(`${waiting.length} not saved yet, trying again`, true);
        trouble(error.told ? error.message : `${UNREACHABLE} Your answers are kept in this page.`);
        await new Promise((resolve) => { setTimeout(resolve, 1000); });
      }
    }
    say(byId("saved").dataset.last === "undo" ? "Taken back" : "Saved");
    sending = false;
  }

  // An answer was refused: nothing more is taken until the page is loaded again.
  function stop(error) {
    halted = true;
    sending = false;
    say(`${waiting.length} not saved`, true);
    trouble(`${error.message} ${error.status === 403 ? "" : "Please reload this page and look at this face again."}`, error.status === 403);
    for (const entry of waiting.splice(0)) { entry.resolve(null); }
  }

  function drained() {
    return new Promise((resolve) => {
      const look = () => (sending && !halted ? setTimeout(look, 15) : resolve());
      look();
    });
  }

  window.addEventListener("beforeunload", (event) => { if (waiting.length) { event.preventDefault(); } });
  return { keep, drained, requestName, onHeard(handler) { heard = handler; }, get halted() { return halted; } };
})();

// How long a face was looked at; not while another window hides the page.
const Watch = (() => {
  let from = null, sum = 0;
  function pause() { if (from !== null) { sum += (performance.now() - from) / 1000; from = null; } }
  function start() { sum = 0; from = document.hidden ? null : performance.now(); }
  function take() { const runs = from !== null; pause(); const seconds = Math.min(sum, 3600); sum = 0; if (runs) { from = performance.now(); } return Math.round(100 * seconds) / 100; }
  document.addEventListener("visibilitychange", () => { if (document.hidden) { pause(); } else if (from === null) { from = performance.now(); } });
  return { start, take };
})();
