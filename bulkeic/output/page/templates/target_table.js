// The table of targets: every text of the run is set as textContent, never as markup.
const PAGE_ROWS = 50;
const MOODS = {
  updated: "good", created: "good", unchanged: "good", not_matched: "good",
  failed: "bad", unknown: "bad", invalid: "bad", pending: "mild",
};
const ORDERS = {
  file: ["order of the file", () => 0],
  slow: ["slowest first", (a, b) => b[at.duration] - a[at.duration]],
  calls: ["most calls first", (a, b) => b[at.attempts] - a[at.attempts]],
  started: ["latest first", (a, b) => b[at.started] - a[at.started]],
};
const filters = ["state", "code", "account", "region"];
let data, at, texts = [], shown = [], first = 0;

async function unpack(text) {
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let index = 0; index < packed.length; index += 1) bytes[index] = packed.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function lane(row) {
  return row[at.lane] === null ? ["", "", ""] : data.lanes[row[at.lane]];
}

function arn(row) {
  const [account, region, partition] = lane(row);
  if (!region) return row[at.function];
  return `arn:${partition}:lambda:${region}:${account}:function:${row[at.function]}:${row[at.qualifier]}`;
}

function owner(row) {
  return row[at.owner] === null ? "" : data.owners[row[at.owner]];
}

function searchText(row, index) {
  if (texts[index] === undefined) {
    const code = row[at.code] === null ? "" : data.codes[row[at.code]];
    const message = row[at.message] === null ? "" : data.messages[row[at.message]];
    texts[index] = `${arn(row)} ${code} ${message} ${row[at.request] || ""} ${owner(row)}`.toLowerCase();
  }
  return texts[index];
}

function matcher() {
  const tests = [];
  const [state, code, account, region] = filters.map((name) => byId(name).value);
  if (state) tests.push((row) => data.states[row[at.state]] === state);
  if (code) tests.push((row) => row[at.code] !== null && data.codes[row[at.code]] === code);
  if (account || region) {
    const wanted = data.lanes.map(([id, name]) => (!account || id === account) && (!region || name === region));
    tests.push((row) => row[at.lane] !== null && wanted[row[at.lane]]);
  }
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length) {
    tests.push((row, index) => words.every((word) => searchText(row, index).includes(word)));
  }
  return (row, index) => tests.every((test) => test(row, index));
}

function value(tag, content) {
  return element(tag, "", content === null ? "not set" : String(content));
}

function changeList(change) {
  const [isMade, knowsBefore, fields] = change;
  const list = element("ul", isMade ? "" : "wanted");
  for (const [field, before, after] of fields) {
    const item = element("li", "", `${field}: `);
    if (knowsBefore) item.append(value("del", before), element("span", "unseen", " becomes "), " → ");
    item.append(value("ins", after));
    list.append(item);
  }
  if (!isMade) list.prepend(element("li", "none", "wanted:"));
  else if (!knowsBefore) list.prepend(element("li", "none", "set; what it had before was not read:"));
  return list;
}

function changeCell(row) {
  const cell = element("td", "change");
  if (row[at.code] !== null) {
    const message = row[at.message] === null ? "" : `: ${data.messages[row[at.message]]}`;
    cell.append(element("p", "problem", element("strong", "", data.codes[row[at.code]]), message));
  } else if (row[at.message] !== null) {
    cell.append(element("p", "none", data.messages[row[at.message]]));
  }
  const change = row[at.change] === null ? null : data.changes[row[at.change]];
  if (change !== null && change[2].length) cell.append(changeList(change));
  if (!cell.hasChildNodes()) cell.append(element("span", "none", "no change"));
  return cell;
}

function details(row) {
  const facts = element("dl", "facts");
  const add = (name, content) => {
    if (content) facts.append(element("dt", "", name), element("dd", "", String(content)));
  };
  add("ARN", arn(row));
  add("Managed by", owner(row));
  add("Line", row[at.line]);
  add("Throttled", row[at.throttles]);
  add("Request id", row[at.request]);
  return element("details", "", element("summary", "", "details"), facts);
}

function seconds(milliseconds) {
  return milliseconds === null ? "–" : `${(milliseconds / 1000).toFixed(milliseconds < 10000 ? 2 : 0)} s`;
}

