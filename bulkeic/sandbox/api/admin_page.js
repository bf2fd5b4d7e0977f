// Everything that a caller sent is set as textContent, never as markup.

const POLL_MS = 1000;
const TIMEOUT_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";

const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});

function setTextById(id, value) {
  setText(byId(id), value);
}

function percent(part, all, label) {
  return all ? `${decimal.format((100 * part) / all)}% ${label}` : "";
}

function statusClass(status) {
  if (/^2/.test(status)) return "good";
  return /^4/.test(status) && status !== "429" ? "mild" : "bad";
}

function statusMark(status) {
  return element("span", `status ${statusClass(status)}`, status);
}

function showTotals(data) {
  const [calls, throttled] = data.seconds.at(-1);
  const throttledCalls = data.by_status["429"] || 0;
  setTextById("per-second", whole.format(calls));
  setTextById("per-second-note", throttled ? `${whole.format(throttled)} throttled` : "none throttled");
  setTextById("calls", whole.format(data.calls));
  setTextById("calls-note", percent(data.by_status["200"] || 0, data.calls, "answered with 200"));
  setTextById("throttled", whole.format(throttledCalls));
  setTextById("throttled-note", percent(throttledCalls, data.calls, "of all calls"));
  setTextById("in-flight", whole.format(data.in_flight));
  setTextById("in-flight-note", `at most ${whole.format(data.in_flight_max)} for one function`);
  setTextById("connections", whole.format(data.connections));
  setTextById("connections-note", `${whole.format(data.connections_accepted)} accepted so far`);
  const { rate, burst } = data.quota;
  const limit = burst === null ? "" : `, burst ${decimal.format(burst)}`;
  setTextById("quota", rate === null ? "· no quota" : `· quota ${decimal.format(rate)} a second for each lane${limit}`);
}

function showStatuses(data) {
  const items = Object.entries(data.by_status).map(([status, calls]) => {
    const item = element("li", "");
    item.append(statusMark(status), ` ${whole.format(calls)}`);
    return item;
  });
  byId("statuses").replaceChildren(...items);
}

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
}

function rectangle(className, x, y, height) {
  const shape = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ class: className, x, y, width: 8, height })) {
    shape.setAttribute(name, value);
  }
  return shape;
}

function showMinute(data) {
  const most = Math.max(...data.seconds.map(([calls]) => calls));
  const top = Math.max(10, roundUp(most));
  const shapes = data.seconds.flatMap(([calls, throttled], index) => {
    const high = (96 * calls) / top;
    const low = (96 * (calls - throttled)) / top;
    const x = index * 10 + 1;
    return [rectangle("passed", x, 96 - low, low), rectangle("throttled", x, 96 - high, high - low)];
  });
  const chart = byId("chart");
  chart.replaceChildren(...shapes);
  const sum = (index) => data.seconds.reduce((total, counts) => total + counts[index], 0);
  const counts = `${plural(sum(0), "call")}, ${whole.format(sum(1))} throttled`;
  chart.setAttribute("aria-label", `Last minute: ${counts}, ${whole.format(most)} at most in a second`);
  setTextById("chart-top", `${whole.format(top)} a second`);
}

const laneRows = new Map();

function laneRow(lane) {
  const row = element("tr", "");
  const [account, region] = lane.split("/");
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  const parts = {
    row,
    passed: element("span", "passed"),
    throttled: element("span", "throttled"),
    quota: element("span", "quota"),
    now: element("td", "number now"),
    allThrottled: element("td", "number all-throttled"),
    all: element("td", "number all"),
  };
  bar.append(parts.passed, parts.throttled, parts.quota);
  const cell = element("td", "wide");
  cell.append(bar);
  const head = element("th", "", account);
  head.scope = "row";
  row.append(head, element("td", "", region), cell, parts.now, parts.allThrottled, parts.all);
  setRoles(row);
  return parts;
}

// Browsers drop the table semantics of rows that the style lays out as grids.
function setRoles(row) {
  row.setAttribute("role", "row");
  for (const cell of row.children) cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
}

function fillLane(lane, scale, rate) {
  const parts = laneRows.get(lane.lane) || laneRow(lane.lane);
  laneRows.set(lane.lane, parts);
  const [calls, throttled] = lane.last;
  parts.passed.style.width = `${(100 * (calls - throttled)) / scale}%`;
  parts.throttled.style.width = `${(100 * throttled) / scale}%`;
  parts.quota.hidden = rate === null;
  parts.quota.style.left = `calc(${(100 * (rate || 0)) / scale}% - 1px)`;
  setText(parts.now, whole.format(calls));
  setText(parts.allThrottled, whole.format(lane.throttled));
  setText(parts.all, whole.format(lane.calls));
  parts.now.classList.toggle("hot", throttled > 0);
  parts.allThrottled.classList.toggle("hot", throttled > 0);
  parts.row.classList.toggle("idle", lane.recent[0] === 0);
  return parts.row;
}

