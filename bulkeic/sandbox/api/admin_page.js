"use strict";

// Whatever came from a caller becomes text, by textContent, and never markup.

const POLL_MS = 1000;
const PATIENCE_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});

function text(element, value) {
  const string = String(value);
  // An unchanged node is left alone: a screen reader has nothing to say, the browser nothing to lay out.
  if (element.textContent !== string) element.textContent = string;
}

function say(id, value) {
  text(byId(id), value);
}

function made(tag, className, value) {
  const element = document.createElement(tag);
  element.className = className;
  if (value !== undefined) element.textContent = value;
  return element;
}

function plural(number, word) {
  return `${whole.format(number)} ${word}${number === 1 ? "" : "s"}`;
}

function share(part, all, rest) {
  return all ? `${decimal.format((100 * part) / all)}% ${rest}` : "";
}

function kind(status) {
  if (/^2/.test(status)) return "good";
  return /^4/.test(status) && status !== "429" ? "mild" : "bad";
}

function statusMark(status) {
  return made("span", `status ${kind(status)}`, status);
}

function showTotals(live) {
  const [calls, throttled] = live.seconds.at(-1);
  const refused = live.by_status["429"] || 0;
  say("per-second", whole.format(calls));
  say("per-second-note", throttled ? `${whole.format(throttled)} throttled` : "none throttled");
  say("calls", whole.format(live.calls));
  say("calls-note", share(live.by_status["200"] || 0, live.calls, "answered 200"));
  say("throttled", whole.format(refused));
  say("throttled-note", share(refused, live.calls, "of all calls"));
  say("in-flight", whole.format(live.in_flight));
  say("in-flight-note", `${whole.format(live.in_flight_max)} at most for one function`);
  say("connections", whole.format(live.connections));
  say("connections-note", `${whole.format(live.connections_accepted)} accepted so far`);
  const { rate, burst } = live.quota;
  const limit = burst === null ? "" : `, burst ${decimal.format(burst)}`;
  say("quota", rate === null ? "· no quota" : `· quota ${decimal.format(rate)} a second for each lane${limit}`);
}

function showStatuses(live) {
  const items = Object.entries(live.by_status).map(([status, calls]) => {
    const item = made("li", "");
    item.append(statusMark(status), ` ${whole.format(calls)}`);
    return item;
  });
  byId("statuses").replaceChildren(...items);
}

