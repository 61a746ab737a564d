"use strict";
/* What all pages of the lab share: asking the program, following long work, browsing the computer. */

const lab = {
  csrf: document.querySelector("meta[name=csrf]").content,

  async ask(address, body) {
    const how = body === undefined
      ? { headers: { accept: "application/json" } }
      : {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json", "x-csrf": lab.csrf },
        body: JSON.stringify(body),
      };
    let answer;
    try {
      answer = await fetch(address, how);
    } catch {
      throw new Error("The lab does not answer. Is it still running?");
    }
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || "That did not work.");
    return said;
  },

  show(bar, says, work) {
    if (work.total) {
      bar.max = work.total;
      bar.value = work.done;
    } else {
      bar.removeAttribute("value");
    }
    const far = work.total ? ` – ${work.done} of ${work.total}` : "";
    says.textContent = `${work.state === "stopping" ? "Pausing: what was begun is finished … " : ""}${work.step}${far}${work.left ? `, ${work.left}` : ""}`;
  },

  async follow(number, bar, says, over) {
    for (;;) {
      let work;
      try {
        work = await lab.ask(`/jobs/${number}`);
      } catch (error) {
        says.textContent = error.message;
        await new Promise((go) => setTimeout(go, 3000));
        continue;
      }
      lab.show(bar, says, work);
      if (work.state !== "running" && work.state !== "stopping") {
        over(work);
        return;
      }
      await new Promise((go) => setTimeout(go, 600));
    }
  },

  browse(kind, chosen, many = false) {
    browser.open(kind, chosen, many);
  },
};

const browser = {
  dialog: document.getElementById("browser"),
  list: document.getElementById("browser-list"),
  path: document.getElementById("browser-path"),
  problem: document.getElementById("browser-problem"),
  all: document.getElementById("browser-all"),
  asked: 0,

  open(kind, chosen, many) {
    Object.assign(browser, { kind, chosen, many });
    const words = { folder: "Choose a folder", study: "Choose a study", video: "Choose videos", table: "Choose a table" };
    document.getElementById("browser-title").textContent = words[kind];
    browser.all.hidden = !many;
    browser.dialog.showModal();
    browser.go(browser.path.value, true);
  },

  // An answer that comes after a newer one was asked for is not shown, and never replaces what
  // somebody has typed in the meantime. The path that arrives after opening is selected where the
  // field waits for typing, so that typing replaces it instead of adding to its end.
  async go(path, opening = false) {
    browser.asked += 1;
    const mine = browser.asked, typed = browser.path.value;
    let found;
    try {
      found = await lab.ask(`/browse?kind=${browser.kind}&path=${encodeURIComponent(path)}`);
      if (mine !== browser.asked) { return; }
      browser.problem.hidden = true;
    } catch (error) {
      if (mine !== browser.asked) { return; }
      browser.problem.textContent = error.message;
      browser.problem.hidden = false;
      return;
    }
    if (browser.path.value === typed) {
      browser.path.value = found.path;
      if (opening && document.activeElement === browser.path) { browser.path.select(); }
    }
    const places = browser.dialog.querySelector(".places");
    places.replaceChildren(...found.places.map((place) => browser.button(place.name, () => browser.go(place.path), "small")));
    const rows = [];
    if (found.parent) rows.push(browser.row("↑ up", () => browser.go(found.parent)));
    for (const folder of found.folders) {
      rows.push(browser.row(`${folder.study ? "▣" : "▸"} ${folder.name}${folder.study ? " (study)" : ""}`, () => browser.go(folder.path)));
    }
    for (const file of found.files) {
      const row = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = browser.many ? "checkbox" : "radio";
      box.name = "browser-file";
      box.value = file.path;
      const size = document.createElement("span");
      size.className = "size";
      size.textContent = file.size;
      label.append(box, file.name, size);
      row.append(label);
      rows.push(row);
    }
    if (!rows.length) {
      const row = document.createElement("li");
      row.textContent = "Nothing of this kind is in this folder.";
      rows.push(row);
    }
    browser.list.replaceChildren(...rows);
    browser.list.scrollTop = 0;
  },

  button(name, act, kind = "") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = name;
    button.addEventListener("click", act);
    return button;
  },

  row(name, act) {
    const row = document.createElement("li");
    row.append(browser.button(name, act));
    return row;
  },

  finish(all) {
    const boxes = [...browser.list.querySelectorAll("input")];
    const files = boxes.filter((box) => all || box.checked).map((box) => box.value);
    const wantsFolder = browser.kind === "folder" || browser.kind === "study";
    if (!wantsFolder && !files.length) {
      browser.problem.textContent = "Mark at least one file, or cancel.";
      browser.problem.hidden = false;
      return;
    }
    browser.dialog.close();
    browser.chosen(wantsFolder ? [browser.path.value] : files);
  },
};