function showLanes(data) {
  const callsPerSecond = (lane) => Math.round(lane.recent[0] / data.lane_seconds);
  // Rounded, so that lanes of equal speed keep their places.
  const lanes = data.lanes.sort((a, b) => callsPerSecond(b) - callsPerSecond(a) || (a.lane < b.lane ? -1 : 1));
  const { rate } = data.quota;
  const scale = roundUp(Math.max(1, 2 * (rate || 0), ...lanes.map((lane) => lane.last[0])));
  const shown = new Set(lanes.map((lane) => lane.lane));
  for (const lane of laneRows.keys()) if (!shown.has(lane)) laneRows.delete(lane);
  const ordered = lanes.map((lane) => fillLane(lane, scale, rate));
  replaceRows(byId("lanes").tBodies[0], ordered);
  byId("lanes-scroll").hidden = lanes.length === 0;
  setTextById("lanes-line", rate === null ? "" : `quota, ${decimal.format(rate)} a second`);
  byId("lanes-legend").querySelector(".line").hidden = rate === null;
  setTextById("lanes-note", lanesNote(data, lanes));
}

function replaceRows(body, rows) {
  const same = body.children.length === rows.length && rows.every((row, index) => body.children[index] === row);
  if (!same) body.replaceChildren(...rows);
}

function lanesNote(data, lanes) {
  if (!data.lanes_seen) return "No calls yet.";
  const { rate } = data.quota;
  const count = (matches) => whole.format(lanes.filter(({ recent }) => matches(...recent)).length);
  const throttled = count((_, refused) => refused > 0);
  const atQuota = count((calls, refused) => calls - refused >= 0.9 * rate * data.lane_seconds);
  const busy = `${whole.format(data.lanes_busy)} of ${plural(data.lanes_seen, "lane")}`;
  return `${busy} called in the last ${data.lane_seconds} s; ` +
    (rate === null ? "" : `${atQuota} at the quota, `) + `${throttled} throttled` +
    (data.lanes_seen > lanes.length ? ` (counted in the ${whole.format(lanes.length)} busiest lanes, which are shown)` : "");
}

function sessionText(session) {
  if (!session) return "";
  const identity = session.source_identity === null ? [] : [`as ${session.source_identity}`];
  const tags = Object.entries(session.tags).map(([key, value]) => `${key}=${value}`);
  const policy = session.policy === null ? [] : ["with a session policy"];
  return [session.role, ...identity, ...tags, ...policy].join(" ");
}

function callRow(call) {
  const row = element("tr", "");
  const status = element("td", "status-cell");
  status.append(statusMark(call.status));
  const name = element("td", "name", call.function || sessionText(call.session) || "–");
  name.title = call.session ? JSON.stringify(call.session, null, 2) : call.function;
  const delay = call.held_ms === null ? element("td", "number delay idle", "unanswered")
    : element("td", "number delay", decimal.format(call.held_ms));
  row.append(
    element("td", "time", clock.format(call.time_s * 1000)), status, name,
    element("td", "operation", call.operation), element("td", "lane", call.lane || "–"), delay,
  );
  setRoles(row);
  return row;
}

let lastCalls = "";

function showCalls(data) {
  const calls = JSON.stringify(data.last_calls);
  if (calls === lastCalls) return;
  lastCalls = calls;
  byId("recent").tBodies[0].replaceChildren(...data.last_calls.map(callRow));
  const isEmpty = data.last_calls.length === 0;
  byId("recent-scroll").hidden = isEmpty;
  const note = `The latest of ${plural(data.calls, "call")}, newest first. ` +
    "Delay: how long the sandbox delayed the reply.";
  setTextById("recent-note", isEmpty ? "No calls yet." : note);
}

function show(data) {
  for (const part of [showTotals, showStatuses, showMinute, showLanes, showCalls]) part(data);
}

function setConnected(isConnected) {
  byId("link").dataset.state = isConnected ? "live" : "lost";
  document.body.classList.toggle("lost", !isConnected);
  setTextById("link", isConnected ? "live" : "disconnected");
}

async function poll() {
  try {
    const response = await fetch("live", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
    setConnected(true);
  } catch {
    setConnected(false);
  }
  setTimeout(poll, POLL_MS);
}

setTextById("address", location.host);
for (const id of ["lanes-scroll", "recent-scroll"]) byId(id).hidden = true;
poll();
