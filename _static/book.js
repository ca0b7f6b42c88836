// A formula wider than its column scrolls by itself; this lets the keyboard reach it.
(() => {
  const reach = () => {
    for (const box of document.querySelectorAll("mjx-container[display='true']")) {
      const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", () => {
    window.MathJax?.startup?.promise?.then(reach);
    addEventListener("resize", reach);
  });
})();

// A full stop behind a formula stays with it, also where the line is full.
addEventListener("load", () => {
  window.MathJax?.startup?.promise?.then(() => {
    for (const formula of document.querySelectorAll("article span.math")) {
      const next = formula.nextSibling;
      const marks = next?.nodeType === Node.TEXT_NODE && /^[.,;:)?!”’]+/.exec(next.data);
      if (!marks) continue;
      next.splitText(marks[0].length);
      formula.style.whiteSpace = "nowrap";
      formula.append(next);
    }
  });
});

// Paper is white, whatever the screen shows.
(() => {
  const { dataset } = document.documentElement;
  let shown;
  addEventListener("beforeprint", () => {
    shown = dataset.theme;
    dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    dataset.theme = shown;
  });
})();
