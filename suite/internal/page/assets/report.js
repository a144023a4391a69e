"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const form = $("x-filter"), text = $("x-text"), chapter = $("x-chapter");
  const shown = $("x-shown"), reset = $("x-reset"), nothing = $("x-nothing");
  const chips = [...form.querySelectorAll(".chip")];
  const items = [...document.querySelectorAll(".req")].map(el => ({
    el, kind: el.dataset.kind, level: el.dataset.level,
    chapter: el.closest(".chapter").dataset.chapter, words: null,
  }));
  const boxes = [...document.querySelectorAll(".aside, .chapter")];
  form.hidden = false;

  const pressed = name => chips
    .filter(c => c.dataset[name] && c.getAttribute("aria-pressed") === "true")
    .map(c => c.dataset[name]);
  const press = (name, values) => {
    for (const c of chips) {
      if (c.dataset[name]) c.setAttribute("aria-pressed", String(values.includes(c.dataset[name])));
    }
  };

  // apply shows what the filter selects and hides the rest.
  const apply = () => {
    const kinds = pressed("kind"), levels = pressed("level");
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const active = kinds.length + levels.length + words.length > 0 || chapter.value !== "";
    let n = 0;
    for (const x of items) {
      if (words.length && x.words === null) x.words = x.el.textContent.toLowerCase();
      const show = (!kinds.length || kinds.includes(x.kind)) &&
        (!levels.length || levels.includes(x.level)) &&
        (chapter.value === "" || chapter.value === x.chapter) &&
        words.every(w => x.words.includes(w));
      x.el.hidden = !show;
      if (show) n++;
    }
    for (const b of boxes) {
      b.hidden = active && !b.querySelector(".req:not([hidden])");
      if (b.classList.contains("aside") && active) b.open = !b.hidden;
    }
    shown.textContent = active ? `${n} of ${items.length} shown` : "";
    reset.hidden = !active;
    nothing.hidden = n > 0;
    return active;
  };

  // The filter is in the fragment of the address: #status=failed,error&level=MUST.
  // No ID of a requirement holds "=".
  const remember = () => {
    const q = new URLSearchParams();
    const set = (name, value) => { if (value) q.set(name, value); };
    set("status", pressed("kind").join(","));
    set("level", pressed("level").join(","));
    set("chapter", chapter.value);
    set("q", text.value.trim());
    const fragment = q.toString().replaceAll("%2C", ",");
    try {
      history.replaceState(null, "", fragment ? "#" + fragment : location.pathname + location.search);
    } catch { /* some browsers forbid it for local files; the filter works all the same */ }
  };
  const recall = fragment => {
    const q = new URLSearchParams(fragment);
    const list = name => (q.get(name) || "").split(",").filter(Boolean);
    press("kind", list("status"));
    press("level", list("level"));
    chapter.value = q.get("chapter") || "";
    if (chapter.selectedIndex < 0) chapter.value = "";
    text.value = q.get("q") || "";
    apply();
  };
  const clear = () => recall("");

  // follow opens what the fragment of the address names.
  const follow = () => {
    let name = location.hash.slice(1);
    if (name.includes("=")) { recall(name); $("requirements").scrollIntoView(); return; }
    try { name = decodeURIComponent(name); } catch { /* it names nothing */ }
    const to = name && document.getElementById(name);
    if (!to) return;
    if (to.closest("[hidden]")) clear();
    for (let d = to.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    to.scrollIntoView();
  };

  const changed = () => { apply(); remember(); };
  for (const c of chips) {
    c.addEventListener("click", () => {
      c.setAttribute("aria-pressed", String(c.getAttribute("aria-pressed") !== "true"));
      changed();
    });
  }
  text.addEventListener("input", changed);
  chapter.addEventListener("change", changed);
  reset.addEventListener("click", () => { clear(); remember(); text.focus(); });
  form.addEventListener("submit", e => e.preventDefault());
  addEventListener("hashchange", follow);
  // A link to the place where the page already is opens it again.
  document.addEventListener("click", e => {
    const a = e.target.closest && e.target.closest("a[href^='#']");
    if (a && a.getAttribute("href") === location.hash) follow();
  });

  // Paper shows what failed in full.
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const x of items) {
      if (!x.el.open && !x.el.hidden && ["failed", "error", "unexpected-pass"].includes(x.kind)) {
        x.el.open = true;
        opened.push(x.el);
      }
    }
  });
  addEventListener("afterprint", () => { for (const el of opened.splice(0)) el.open = false; });

  follow();
})();
