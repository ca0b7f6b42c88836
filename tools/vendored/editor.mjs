// A field for Python as CodeMirror makes it. Colours come from the page, by the classes of @lezer/highlight.
// The Tab key leaves the field, as it leaves any other: Enter and Ctrl-] indent.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { StreamLanguage, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { python } from "@codemirror/legacy-modes/mode/python";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

/** Puts an editor of `code` into `parent`. `label` names it for screen readers; `changed` is called when it holds something else,
    `keys` are what keys do besides, such as { "Shift-Enter": run }. */
export function edit(parent, { code, label, changed, keys }) {
  const own = Object.entries(keys).map(([key, act]) => ({ key, run: () => (act(), true) }));
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: code,
      extensions: [
        keymap.of([...own, ...defaultKeymap, ...historyKeymap]),
        lineNumbers(),
        highlightSpecialChars(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        EditorView.lineWrapping,
        StreamLanguage.define(python),
        syntaxHighlighting(classHighlighter),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
      ],
    }),
  });
  return {
    get code() {
      return view.state.doc.toString();
    },
    set code(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    focus: () => view.focus(),
  };
}
