"use strict";
(() => {
  const box = document.getElementById("filter");
  const matches = document.getElementById("matches");
  const items = [...document.querySelectorAll("[data-item]")].map((element) => ({
    element,
    text: (element.dataset.item || element.textContent).toLowerCase(),
  }));
  const apply = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, text } of items) {
      const fits = words.every((word) => text.includes(word));
      element.hidden = !fits;
      shown += fits;
    }
    matches.textContent = words.length ? `${shown} of ${items.length}` : "";
  };
  box.addEventListener("input", apply);
  const root = document.documentElement;
  const remember = (theme) => { try { localStorage.setItem("heroci-theme", theme); } catch { /* unavailable in a local file */ } };
  try { const kept = localStorage.getItem("heroci-theme"); if (kept) root.dataset.theme = kept; } catch { /* unavailable in a local file */ }
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember(root.dataset.theme);
  });
  document.getElementById("open").addEventListener("click", () => {
    const visible = [...document.querySelectorAll("details")].filter((one) => !one.hidden);
    const open = visible.some((one) => !one.open);
    for (const one of visible) one.open = open;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
    if (event.key === "Escape" && document.activeElement === box) { box.value = ""; apply(); }
  });
})();
