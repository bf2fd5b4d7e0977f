// The live page: its parts come as events, and are changed in place, so that focus, scroll position
// and what is open stay as they are. Parts are HTML of escaped templates; no script in them can run.
const parser = new DOMParser();
const waiting = new Map();
let isOver = false, isLoading = false;

function isSameKind(old, made) {
  return old.nodeType === made.nodeType && old.nodeName === made.nodeName && old.id === made.id;
}

function changeAttributes(old, made) {
  for (const { name } of [...old.attributes]) {
    // The reader opens details, and this script shows buttons.
    if (!made.hasAttribute(name) && name !== "open" && name !== "hidden") old.removeAttribute(name);
  }
  for (const { name, value } of made.attributes) {
    if (name !== "hidden" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function change(old, made) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  changeAttributes(old, made);
  changeContent(old, made);
}

function changeContent(old, made) {
  const fresh = [...made.childNodes];
  fresh.forEach((node, index) => {
    const before = old.childNodes[index];
    if (!before) old.append(node);
    else if (isSameKind(before, node)) change(before, node);
    else before.replaceWith(node);
  });
  while (old.childNodes.length > fresh.length) old.lastChild.remove();
}

// Whether the reader is about to use a part: selects text in it, or has the focus on a button whose
// place may change.
function isInUse(part) {
  const selection = getSelection();
  if (!selection.isCollapsed && selection.containsNode(part, true)) return true;
  return part.dataset.hold !== undefined && part.contains(document.activeElement)
    && document.activeElement.matches("button");
}

function showPart(name, html) {
  const part = byId(`part-${name}`);
  if (isInUse(part)) {
    waiting.set(name, html);
    return;
  }
  waiting.delete(name);
  changeContent(part, parser.parseFromString(html, "text/html").body);
  showButtons(part);
}

function showWaiting() {
  for (const [name, html] of [...waiting]) showPart(name, html);
}

function showLink(state, text) {
  byId("link").dataset.state = state;
  setText(byId("link"), text);
  document.documentElement.classList.toggle("lost", state === "lost");
}

function showStatus({ title, text, can_stop: canStop }) {
  document.title = `bulkeic ${title}: ${text}`;
  setText(byId("status"), text);
  byId("stop").setAttribute("aria-disabled", String(!canStop));
}

function endPage(text) {
  isOver = true;
  showLink("over", text);
  byId("stop").setAttribute("aria-disabled", "true");
  byId("load").hidden = true;
  if (data === undefined) setText(byId("loading"), "They were not loaded while the command worked; bulkeic export prints those of a run file.");
}

function follow() {
  const events = new EventSource("events");
  events.addEventListener("open", () => showLink("live", "live"));
  events.addEventListener("error", () => {
    if (isOver) return;
    showLink("lost", "connection lost, reconnecting");
    // A server that refuses the page ends the EventSource; another try may find it again.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  events.addEventListener("part", (event) => {
    const { name, content } = JSON.parse(event.data);
    if (name === "status") showStatus(content);
    else showPart(name, content);
    document.documentElement.dataset.ready = "yes";
  });
  events.addEventListener("over", () => {
    events.close();
    endPage("the command has ended; this page stays as it is");
  });
}

async function stop() {
  if (byId("stop").getAttribute("aria-disabled") === "true") return;
  byId("stop").setAttribute("aria-disabled", "true");
  try {
    const response = await fetch("stop", { method: "POST" });
    if (!response.ok) throw new Error(response.statusText);
  } catch {
    setText(byId("stop-note"), "the run could not be stopped here; press Ctrl-C in its terminal");
  }
}

async function loadTargets() {
  if (isLoading || isOver) return data !== undefined;
  isLoading = true;
  setText(byId("loading"), "reading the targets …");
  try {
    const response = await fetch("targets");
    if (!response.ok) throw new Error(await response.text());
    showTargets(await unpack(await response.text()));
    setText(byId("load"), "Refresh the targets");
    setText(byId("loading"), `as of ${new Date().toLocaleTimeString("en-GB")}`);
  } catch (error) {
    setText(byId("loading"), error.message.trim() || "the targets cannot be read");
  } finally {
    isLoading = false;
  }
  return data !== undefined;
}

async function pickTargets(choices) {
  if (data === undefined && !(await loadTargets())) byId("loading").scrollIntoView();
  else pick(choices);
}

byId("stop").addEventListener("click", stop);
byId("load").addEventListener("click", loadTargets);
document.addEventListener("click", (event) => {
  const choices = picked(event.target);
  if (choices) pickTargets(choices);
});
document.addEventListener("selectionchange", showWaiting);
document.addEventListener("focusout", () => setTimeout(showWaiting));
follow();