function targetRow(row) {
  const state = data.states[row[at.state]];
  const [account, region] = lane(row);
  const name = row[at.qualifier] === null || row[at.qualifier] === "$LATEST"
    ? row[at.function] : `${row[at.function]}:${row[at.qualifier]}`;
  const head = element("th", "", name);
  if (owner(row)) head.append(element("p", "none", owner(row)));
  head.append(details(row));
  head.scope = "row";
  const started = row[at.started] === null ? "–"
    : new Date(row[at.started]).toISOString().slice(0, 19).replace("T", " ");
  const made = element("tr", "", head,
    element("td", "lane", account ? `${account} ${region}` : "–"),
    element("td", "state-cell", element("span", `badge ${MOODS[state]}`, state.replace("_", " "))),
    changeCell(row),
    element("td", "started", started),
    element("td", "time number", seconds(row[at.duration])),
    element("td", "calls number", whole.format(row[at.attempts])));
  // Browsers drop the table semantics of rows that the style lays out as grids.
  made.setAttribute("role", "row");
  for (const cell of made.children) cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
  return made;
}

function showPage() {
  const last = Math.min(first + PAGE_ROWS, shown.length);
  byId("targets").tBodies[0].replaceChildren(...shown.slice(first, last).map(targetRow));
  byId("targets-scroll").scrollTop = 0;
  byId("page").textContent = shown.length ? `${whole.format(first + 1)}–${whole.format(last)} of ${whole.format(shown.length)}` : "";
  byId("previous").disabled = first === 0;
  byId("next").disabled = last === shown.length;
  byId("pages").hidden = shown.length <= PAGE_ROWS;
  byId("targets-scroll").hidden = shown.length === 0;
}

function update() {
  const matches = matcher();
  shown = data.rows.filter(matches);
  if (byId("order").value !== "file") shown.sort(ORDERS[byId("order").value][1]);
  first = 0;
  const all = plural(data.rows.length, "target");
  byId("count").textContent = shown.length === data.rows.length ? all : `${whole.format(shown.length)} of ${all}`;
  showPage();
}

function fill(name, choices, anyText) {
  const any = element("option", "", anyText);
  any.value = "";
  const options = choices.map(([text, choice]) => {
    const option = element("option", "", text);
    option.value = choice;
    return option;
  });
  byId(name).replaceChildren(any, ...options);
}

function counted(column, names) {
  const counts = new Map();
  for (const row of data.rows) {
    if (row[column] !== null) counts.set(row[column], (counts.get(row[column]) || 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])
    .map(([index, count]) => [`${names[index]} (${whole.format(count)})`, names[index]]);
}

function fillFilters() {
  fill("state", counted(at.state, data.states), "any");
  fill("code", counted(at.code, data.codes), "any");
  for (const [name, part] of [["account", 0], ["region", 1]]) {
    const names = [...new Set(data.lanes.map((each) => each[part]))].sort();
    fill(name, names.map((each) => [each, each]), "any");
  }
  const orders = Object.entries(ORDERS).map(([name, [text]]) => {
    const option = element("option", "", text);
    option.value = name;
    return option;
  });
  byId("order").replaceChildren(...orders);
}

function pick(choices) {
  byId("filters").reset();
  for (const [name, choice] of Object.entries(choices)) if (choice) byId(name).value = choice;
  update();
  byId("targets-heading").scrollIntoView();
  byId("targets-scroll").focus({ preventScroll: true });
}

function placeOf(cell) {
  const head = byId("grid").tHead.rows[0].cells[cell.cellIndex].querySelector("button");
  const account = cell.parentElement.cells[0].querySelector("button");
  return { account: account && account.dataset.account, region: head && head.dataset.region };
}

function move(step) {
  first += step * PAGE_ROWS;
  showPage();
  byId("targets-scroll").focus({ preventScroll: true });
}

function listen() {
  byId("filters").addEventListener("input", update);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(update));
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
}

// The targets that a click asks for: of a button, or of a cell of the grid; null: none.
function picked(target) {
  const button = target.closest(".pick");
  if (button) return { ...button.dataset };
  const cell = target.closest("#grid tbody td");
  return cell && cell.hasChildNodes() ? placeOf(cell) : null;
}

// Shows the table; the filters stay as they are if it is shown already.
function showTargets(found) {
  const isFirst = data === undefined;
  const choices = [...filters, "order"].map((name) => [byId(name), byId(name).value]);
  data = found;
  texts = [];
  at = Object.fromEntries(data.columns.map((name, index) => [name, index]));
  fillFilters();
  if (isFirst) listen();
  else for (const [select, choice] of choices) if ([...select.options].some((each) => each.value === choice)) select.value = choice;
  byId("filters").hidden = false;
  update();
}
