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

// How far one has read: a thin line along the upper edge.
addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (!article) return;
  const line = Object.assign(document.createElement("div"), { id: "book-progress" });
  line.setAttribute("aria-hidden", "true");
  document.body.append(line);
  const move = () => {
    const { top, height } = article.getBoundingClientRect();
    line.style.setProperty("--read", Math.min(1, Math.max(0, -top / (height - innerHeight || 1))));
  };
  addEventListener("scroll", () => requestAnimationFrame(move), { passive: true });
  move();
});

// Whoever has marked words before reporting an error there sends them along.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.report");
  const marked = String(getSelection()).trim().slice(0, 500);
  if (!link || !marked) return;
  const address = new URL(link.href);
  address.searchParams.set("body", `${address.searchParams.get("body")}\n> ${marked.replaceAll("\n", "\n> ")}\n`);
  link.href = address;
});
