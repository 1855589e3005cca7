// What makes the console's pages more pleasant; each of them works without it.

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const TOAST_MS = 8000;
const COPIED_MS = 1500;

// Light and dark

const isDark = () => (root.dataset.bsTheme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) button.setAttribute("aria-pressed", isDark());
  document.dispatchEvent(new Event("theme"));
}

function toggleTheme() {
  const wanted = isDark() ? "light" : "dark";
  const asSystem = (wanted === "dark") === systemIsDark.matches;
  // Who chooses what the system has follows the system from then on.
  if (asSystem) delete root.dataset.bsTheme;
  else root.dataset.bsTheme = wanted;
  try {
    if (asSystem) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // It holds for this page alone.
  }
  showTheme();
}

// Menus, dialogs, values to copy

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

function openDialog(event, opener) {
  const dialog = document.getElementById(opener.dataset.dialog);
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
  // What does no harm has the focus.
  dialog.querySelector("[data-dialog-close]")?.focus();
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.getAttribute("aria-label");
  button.dataset.copied = "";
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    delete button.dataset.copied;
    button.setAttribute("aria-label", label);
  }, COPIED_MS);
}

function toggle(button) {
  const target = document.getElementById(button.dataset.toggles);
  const open = target.classList.toggle("open");
  button.setAttribute("aria-expanded", open);
}

// Rows that open in place

function openRow(event, opener) {
  event.preventDefault();
  const row = opener.closest("tr");
  if (opener.getAttribute("aria-expanded") === "true") {
    const inside = (other) => other && Number(other.dataset.level ?? 0) > Number(row.dataset.level);
    while (inside(row.nextElementSibling)) row.nextElementSibling.remove();
    opener.setAttribute("aria-expanded", "false");
  } else {
    htmx.trigger(opener, "open");
  }
}

document.addEventListener("htmx:afterRequest", (event) => {
  const opener = event.detail.elt;
  if (opener.matches("[data-opener]") && event.detail.successful) opener.setAttribute("aria-expanded", "true");
});

// Rows to pick

function countPicked(form) {
  const picked = form.querySelectorAll("[data-pick]:checked").length;
  const boxes = form.querySelectorAll("[data-pick]").length;
  const all = form.querySelector("[data-pick-all] input");
  if (all) {
    all.checked = picked === boxes;
    all.indeterminate = picked > 0 && picked < boxes;
  }
  for (const bar of form.querySelectorAll("[data-bulk]")) {
    const said = bar.querySelector("[data-picked]");
    said.textContent = `${picked} ${said.dataset.noun} picked`;
    bar.hidden = picked === 0;
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (event.target.closest("[data-pick-all]")) {
    for (const box of form.querySelectorAll("[data-pick]")) box.checked = event.target.checked;
  } else if (!event.target.matches("[data-pick]")) return;
  countPicked(form);
});

document.addEventListener("click", (event) => {
  const found = (selector) => event.target.closest(selector);
  let element;
  closeMenus(event.target);
  if (found("[data-theme-toggle]")) toggleTheme();
  else if ((element = found("[data-toggles]"))) toggle(element);
  else if ((element = found("[data-opener]"))) openRow(event, element);
  else if ((element = found("[data-dialog]"))) openDialog(event, element);
  else if ((element = found("[data-dialog-close]"))) element.closest("dialog").close();
  else if ((element = found("[data-copy]"))) copy(element);
  else if ((element = found("[data-dismiss]"))) element.closest("[data-toast]").remove();
  else if (event.target.matches("dialog[open]")) event.target.close();
});

// Keyboard: / searches, Escape leaves

const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && search && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape") {
    const menu = event.target.closest("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
    if (event.target === search) search.blur();
  }
});

// Tables and tabs: told where there is more at a side

function hintScroll(frame) {
  const scroller = frame.querySelector("[data-scroller]");
  const more = scroller.scrollWidth - scroller.clientWidth - scroller.scrollLeft;
  frame.toggleAttribute("data-left", scroller.scrollLeft > 1);
  frame.toggleAttribute("data-right", more > 1);
}

// The tab of this page. Not by scrollIntoView: that scrolls the page too.
function showHere(frame) {
  const scroller = frame.querySelector("[data-scroller]");
  const here = scroller.querySelector(":scope > li > [aria-current]");
  if (!here) return;
  const middle = (element) => element.getBoundingClientRect().left + element.clientWidth / 2;
  scroller.scrollLeft += middle(here) - middle(scroller);
}

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    showHere(target);
    hintScroll(target);
  }
});

function prepare(within) {
  for (const frame of within.querySelectorAll("[data-scroll-hints]:not([data-ready])")) {
    frame.dataset.ready = "";
    frame.querySelector("[data-scroller]").addEventListener("scroll", () => hintScroll(frame), { passive: true });
    resized.observe(frame);
  }
  for (const bar of within.querySelectorAll("[data-bulk]:not([data-ready])")) {
    bar.dataset.ready = "";
    countPicked(bar.closest("form"));
  }
  for (const toast of within.querySelectorAll("[data-toast]:not([data-ready])")) {
    toast.dataset.ready = "";
    setTimeout(() => toast.remove(), TOAST_MS);
  }
  within.querySelector("[data-focus]")?.focus();
}

// What is cut off is told whole

document.addEventListener("pointerover", (event) => {
  const cut = event.target.closest?.(".data th[scope=row], .viewer-name, .form-select");
  if (!cut || cut.title) return;
  const text = cut.matches("select") ? cut.selectedOptions[0]?.text : cut.textContent;
  if (cut.scrollWidth > cut.clientWidth) cut.title = text.trim();
});

// A form is sent once, and the line at the top moves until its answer is there

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent !== undefined) event.preventDefault();
  form.dataset.sent = "";
  root.classList.add("busy");
});

addEventListener("pageshow", () => {
  root.classList.remove("busy");
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// htmx

let underWay = 0;
document.addEventListener("htmx:beforeRequest", () => root.classList.toggle("busy", ++underWay > 0));
document.addEventListener("htmx:afterRequest", () => root.classList.toggle("busy", --underWay > 0));
document.addEventListener("htmx:load", (event) => prepare(event.target));
document.addEventListener("htmx:oobAfterSwap", () => prepare(document));
document.addEventListener("htmx:sendError", () => say("Leadback did not answer. Try again in a moment."));
document.addEventListener("htmx:responseError", (event) => {
  say(`This did not work (${event.detail.xhr.status}). Reload the page and try again.`);
});

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast-message message message-error";
  toast.dataset.toast = "";
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
  prepare(document);
}

systemIsDark.addEventListener("change", showTheme);
showTheme();
prepare(document);
