// Filters, opens, copies and follows links. Without it the page shows every case and hides these controls.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  const form = document.querySelector("form.filter");
  const { suite, level, text, clear } = form.elements;
  const count = form.querySelector(".count");
  const none = document.querySelector(".none");
  const outcomes = [...form.querySelectorAll("button[data-outcome]")];
  const groups = [...document.querySelectorAll(".group")].map((element) => ({
    element,
    number: element.querySelector("h3 small"),
    cases: [...element.querySelectorAll("details.case")].map((element) => ({ element, words: null })),
  }));
  const total = groups.reduce((sum, group) => sum + group.cases.length, 0);

  // What a reader searches for: what a case says of itself, not the requirements and messages that many share.
  const words = (it) => {
    it.words ??= [...it.element.querySelectorAll(".find")].map((e) => e.textContent).join("\n").toLowerCase();
    return it.words;
  };

  const filter = () => {
    const pressed = outcomes.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.outcome);
    const sought = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of groups) {
      let here = 0;
      const wanted = pressed.length === 0 || pressed.includes(group.element.dataset.outcome);
      for (const it of group.cases) {
        const { dataset } = it.element;
        const fits =
          wanted &&
          (!suite.value || dataset.suite === suite.value) &&
          (!level.value || dataset.level === level.value) &&
          sought.every((word) => words(it).includes(word));
        it.element.hidden = !fits;
        here += fits ? 1 : 0;
      }
      group.element.hidden = here === 0;
      group.number.textContent = String(here);
      shown += here;
    }
    const active = pressed.length > 0 || suite.value !== "" || level.value !== "" || sought.length > 0;
    count.textContent = active ? `${shown} of ${total} cases` : `${total} cases`;
    clear.hidden = !active;
    none.hidden = shown > 0 || total === 0;
  };

  const reset = () => {
    outcomes.forEach((button) => button.setAttribute("aria-pressed", "false"));
    form.reset();
    filter();
  };

  for (const button of outcomes) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  suite.addEventListener("change", filter);
  level.addEventListener("change", filter);
  text.addEventListener("input", filter);
  clear.addEventListener("click", () => {
    reset();
    text.focus();
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const setOpen = (open) => {
    for (const { cases } of groups) {
      cases.filter(({ element }) => !element.hidden).forEach(({ element }) => (element.open = open));
    }
  };
  form.elements.open.addEventListener("click", () => setOpen(true));
  form.elements.close.addEventListener("click", () => setOpen(false));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      text.focus();
      text.select();
    } else if (event.key === "Escape" && (!typing || event.target === text)) {
      reset();
    }
  });

  // Copies a command; where the clipboard is refused, selects it, so that the reader's own shortcut does it.
  const said = document.getElementById("said");
  const copy = async (button) => {
    const code = button.parentElement.querySelector("pre code");
    let word = "Copied";
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      word = "Selected";
    }
    button.textContent = word;
    said.textContent = word === "Copied" ? "The command is copied" : "The command is selected";
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, 2000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.copy");
    if (button) copy(button);
  });

  // A link shows what it names: opened, and not filtered away.
  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    const closed = target?.closest("details");
    if (!closed) return;
    if (closed.hidden) reset();
    closed.open = true;
    // A case is shown from its first line on; what stands deeper, a requirement say, by itself.
    const isWhole = target.parentElement === closed;
    (isWhole ? closed : target).scrollIntoView();
    closed.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    // The same link once more changes no hash.
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) follow();
  });

  // Paper cannot be opened: what failed is printed open. Browsers that know ::details-content need no help.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.fail:not([open]), details.error:not([open]), details.fold:not([open])")];
    opened.forEach((element) => (element.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((element) => (element.open = false)));

  // A reload keeps what was typed.
  filter();
  follow();
})();