function ceiling(value) {
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

function showMinute(live) {
  const most = Math.max(...live.seconds.map(([calls]) => calls));
  const top = Math.max(10, ceiling(most));
  const shapes = live.seconds.flatMap(([calls, throttled], index) => {
    const high = (96 * calls) / top;
    const low = (96 * (calls - throttled)) / top;
    const x = index * 10 + 1;
    return [rectangle("passed", x, 96 - low, low), rectangle("throttled", x, 96 - high, high - low)];
  });
  const chart = byId("chart");
  chart.replaceChildren(...shapes);
  const sum = (place) => live.seconds.reduce((all, counts) => all + counts[place], 0);
  const told = `${plural(sum(0), "call")}, ${whole.format(sum(1))} throttled`;
  chart.setAttribute("aria-label", `Last minute: ${told}, ${whole.format(most)} at most in a second`);
  say("chart-top", `${whole.format(top)} a second`);
}

const rows = new Map();

function laneRow(lane) {
  const row = made("tr", "");
  const [account, region] = lane.split("/");
  const bar = made("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  const parts = {
    row,
    passed: made("span", "passed"),
    throttled: made("span", "throttled"),
    quota: made("span", "quota"),
    now: made("td", "number now"),
    allThrottled: made("td", "number all-throttled"),
    all: made("td", "number all"),
  };
  bar.append(parts.passed, parts.throttled, parts.quota);
  const cell = made("td", "wide");
  cell.append(bar);
  const head = made("th", "", account);
  head.scope = "row";
  row.append(head, made("td", "", region), cell, parts.now, parts.allThrottled, parts.all);
  setRoles(row);
  return parts;
}

// Where the style makes a table's rows grids, browsers forget that they were rows.
function setRoles(row) {
  row.setAttribute("role", "row");
  for (const cell of row.children) cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
}

function fillLane(lane, scale, rate) {
  const parts = rows.get(lane.lane) || laneRow(lane.lane);
  rows.set(lane.lane, parts);
  const [calls, throttled] = lane.last;
  parts.passed.style.width = `${(100 * (calls - throttled)) / scale}%`;
  parts.throttled.style.width = `${(100 * throttled) / scale}%`;
  parts.quota.hidden = rate === null;
  parts.quota.style.left = `calc(${(100 * (rate || 0)) / scale}% - 1px)`;
  text(parts.now, whole.format(calls));
  text(parts.allThrottled, whole.format(lane.throttled));
  text(parts.all, whole.format(lane.calls));
  parts.now.classList.toggle("hot", throttled > 0);
  parts.allThrottled.classList.toggle("hot", throttled > 0);
  parts.row.classList.toggle("idle", lane.recent[0] === 0);
  return parts.row;
}

function showLanes(live) {
  const pace = (lane) => Math.round(lane.recent[0] / live.lane_seconds);
  // By the rounded pace of some seconds: lanes that go equally fast keep their places.
  const lanes = live.lanes.sort((a, b) => pace(b) - pace(a) || (a.lane < b.lane ? -1 : 1));
  const { rate } = live.quota;
  const scale = ceiling(Math.max(1, 2 * (rate || 0), ...lanes.map((lane) => lane.last[0])));
  const shown = new Set(lanes.map((lane) => lane.lane));
  for (const lane of rows.keys()) if (!shown.has(lane)) rows.delete(lane);
  const wanted = lanes.map((lane) => fillLane(lane, scale, rate));
  place(byId("lanes").tBodies[0], wanted);
  byId("lanes-scroll").hidden = lanes.length === 0;
  say("lanes-line", rate === null ? "" : `quota, ${decimal.format(rate)} a second`);
  byId("lanes-legend").querySelector(".line").hidden = rate === null;
  say("lanes-note", lanesNote(live, lanes));
}

function place(body, wanted) {
  const same = body.children.length === wanted.length && wanted.every((row, index) => body.children[index] === row);
  if (!same) body.replaceChildren(...wanted);
}

function lanesNote(live, lanes) {
  if (!live.lanes_seen) return "No lane was called yet.";
  const { rate } = live.quota;
  const number = (holds) => whole.format(lanes.filter(({ recent }) => holds(...recent)).length);
  const throttled = number((_, refused) => refused > 0);
  const full = number((calls, refused) => calls - refused >= 0.9 * rate * live.lane_seconds);
  const busy = `${whole.format(live.lanes_busy)} of ${plural(live.lanes_seen, "lane")}`;
  return `${busy} called in the last ${live.lane_seconds} s; ` +
    (rate === null ? "" : `${full} at the quota, `) + `${throttled} throttled` +
    (live.lanes_seen > lanes.length ? ` (of the busiest ${whole.format(lanes.length)}, which are shown)` : "");
}

function callRow(call) {
  const row = made("tr", "");
  const status = made("td", "status-cell");
  status.append(statusMark(call.status));
  const name = made("td", "name", call.function || "–");
  name.title = call.function;
  const held = call.held_ms === null ? made("td", "number held idle", "unanswered")
    : made("td", "number held", decimal.format(call.held_ms));
  row.append(
    made("td", "time", clock.format(call.time_s * 1000)), status, name,
    made("td", "operation", call.operation), made("td", "lane", call.lane || "–"), held,
  );
  setRoles(row);
  return row;
}

let lastCalls = "";

function showCalls(live) {
  const calls = JSON.stringify(live.last_calls);
  if (calls === lastCalls) return;
  lastCalls = calls;
  byId("recent").tBodies[0].replaceChildren(...live.last_calls.map(callRow));
  const none = live.last_calls.length === 0;
  byId("recent-scroll").hidden = none;
  const note = `The newest of ${plural(live.calls, "call")}, newest first. ` +
    "Held: how long the sandbox kept the answer back.";
  say("recent-note", none ? "No call was made yet." : note);
}

function show(live) {
  for (const part of [showTotals, showStatuses, showMinute, showLanes, showCalls]) part(live);
}

function connected(yes) {
  byId("link").dataset.state = yes ? "live" : "lost";
  document.body.classList.toggle("lost", !yes);
  say("link", yes ? "live" : "disconnected");
}

async function poll() {
  try {
    const answer = await fetch("live", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(await answer.json());
    connected(true);
  } catch {
    connected(false);
  }
  setTimeout(poll, POLL_MS);
}

say("address", location.host);
for (const id of ["lanes-scroll", "recent-scroll"]) byId(id).hidden = true;
poll();
