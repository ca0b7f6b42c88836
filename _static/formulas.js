// A formula wider than its column scrolls by itself; this lets the keyboard reach it.
(() => {
  const reach = () => {
    for (const box of document.querySelectorAll("div.math > .katex-display")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  reach();
  addEventListener("resize", reach);
  document.fonts.ready.then(reach);
})();
