// A card with what a link leads to, for the pointer and for the keyboard: a work, a term, a formula. What stands on
// another page lies in a template of this one (`_ext/cards.py`). Escape puts the card away.
addEventListener("DOMContentLoaded", () => {
  const elsewhere = new Map(
    [...document.querySelectorAll("template.book-card")].map((card) => [card.dataset.for, card.content]));
  const card = Object.assign(document.createElement("div"), { id: "book-card", role: "tooltip", hidden: true });
  document.body.append(card);
  let link, waits;

  const content = (address) => {
    if (elsewhere.has(address)) return elsewhere.get(address).cloneNode(true);
    const place = address.startsWith("#") && document.getElementById(decodeURIComponent(address.slice(1)));
    if (!place) return null;
    if (place.matches("dt")) return place.parentElement.querySelector(`#${CSS.escape(place.id)} ~ dd`)?.cloneNode(true);
    const shown = place.matches("div.math, div.citation") ? place.cloneNode(true) : null;
    for (const part of shown ? [shown, ...shown.querySelectorAll("[id]")] : []) part.removeAttribute("id");
    return shown;
  };
  const hide = () => {
    card.hidden = true;
    link?.removeAttribute("aria-describedby");
    link = null;
  };
  const show = (from) => {
    clearTimeout(waits);
    const found = from !== link && content(from.getAttribute("href"));
    if (!found) return;
    hide();
    link = from;
    link.removeAttribute("title"); // the browser's own card would lie above
    link.setAttribute("aria-describedby", card.id);
    card.replaceChildren(found);
    card.hidden = false;
    const line = link.getClientRects()[0];
    const below = line.bottom + card.offsetHeight + 12 < innerHeight;
    const left = Math.min(line.left, document.documentElement.clientWidth - card.offsetWidth - 16);
    card.style.left = `${Math.max(16, left) + scrollX}px`;
    card.style.top = `${(below ? line.bottom + 6 : line.top - card.offsetHeight - 6) + scrollY}px`;
  };
  // The pointer may go from the link to the card, which is why the card waits a little.
  const later = (act) => (waits = setTimeout(act, 250));
  const linkOf = (event) => event.target.closest?.("article a.reference.internal, article a.book-term");

  document.addEventListener("pointerover", (event) => {
    const over = event.pointerType === "mouse" && linkOf(event);
    if (over || card.contains(event.target)) clearTimeout(waits);
    if (over && over !== link) later(() => show(over));
  });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "mouse" && (linkOf(event) || card.contains(event.target))) {
      clearTimeout(waits);
      later(hide);
    }
  });
  document.addEventListener("focusin", (event) => {
    const focused = linkOf(event);
    if (focused?.matches(":focus-visible")) show(focused);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
