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

// The theme centres the page's own line in the contents. Where that can be seen from the top, title and search stay in sight.
addEventListener("load", () => requestAnimationFrame(() => {
  const contents = document.querySelector(".bd-sidebar-primary");
  const here = contents?.querySelector(".current.active");
  if (!here) return;
  const bottom = here.getBoundingClientRect().bottom - contents.getBoundingClientRect().top + contents.scrollTop;
  if (bottom < contents.clientHeight) contents.scrollTop = 0;
}));
