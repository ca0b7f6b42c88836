"""Every word that the widgets show, by key; ``labels=`` replaces some or all of them, {places} are filled in."""

TEMPERATURE = {
    "title": "Temperature scrubber",
    "context": "Next word after",
    "temperature": "Temperature τ",
    "sharper": "0.05 · sharper",
    "flatter": "flatter · 5",
    "top_k": "Top-k: keep the k likeliest words",
    "top_p": "Top-p: keep the likeliest that hold p",
    "off": "off",
    "limit": "τ → 0 is not on the slider: in the limit the word with the highest logit gets everything (argmax).",
    "shift": "m is the largest sⱼ/τ. Taking it away above and below changes no fraction, and exp cannot overflow.",
    "words": "Next words, likeliest first",
    "word": "word",
    "probability": "probability",
    "drawn": "drawn · share",
    "others": "all other {n}",
    "cut": "cut",
    "zoom": "longest bar fills the width",
    "entropy": "Entropy <b>{nats}</b> nats = <b>{bits}</b> bits: as open as <b>{n}</b> equally likely words.",
    "numbers_of": "From logit to probability: {word}",
    "after_filter": "after the filter",
    "row": "{word}: probability {p}",
    "row_drawn": ", drawn {n} of {N}",
    "draw": "Draw words",
    "reset": "reset",
    "seed": "Seed",
    "newest": "… {words}",
    "tally": "{N} words drawn. {inside} of {rows} rows lie inside their band.",
    "tally_none": "No word drawn yet.",
    "key_share": "share of the draws",
    "key_band": "p ± 2√(p(1 − p)/N), where about 95 in 100 shares fall",
    "live": "Temperature {T}. Likeliest: {word}, {p}. Entropy {nats} nats, as open as {n} words.",
    "live_drawn": "{N} words drawn. {word}: {n}, expected {expected}.",
    "sentence": (
        "Temperature scrubber. After “{context}” at temperature {T}, the likeliest of {V} words are {top}; all others"
        " together {rest}. Entropy {nats} nats = {bits} bits, as open as {n} equally likely words."
    ),
}

ATTENTION = {
    "title": "Attention heat map",
    "example": "Text",
    "layer": "Layer",
    "head": "Head",
    "scale": "divide by √dₖ",
    "mask": "hide the future",
    "query": "query: who looks",
    "key": "key: looked at",
    "score": "score",
    "weight": "weight",
    "hidden": "hidden",
    "map": "Heat map: a row for each query, a column for each key. Up and down choose a query.",
    "queries": "Queries",
    "looks": "{query} looks at {list}",
    "cell": "{query} → {key}: {w}",
    "hint": "Choose a query: hover, click, or arrow keys.",
    "head_button": "Head {n}",
    "legend": "weight",
    "sentence": (
        "Attention heat map, layer {layer}, head {head}, {T} tokens: {tokens}. Query {query} looks at {list}."
    ),
}
