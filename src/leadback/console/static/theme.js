// The colours this reader chose, before anything is painted; without a choice the system's hold.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.bsTheme = chosen;
  } catch {
    // Storage may be forbidden; the system's colours are fine.
  }
})();
