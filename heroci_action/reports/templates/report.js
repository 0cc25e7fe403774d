"use strict";
(() => {
  const box = document.getElementById("filter");
  const matches = document.getElementById("matches");
  const items = [...document.querySelectorAll("[data-item]")].map((element) => ({
    element,
    status: element.dataset.status || "",
    text: (element.dataset.item || element.textContent).toLowerCase(),
  }));
  const buttons = [...document.querySelectorAll("[data-filter]")];
  const sections = [...document.querySelectorAll("main > section")];
  const apply = () => {
    const pressed = buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.filter);
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, status, text } of items) {
      const fits = words.every((word) => text.includes(word)) && (!pressed.length || pressed.includes(status));
      element.hidden = !fits;
      shown += fits;
    }
    for (const section of sections) {
      section.hidden = pressed.length > 0 && !section.querySelector("[data-item]:not([hidden])");
    }
    matches.textContent = words.length || pressed.length ? `${shown} of ${items.length}` : "";
  };
  box.addEventListener("input", apply);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("section > details:not([hidden])")) one.open = true;
  });
  reveal();
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
