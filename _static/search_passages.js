// Behind each page that a search finds: the passage, and the section that it stands in. `_ext/passages.py` writes a
// script for each page, which is asked for when the page is found; the list of pages comes from Sphinx.
const PASSAGES = {};
(() => {
  const results = document.getElementById("search-results");
  const query = new URLSearchParams(location.search).get("q");
  if (!results || !query) return;

  const ROOM = 260; // letters of a passage
  let patterns;
  // A word, or another that begins as it does: "perplexities" is found by "perplexity". Sphinx's lists come after this.
  function patternsOf(words) {
    const stemmer = new Stemmer();
    const terms = splitQuery(words.toLowerCase()).filter((term) => !stopwords.includes(term));
    return terms.map((term) => `(?:${term}|${stemmer.stemWord(term)})`);
  }
  const word = (pattern, flags) => new RegExp(`(?<![\\p{L}\\p{N}])${pattern}`, flags);
  const has = (pattern, text) => word(pattern, "iu").test(text);
  const times = (pattern, text) => text.match(word(pattern, "giu"))?.length ?? 0;
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  // First that all words are there, then that the heading names them, then how often they stand there. Code comes last.
  function worth([, heading, text, code]) {
    const all = (place) => sum(patterns.map((pattern) => has(pattern, place)));
    const often = sum(patterns.map((pattern) => Math.min(times(pattern, text), 9)));
    return 10000 * all(`${heading} ${text}`) + 100 * all(heading) + often + all(code) / 100;
  }

  // The stretch in which most of the words stand.
  function start(text) {
    const places = [...text.matchAll(word(`(?:${patterns.join("|")})`, "giu"))].map(({ index }) => index);
    const count = (place) => patterns.filter((pattern) => has(pattern, text.slice(place, place + ROOM / 2))).length;
    const best = Math.max(...places.map(count));
    return Math.max(0, (places.find((place) => count(place) === best) ?? 0) - ROOM / 3);
  }

  function passage(text) {
    const from = start(text) && text.indexOf(" ", start(text)) + 1;
    const to = text.length <= from + ROOM ? text.length : text.lastIndexOf(" ", from + ROOM);
    const parts = text.slice(from, to).split(word(`(${patterns.join("|")})`, "iu"));
    const marked = parts.map((part, i) =>
      i % 2 ? Object.assign(document.createElement("mark"), { textContent: part }) : part);
    const paragraph = Object.assign(document.createElement("p"), { className: "context" });
    paragraph.append(from ? "… " : "", ...marked, to < text.length ? " …" : "");
    return paragraph;
  }

  // A script and no request for data, which a page opened by double click may not make.
  const asked = {};
  function sectionsOf(page) {
    return (asked[page] ??= new Promise((found) => {
      const script = Object.assign(document.createElement("script"), { src: `passages/${page.replaceAll("/", ".")}.js` });
      script.onload = script.onerror = () => found(PASSAGES[page] ?? []);
      document.head.append(script);
    }));
  }

  async function complete(item) {
    patterns ??= patternsOf(query);
    const link = item.querySelector("a");
    const [page, anchor] = link.getAttribute("href").split("#");
    const sections = await sectionsOf(page.replace(/\.html$/, ""));
    const there = anchor ? sections.filter(([id]) => id === anchor) : sections;
    const section = there.toSorted((one, other) => worth(other) - worth(one))[0];
    if (!section) return;
    const [id, heading, text, code] = section;
    if (!anchor && section !== sections[0]) {
      link.href = `${page}#${id}`;
      link.append(` › ${heading}`);
    }
    item.append(passage(patterns.some((pattern) => has(pattern, text)) ? text : code || text));
  }

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) if (node.matches?.("ul.search > li")) complete(node);
  }).observe(results, { childList: true, subtree: true });
})();
