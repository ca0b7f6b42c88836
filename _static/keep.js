// What the reader did, kept in this browser and nowhere else: one entry for each prediction and each exercise, so that two
// tabs do not overwrite each other. `window.bookKeep`; nothing is read as markup, and nothing is sent.
window.bookKeep = (() => {
  const EDITION = 1, PREFIX = "lm-book/";
  const listeners = new Set();
  let trouble = ""; // why nothing can be kept: "forbidden" or "full"
  let store = null;
  try {
    store = window.localStorage;
    store.getItem(PREFIX); // a page from the disk may have one that it cannot use
  } catch {
    store = null;
  }
  if (!store) trouble = "forbidden";

  const isText = (value, most) => typeof value === "string" && value.length <= most;
  const isShare = (value) => typeof value === "number" && value > 0 && value < 1;
  const isCount = (value) => Number.isInteger(value) && value >= 1 && value <= 26;
  // An entry from elsewhere, or of an older edition, is taken only if all of it is what it should be.
  const CHECKS = {
    prediction: (e) => isCount(e.chosen) && isCount(e.choices) && e.choices > 1 && e.chosen <= e.choices && typeof e.right === "boolean" && isShare(e.sure) && isText(e.asked, 16),
    exercise: (e) => isText(e.code, 300000) && typeof e.solved === "boolean" && isText(e.part ?? "", 300000),
  };
  const NAME = /^(prediction|exercise)\/([\w-]+\/[\w-]+)$/;
  const fits = (name, entry) => {
    const kind = NAME.exec(name)?.[1];
    return Boolean(kind && entry && typeof entry === "object" && entry.edition === EDITION && CHECKS[kind](entry));
  };

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  /** The entry of a name such as "exercise/softmax/reheat", or null. */
  function read(name) {
    const entry = store && parsed(store.getItem(PREFIX + name));
    return fits(name, entry) ? entry : null;
  }

  /** Whether something is kept under a name that this edition of the book cannot read. */
  const isStrange = (name) => Boolean(store?.getItem(PREFIX + name)) && !read(name);

  /** Keeps an entry; false where the browser does not let it. */
  function write(name, entry) {
    if (!store) return false;
    try {
      store.setItem(PREFIX + name, JSON.stringify({ ...entry, edition: EDITION }));
      trouble = "";
    } catch {
      trouble = "full";
    }
    for (const tell of listeners) tell(name);
    return !trouble;
  }

  const keys = () => (store ? Object.keys(store).filter((key) => key.startsWith(PREFIX)) : []);

  /** All entries by name; `strange` counts those that are none. */
  function all() {
    const entries = {};
    let strange = 0;
    for (const key of keys()) {
      const name = key.slice(PREFIX.length), entry = read(name);
      if (entry) entries[name] = entry;
      else strange += 1;
    }
    return { entries, strange };
  }

  function erase() {
    for (const key of keys()) store.removeItem(key);
    for (const tell of listeners) tell("");
  }

  /** A file for another browser, or for a teacher. */
  const written = () => JSON.stringify({ book: "how-language-models-work", edition: EDITION, entries: all().entries }, null, 1);

  /** Takes such a file in: what is here already stays, unless the file has an exercise solved that is open here. */
  function take(text) {
    const file = parsed(text);
    if (file?.book !== "how-language-models-work" || typeof file.entries !== "object" || !file.entries) return null;
    let taken = 0, refused = 0, lost = 0;
    for (const [name, entry] of Object.entries(file.entries)) {
      const here = read(name);
      if (!fits(name, entry)) refused += 1;
      else if (here && !(entry.solved && !here.solved)) continue;
      else if (write(name, entry)) taken += 1;
      else lost += 1;
    }
    return { taken, refused, lost };
  }

  addEventListener("storage", (event) => {
    if (event.key === null || event.key.startsWith(PREFIX)) for (const tell of listeners) tell(event.key?.slice(PREFIX.length) ?? "");
  });

  return {
    read, isStrange, write, all, erase, written, take,
    get trouble() {
      return trouble;
    },
    /** Calls `tell` with the name of each entry that changes, also in another tab; "" stands for all. */
    watch: (tell) => listeners.add(tell),
  };
})();
