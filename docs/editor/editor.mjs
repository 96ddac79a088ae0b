// The template editor: CodeMirror over the form's textarea, which stays what is sent.
// In a shadow root, because there CodeMirror writes its styles as constructed sheets, which the portal's policy allows.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, insertTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const freemarker = StreamLanguage.define({
  name: "freemarker",
  startState: () => ({ inside: "", quote: "" }),
  token(stream, state) {
    if (state.inside === "comment") {
      if (stream.skipTo("-->")) { stream.match("-->"); state.inside = ""; } else stream.skipToEnd();
      return "comment";
    }
    if (!state.inside) {
      if (stream.match("<#--")) { state.inside = "comment"; return "comment"; }
      if (stream.match(/<\/?[#@][\w.]*/)) { state.inside = ">"; return "keyword"; }
      if (stream.match(/[$#]\{/)) { state.inside = "}"; return "brace"; }
      stream.next();
      stream.eatWhile(/[^<$#]/);
      return null;
    }
    if (stream.match(state.inside === ">" ? /\/?>/ : "}")) {
      const token = state.inside === ">" ? "keyword" : "brace";
      state.inside = "";
      return token;
    }
    if (stream.match(/r?"(?:[^"\\]|\\.)*"?|r?'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/\d+(\.\d+)?/)) return "number";
    if (stream.match(/\?\??[\w]*/)) return "atom";
    if (stream.match(/[\w@$]+/)) return "variableName";
    stream.next();
    return null;
  },
  languageData: { closeBrackets: { brackets: ["(", "[", "{", '"'] } },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--ink-quiet)", fontStyle: "italic" },
  { tag: tags.keyword, color: "var(--busy)" },
  { tag: tags.brace, color: "var(--busy)", fontWeight: "600" },
  { tag: tags.string, color: "var(--good)" },
  { tag: tags.number, color: "var(--warn)" },
  { tag: tags.atom, color: "var(--warn)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--tblr-body-color)", fontSize: "0.8125rem", maxHeight: "40rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--tblr-font-monospace)", lineHeight: "1.5", overflow: "auto", minHeight: "26rem" },
  ".cm-content": { caretColor: "var(--tblr-body-color)" },
  ".cm-cursor": { borderLeftColor: "var(--tblr-body-color)" },
  ".cm-gutters": { color: "var(--ink-quiet)", backgroundColor: "transparent", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in oklab, var(--tblr-body-color) 5%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in oklab, var(--tblr-primary) 30%, transparent)" },
  ".cm-tooltip": { color: "var(--tblr-body-color)", backgroundColor: "var(--tblr-bg-surface)", border: "1px solid var(--line)", maxWidth: "min(32rem, 85vw)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "#fff", backgroundColor: "var(--tblr-primary)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.8" },
  ".cm-completionInfo": { padding: "0.5rem" },
});

function completer(fields) {
  const options = fields.map((field) => ({ ...field, type: undefined }));
  return (context) => {
    const before = context.state.sliceDoc(Math.max(0, context.pos - 2000), context.pos);
    const opened = Math.max(before.lastIndexOf("${"), before.lastIndexOf("<#"), before.lastIndexOf("#{"));
    if (opened < 0 || (before[opened] === "<" ? before.indexOf(">", opened) >= 0 : before.indexOf("}", opened) >= 0)) return null;
    const word = context.matchBefore(/[\w.]+/);
    if (!word && !context.explicit) return null;
    return { from: word ? word.from : context.pos, options, validFor: /^[\w.]*$/ };
  };
}

function diagnostics(state) {
  const place = (line, column) => {
    const found = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
    return Math.min(found.from + Math.max(column - 1, 0), found.to);
  };
  return [...document.querySelectorAll("#preview-made .findings [data-line]")].map((finding) => {
    const { line, column, endLine, endColumn, severity } = finding.dataset;
    const from = place(+line, +column);
    return {
      from,
      to: Math.max(place(+endLine, +endColumn + 1), from),
      severity: severity === "note" ? "info" : severity,
      message: finding.querySelector(".finding-sentence").textContent,
    };
  });
}

let view = null;

function start(area) {
  if (area.hidden) return;
  const host = document.createElement("div");
  host.className = "editor";
  area.after(host);
  const root = host.attachShadow({ mode: "open" });
  const fields = JSON.parse(document.getElementById(area.dataset.editor).textContent);
  const state = EditorState.create({
    doc: area.value,
    extensions: [
      lineNumbers(), lintGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightActiveLineGutter(),
      freemarker, syntaxHighlighting(colours), look, EditorState.tabSize.of(2), EditorState.lineSeparator.of("\n"),
      autocompletion({ override: [completer(fields)], icons: false }),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap, { key: "Tab", run: insertTab, shift: indentLess }]),
      EditorView.contentAttributes.of({ "aria-label": "Template", "aria-multiline": "true", tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }),
    ],
  });
  view?.destroy();
  view = new EditorView({ state, parent: root, root });
  area.hidden = true;
  document.querySelector(".editor-hint").hidden = false;
  mark();
}

function mark() {
  if (view) view.dispatch(setDiagnostics(view.state, diagnostics(view.state)));
}

const lookForOne = () => { const area = document.querySelector("textarea[data-editor]"); if (area) start(area); };
document.addEventListener("DOMContentLoaded", lookForOne);
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.querySelector("textarea[data-editor]:not([hidden])")) lookForOne();
  else mark();
});
document.addEventListener("click", (event) => {
  const label = event.target.closest?.('label[for="id_template"]');
  const place = event.target.closest?.(".finding-place");
  if (!view || !(label || place) || !view.dom.isConnected) return;
  event.preventDefault();
  if (place) {
    const line = view.state.doc.line(Math.min(+place.closest("[data-line]").dataset.line, view.state.doc.lines));
    view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  }
  view.focus();
});
