// The strip of a chapter shows the sentence that the reader wrote on the first page. What is kept is read as data:
// whatever does not have the expected form is left alone.
addEventListener("DOMContentLoaded", () => {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem("lm-sentence")); } catch { return; }
  if (!kept || kept.version !== 1) return;
  const pairs = (list) => Array.isArray(list) && list.length && list.every(Array.isArray) ? list : [];
  const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits).replace("-", "−") : "");
  const [tokens, logits] = [pairs(kept.tokens), pairs(kept.logits)];
  const texts = {
    text: tokens.length && `… ${tokens.slice(-2).map(([word]) => String(word).slice(0, 20)).join(" ")}`,
    tokens: tokens.slice(-2).map(([, id]) => number(id, 0)).join(" "),
    vectors: Array.isArray(kept.vector) && kept.vector.slice(0, 2).map((x) => number(x, 2)).join(" "),
    heads: Array.isArray(kept.looked) && `${String(kept.looked[0]).slice(0, 20)} ${number(kept.looked[1], 2)}`,
    logits: logits.length && `${String(logits[0][0]).slice(0, 20)} ${number(logits[0][1], 1)}`,
    draw: logits.length && `${String(logits[0][0]).slice(0, 20)} ${number(logits[0][2], 2)}`,
  };
  for (const place of document.querySelectorAll(".lm-strip [data-fill]")) {
    const text = texts[place.dataset.fill];
    if (text) place.textContent = text;
  }
});
