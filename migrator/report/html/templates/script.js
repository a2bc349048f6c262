"use strict";
// The page is complete without this; it adds search, filters, order, copying and the choice of a theme.
document.documentElement.classList.add("js");

const AT_ONCE = 250; // rows that are laid out before somebody asks for all of them
const THEMES = ["system", "light", "dark"];

function remembered() {
  try { return localStorage.getItem("migrator-theme") || "system"; } catch { return "system"; } // a file may have no storage
}

function setTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try { localStorage.setItem("migrator-theme", name); } catch { /* as above */ }
}

setTheme(remembered());

function themes() {
  const button = document.getElementById("theme"), label = button.querySelector("span");
  const show = () => { label.textContent = document.documentElement.dataset.theme || "system"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(label.textContent) + 1) % THEMES.length]);
    show();
  });
  show();
}

function say(text) { document.getElementById("said").textContent = text; }

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent.trim());
  } catch { // no permission, or an old browser: select it, and let the browser copy what is selected
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = "Copy"; say(""); }, 1500);
}

function jobs() {
  const table = document.getElementById("table"), tools = document.getElementById("tools");
  if (!table || !tools) return;
  const find = document.getElementById("find"), verdict = document.getElementById("verdict");
  const sort = document.getElementById("sort"), open = document.getElementById("open");
  const boxes = [...tools.querySelectorAll("input[name=outcome]")];
  const all = [...table.tBodies].map((body) => ({ body, button: body.querySelector("button"), text: null }));
  let limit = AT_ONCE;
  const textOf = (job) => job.text ??= job.body.textContent.toLowerCase();
  const shownOnes = () => all.filter((job) => !job.body.hidden);

  function toggle(job, wanted) {
    job.body.classList.toggle("open", wanted);
    job.button.setAttribute("aria-expanded", String(wanted));
  }

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let found = 0;
    for (const job of all) {
      const data = job.body.dataset;
      const fits = outcomes.has(data.outcome) && (!verdict.value || verdict.value === data.verdict)
        && words.every((word) => textOf(job).includes(word));
      found += fits;
      job.body.hidden = !fits || found > limit;
    }
    document.getElementById("count").textContent =
      found === all.length ? `${all.length} jobs` : `${found} of ${all.length} jobs`;
    document.getElementById("nothing").hidden = found > 0;
    document.getElementById("more").hidden = found <= limit;
    document.getElementById("whole").textContent = `Show all ${found}; these are the first ${limit}`;
    for (const tile of document.querySelectorAll("[data-only]"))
      tile.setAttribute("aria-pressed", String(outcomes.size === 1 && outcomes.has(tile.dataset.only)));
    names();
  }

  function order() {
    const [down, key] = sort.value.startsWith("-") ? [true, sort.value.slice(1)] : [false, sort.value];
    const numeric = ["n", "losses", "differing"].includes(key);
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    const value = (job) => numeric ? Number(job.body.dataset[key])
      : key === "name" ? job.button.textContent : job.body.dataset[key] || "\uffff";
    const sign = down ? -1 : 1;
    all.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      const first = numeric ? x - y : compare(x, y);
      return sign * first || Number(a.body.dataset.n) - Number(b.body.dataset.n);
    });
    const rows = document.createDocumentFragment();
    rows.append(...all.map((job) => job.body));
    table.append(rows);
    filter();
  }

  function reset() {
    find.value = verdict.value = "";
    sort.value = "n";
    for (const box of boxes) box.checked = true;
    order();
  }

  function names() {
    const shown = shownOnes();
    open.textContent = shown.length && shown.every((job) => job.body.classList.contains("open")) ? "Close all" : "Open all";
  }

  for (const job of all) job.button.addEventListener("click", () => {
    toggle(job, !job.body.classList.contains("open"));
    names();
  });
  open.addEventListener("click", () => {
    const wanted = open.textContent === "Open all";
    for (const job of shownOnes()) toggle(job, wanted);
    names();
  });
  tools.addEventListener("input", filter);
  sort.addEventListener("input", order);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("reset", (event) => { event.preventDefault(); reset(); });
  document.getElementById("again").addEventListener("click", () => { reset(); find.focus(); });
  for (const tile of document.querySelectorAll("[data-only]")) tile.addEventListener("click", () => {
    const alone = tile.getAttribute("aria-pressed") === "true";
    for (const box of boxes) box.checked = alone || box.value === tile.dataset.only;
    filter();
    if (!alone) document.getElementById("jobs").scrollIntoView();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|select|textarea)$/i.test(event.target.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); find.focus(); }
    if (event.key === "Escape" && event.target === find) { find.value = ""; filter(); }
  });
  document.getElementById("whole").addEventListener("click", () => { limit = Infinity; filter(); });
  tools.hidden = false;
  filter();
}

document.addEventListener("DOMContentLoaded", () => {
  themes();
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  jobs();
});
