// What the widgets with a live model share: where the model comes from, the reader's words as tokens,
// and what stands in the address.

/** The model of a file, the grammar and the words, once `el` is nearly seen. */
export const liveModel = async (model, el, file = "live.js") => makeLive(await provided(model, el, file));

function makeLive(packed) {
  const ids = new Map(packed.vocab.map((word, id) => [word, id]));
  return { gpt: makeGpt(packed), grammar: makeGrammar(packed.grammar), vocab: packed.vocab, ids, room: packed.config.block_size - 1 };
}

/** The words and marks of a text that are read, and where each stands. */
const wordsIn = (text) => [...text.slice(0, 4000).toLowerCase().matchAll(/[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]/gu)];

/** What is shown of a word that nobody knows. */
const shortened = (word) => word.slice(0, 30);

/** How many letters must change to make one word of the other. */
export function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length];
}

/**
 * The reader's words: `tokens` that the model knows, `unknown` the first that it does not, `near` words like it,
 * `begun` a last word that is not finished yet, `more` whether the text is longer than what the model reads.
 */
export function readWords(text, live) {
  const found = wordsIn(text).map(([word]) => word);
  const words = found.slice(0, live.room);
  const at = words.findIndex((word) => !live.ids.has(word));
  const known = at < 0 ? words : words.slice(0, at);
  const reading = { tokens: known, unknown: null, near: [], begun: "", more: found.length > words.length || text.length > 4000 };
  if (at < 0) return reading;
  const word = shortened(words[at]);
  const proper = live.vocab.slice(1);
  if (at === words.length - 1 && !/\s$/.test(text) && proper.some((one) => one.startsWith(word))) return { ...reading, begun: word };
  const near = !/\p{L}/u.test(word) ? [] : proper.map((one) => [distance(word, one), one]).sort(([a], [b]) => a - b).slice(0, 3);
  return { ...reading, unknown: word, near: near.filter(([d]) => d <= Math.max(2, word.length / 2)).map(([, one]) => one) };
}

/** Read ids into a session, and nothing twice: what the last one gave, which is `step` where all was read before. */
export function readIds(session, ids, step) {
  let same = 0;
  while (same < ids.length && session.tokens[same] === ids[same]) same += 1;
  if (step && same === ids.length && session.tokens.length === ids.length) return step;
  session.keep(Math.min(same, ids.length - 1));
  let last = step;
  for (const id of ids.slice(session.tokens.length)) last = session.push(id);
  return last;
}

/**
 * What the model makes of the ids when links are cut: `weights(layer, head)`, NaN where one may not look, and at each position the
 * probabilities of the next word. What a cut link had is shared out among the others of its row.
 */
export function runModel(gpt, ids, cut) {
  const adjust = (layer, head, weights, at) => {
    const gone = cut.filter(([l, h, query]) => l === layer && h === head && query === at).map(([, , , key]) => key);
    if (!gone.length) return;
    for (const key of gone) weights[key] = 0;
    const left = weights.reduce((sum, w) => sum + w, 0);
    weights.forEach((w, j) => { weights[j] = w / left; });
  };
  const session = gpt.session({ adjust });
  const steps = ids.map((id) => session.push(id));
  const row = (layer, head, i) => Float64Array.from(ids, (_, j) => (j > i ? NaN : steps[i].weights[layer][head][j]));
  return { weights: (layer, head) => ({ weights: ids.map((_, i) => row(layer, head, i)) }), probs: steps.map(({ logits }) => softmax(logits)) };
}

/** That the model does not know a word, and a button for each word like it, which calls `put(word)`. */
export function unknownSaid(t, live, { unknown, near }, put) {
  const buttons = near.flatMap((word) => [h("button", { type: "button", className: "small", onclick: () => put(word) }, word), " "]);
  return [t("unknown", { word: unknown, V: live.vocab.length - 1 }), " ", ...(near.length ? [t("near"), " ", ...buttons] : [])];
}

/** The text with another word in the place of the unknown one. */
export function exchanged(text, unknown, other) {
  const { 0: word, index } = wordsIn(text).find(([one]) => shortened(one) === unknown);
  return `${text.slice(0, index)}${other} ${text.slice(index + word.length).trimStart()}`;
}

/** A probability that is never shown as none where there is some. */
export const percent = (p) => (p > 0 && p < 0.001 ? "<0.001" : p.toFixed(3));

/** Words as a person writes them: no space before a full stop. */
export const written = (words) => words.join(" ").replace(/ (?=[.,])/g, "");

const KEPT = "lm-sentence";

/** Keep what the reader last wrote for the strips of other pages, where that may be. */
export function keepSentence(found) {
  try { localStorage.setItem(KEPT, JSON.stringify({ version: 1, ...found })); } catch { /* the page works without */ }
}