document.getElementById("browser-ok").addEventListener("click", () => browser.finish(false));
browser.all.addEventListener("click", () => browser.finish(true));
document.getElementById("browser-cancel").addEventListener("click", () => browser.dialog.close());
document.getElementById("browser-go").addEventListener("click", () => browser.go(browser.path.value));
browser.path.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    browser.go(browser.path.value);
  }
});

for (const button of document.querySelectorAll("[data-browse]")) {
  const into = document.getElementById(button.dataset.into);
  button.addEventListener("click", () => {
    browser.path.value = into.value || browser.path.value;
    lab.browse(button.dataset.browse, ([path]) => { into.value = path; into.focus(); });
  });
}

/* What was typed into a form is not lost to a page that loads itself again. */
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("input", () => { document.body.dataset.typing = "yes"; });
  form.addEventListener("submit", () => { delete document.body.dataset.typing; });
  if (form.dataset.keep) addEventListener("beforeunload", (event) => { if (document.body.dataset.typing) event.preventDefault(); });
}

const strip = document.getElementById("work");
if (strip.dataset.work) {
  const says = strip.querySelector(".work-says");
  strip.querySelector(".work-stop").addEventListener("click", async (event) => {
    event.target.disabled = true;
    await lab.ask(`/jobs/${strip.dataset.work}/stop`, {});
  });
  lab.follow(strip.dataset.work, strip.querySelector("progress"), says, (work) => {
    strip.querySelector(".work-stop").hidden = true;
    strip.dataset.state = work.state;
    if (document.body.dataset.unsaved || document.body.dataset.typing) says.textContent = "Finished. Load the page again to see it.";
    else location.reload();
  });
}
for (const place of document.querySelectorAll("[data-follow]")) {
  lab.follow(place.dataset.follow, place.querySelector("progress"), place.querySelector(".work-says"), () => {
    location.assign(place.dataset.then);
  });
}
/* Parts of a page that take some seconds come when they are ready; a part may have such parts. */
async function load(place) {
  try {
    const answer = await fetch(place.dataset.load);
    if (answer.ok) place.innerHTML = await answer.text();
    else place.textContent = (await answer.json()).error;
  } catch {
    place.textContent = "The lab does not answer. Is it still running?";
  }
  place.querySelectorAll("[data-load]").forEach(load);
}
document.querySelectorAll("[data-load]").forEach(load);
for (const place of document.querySelectorAll("[data-poll]")) {
  let shown = "";
  const again = async () => {
    try {
      const answer = await fetch(place.dataset.poll);
      const text = answer.ok ? await answer.text() : shown;
      if (text !== shown) {
        // Whoever is at a link of the old part by keyboard is at the same one of the new part.
        const at = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        place.innerHTML = text;
        shown = text;
        if (at) [...place.querySelectorAll("[href]")].find((link) => link.getAttribute("href") === at)?.focus();
      }
    } finally {
      setTimeout(again, 2500);
    }
  };
  again();
}
