// Keys, and which articles were read and starred; this browser alone knows. All pages work without this script.
const MOST = 5000; // of each, the last ones
const kept = (name) => new Set(JSON.parse(localStorage.getItem(name) ?? "[]"));
const keep = (name, articles) => localStorage.setItem(name, JSON.stringify([...articles].slice(-MOST)));

function show() {
  const [read, starred] = [kept("read"), kept("starred")];
  for (const one of document.querySelectorAll("li[data-article]")) {
    one.classList.toggle("read", read.has(one.dataset.article));
    one.classList.toggle("starred", starred.has(one.dataset.article));
  }
  star?.setAttribute("aria-pressed", starred.has(path));
}

function follow(selector) {
  document.querySelector(selector)?.click();
}

function step(by) {
  if (path) return follow(by > 0 ? "article a[rel=next]" : "article a[rel=prev]");
  const headlines = [...document.querySelectorAll(".cards h3 a")];
  headlines[Math.max(0, headlines.indexOf(document.activeElement) + by)]?.focus();
}

const path = document.querySelector("article[data-article]")?.dataset.article;
const [star, help, helpButton] = ["star", "help", "help-button"].map((id) => document.getElementById(id));
const actions = {
  "j": () => step(1), "k": () => step(-1), "o": () => follow("#original"), "s": () => follow("#star"),
  "/": () => document.getElementById("q").focus(), "?": () => help.showModal(),
};

if (path) {
  const read = kept("read");
  read.delete(path);
  keep("read", read.add(path));
  star.hidden = false;
  star.addEventListener("click", () => {
    const starred = kept("starred");
    if (!starred.delete(path)) starred.add(path);
    keep("starred", starred);
    show();
  });
}
helpButton.hidden = false;
helpButton.addEventListener("click", actions["?"]);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
});
addEventListener("pageshow", show); // also when one comes back
