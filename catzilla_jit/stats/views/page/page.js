// The page's script: takes one snapshot a second from `live` and shows it.
// Texts from tasks (names, messages) are set as textContent alone, so they are never markup.
"use strict";

const MOST_ROWS = 100;      // of the table; the filter finds the others
const MINUTES = 5;          // of the curves, at most
const byId = (id) => document.getElementById(id);

const state = {
  points: [],
  snapshot: null,
  sort: { key: "processed", down: true },
};

// --- texts ------------------------------------------------------------------------------------

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function number(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 1e9) return (value / 1e9).toFixed(2) + " G";
  if (value >= 1e7) return (value / 1e6).toFixed(1) + " M";
  return value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(2) : whole.format(value);
}

function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms === 0) return "0";
  if (ms < 0.001) return (ms * 1e6).toPrecision(3) + " ns";
  if (ms < 1) return (ms * 1e3).toPrecision(3) + " µs";
  if (ms < 1000) return ms.toPrecision(3) + " ms";
  if (ms < 120000) return (ms / 1000).toPrecision(3) + " s";
  return whole.format(ms / 60000) + " min";
}

function uptime(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return Math.floor(seconds) + " s";
  if (minutes < 120) return minutes + " min";
  return minutes < 2880 ? Math.floor(minutes / 60) + " h" : Math.floor(minutes / 1440) + " days";
}

const percent = (part) => Math.round(100 * part) + " %";
const clock = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleTimeString() : "");

// --- elements ---------------------------------------------------------------------------------

// setText, not innerHTML; only what has changed is touched.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// Keep as many children as there are items: make the missing ones, fill all, remove the rest.
function fill(parent, items, make, update) {
  items.forEach((item, at) => {
    let node = parent.children[at];
    if (!node) node = parent.appendChild(make());
    update(node, item);
  });
  while (parent.children.length > items.length) parent.lastElementChild.remove();
}

function setBar(bar, part, alarming) {
  const inner = bar.firstElementChild;
  inner.style.width = Math.min(100, 100 * part) + "%";
  inner.className = alarming && part > 0.9 ? "full" : alarming && part > 0.6 ? "warn" : "";
}

function makeBar() {
  const bar = element("span", "bar");
  bar.append(element("i"));
  return bar;
}

// --- figures and curves -----------------------------------------------------------------------

function showFigures(s) {
  const t = s.totals;
  const bad = t.failed_tasks + t.timeout_count;
  const figures = [
    ["Tasks per second", number(t.tasks_per_second), "tasks_per_second"],
    ["Done", number(t.total_tasks_processed), "total_tasks_processed"],
    ["Failed", number(bad), "failed"],
    ["Cancelled", number(t.cancelled_tasks), "cancelled_tasks"],
    ["Queued", number(t.total_queued), "total_queued"],
    ["Run p99", duration(t.p99_execution_time_ms), "p99_execution_time_ms"],
    ["Wait p99", duration(t.p99_wait_time_ms), "p99_wait_time_ms"],
    ["Workers busy", percent(s.worker_counts.utilization), "utilization"],
    ["Memory", number(t.memory_usage_mb) + " MB", "memory_usage_mb"],
  ];
  fill(byId("now"), figures, () => {
    const box = element("div");
    box.append(element("dt"), element("dd"));
    return box;
  }, (box, [name, value, key]) => {
    setText(box.children[0], name);
    setText(box.children[1], value);
    box.children[1].dataset.key = key;
    box.children[1].className = key === "failed" && bad > 0 ? "bad" : "";
  });
}

const HEIGHT = 140, LEFT = 56, BOTTOM = 18, TOP = 8;

function svg(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// The next of 1, 2, 5 times a power of ten.
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

function path(points, key, now, top, width, minutes) {
  let drawn = "", pen = "M", last = 0;
  for (const point of points) {
    const value = point[key];
    if (value === null || point.time - last > 5) pen = "M";
    last = point.time;
    if (value === null) continue;
    const x = LEFT + (width - LEFT) * (1 - (now - point.time) / (60 * minutes));
    const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
    drawn += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    // A single point is a line of no length, which round caps show.
    if (pen === "M") drawn += "h0.1";
    pen = "L";
  }
  return drawn;
}

function showCurves(id, curves, show) {
  const figure = byId(id);
  const now = state.points.length ? state.points[state.points.length - 1].time : Date.now() / 1000;
  const points = state.points.filter((point) => now - point.time <= 60 * MINUTES);
  const minutes = points.length ? Math.max(1, Math.ceil((now - points[0].time) / 60)) : 1;
  const values = points.flatMap((point) => curves.map((curve) => point[curve.key] ?? 0));
  const top = roundUp(Math.max(0, ...values));
  if (!figure.firstChild) {
    const picture = svg("svg", { role: "img" });
    const caption = element("figcaption");
    curves.forEach((curve, at) => caption.append(element("span", at ? "key second" : "key")));
    figure.append(picture, caption);
  }
  const picture = figure.firstChild;
  const width = Math.max(240, figure.clientWidth);
  picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const parts = [];
  for (const part of [0, 0.5, 1]) {
    const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - part);
    parts.push(svg("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }));
    parts.push(svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, show(part * top)));
  }
  const step = width < 90 * minutes ? minutes : 1;
  for (let minute = 0; minute <= minutes; minute += step) {
    const x = LEFT + (width - LEFT) * (1 - minute / minutes);
    const anchor = minute === 0 ? "end" : minute === minutes ? "start" : "middle";
    parts.push(svg("text", { x, y: HEIGHT - 3, "text-anchor": anchor }, minute ? `−${minute} min` : "now"));
  }
  curves.forEach((curve, at) => parts.push(svg("path", {
    class: at ? "curve second" : "curve", "stroke-linecap": "round", d: path(points, curve.key, now, top, width, minutes),
  })));
  picture.replaceChildren(...parts);
  const last = points[points.length - 1] || {};
  const said = curves.map((curve) => `${curve.name}: ${show(last[curve.key])}`);
  picture.setAttribute("aria-label", `Last ${minutes} min. Now ${said.join(", ")}.`);
  curves.forEach((curve, at) => setText(figure.lastChild.children[at], said[at]));
}

// --- queues, workers, submissions -------------------------------------------------------------

function showQueues(s) {
  fill(byId("queues"), s.queues, () => {
    const row = element("li");
    row.append(element("span", "what"), makeBar(), element("span", "right"));
    return row;
  }, (row, queue) => {
    setText(row.children[0], queue.name);
    setBar(row.children[1], queue.limit ? queue.queued / queue.limit : 0, true);
    setText(row.children[2], `${number(queue.queued)} of ${number(queue.limit)}, wait p99 ${duration(queue.p99_wait_ms)}`);
  });
}

function showWorkers(s) {
  const counts = s.worker_counts;
  setText(byId("workers-title"), `Workers: ${counts.active} of ${counts.total} active, ${percent(counts.utilization)} busy`);
  fill(byId("workers"), s.workers, () => {
    const row = element("li");
    row.append(element("span", "what"), makeBar(), element("span", "right"), element("span", "what"));
    return row;
  }, (row, worker) => {
    setText(row.children[0], worker.name);
    setBar(row.children[1], worker.utilization, false);
    setText(row.children[2], percent(worker.utilization));
    setText(row.children[3], worker.task === null ? "–" : `${duration(1000 * worker.running_seconds)} ${worker.task}`);
    row.title = `${worker.name}: ${number(worker.tasks)} tasks, processor ${worker.cpu_percent === null ? "unknown" : Math.round(worker.cpu_percent) + " %"}`;
  });
}

async function cancel(button, taskId) {
  button.disabled = true;
  let said;
  try {
    const answer = await fetch(`${encodeURIComponent(taskId)}/cancel`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Catzilla-Jit": "1" },
      body: "{}",
    });
    const found = await answer.json();
    said = answer.ok ? `${taskId}: ${found.cancelled ? "cancelled" : "had ended"}` : `${taskId}: ${found.detail}`;
  } catch (error) {
    said = `${taskId}: ${error}`;
  }
  setText(byId("said"), said);
}

function showOpen(s) {
  const open = s.open || [];
  byId("open-section").hidden = !open.length;
  fill(byId("open"), open, () => {
    const row = element("li");
    row.append(element("span", "what"), element("span", "right"));
    return row;
  }, (row, task) => {
    setText(row.children[0], task.task_id);
    const since = (s.time - (task.started_at || task.created_at || s.time)) * 1000;
    const progress = task.progress === null ? "" : `, ${percent(task.progress)}`;
    setText(row.children[1], `${task.status} ${duration(Math.max(0, since))}${progress}`);
    if (!s.control) return;
    if (row.dataset.id === task.task_id && row.children[2]) return;
    if (row.children[2]) row.children[2].remove();
    row.dataset.id = task.task_id;
    const button = element("button", "cancel", "Cancel");
    button.setAttribute("aria-label", `Cancel ${task.task_id}`);
    button.addEventListener("click", () => cancel(button, task.task_id));
    row.append(button);
  });
}

function showFailures(s) {
  const section = byId("failures-section"), list = byId("failures");
  const failures = s.failures || [];
  const counted = s.totals.failed_tasks + s.totals.timeout_count;
  section.hidden = !failures.length && !counted;
  const signature = failures.map((failure) => failure.task_id).join("\n");
  if (list.dataset.shown === signature && list.firstChild) return;
  list.dataset.shown = signature;
  const opened = new Set([...list.querySelectorAll("details[open]")].map((each) => each.dataset.id));
  list.replaceChildren(...failures.map((failure) => {
    const details = element("details"), summary = element("summary");
    details.dataset.id = failure.task_id;
    details.open = opened.has(failure.task_id);
    summary.append(element("time", "", clock(failure.at)), " ", element("span", "", failure.name), " ",
      element("b", "", failure.type), element("span", "", ": " + failure.message));
    details.append(summary, element("pre", "", failure.traceback));
    return details;
  }));
  if (!failures.length) {
    list.append(element("p", "none", "Only their number is known here: messages are kept for submissions that the app holds by id."));
  }
}

// --- the table of tasks -----------------------------------------------------------------------

function kindOf(task) {
  const registered = task.registered;
  if (task.lanes && task.lanes.length) return task.lanes.join(", ").replace("python", "Python");
  return registered ? registered.state.replace("python", "Python") : "";
}

function why(task) {
  const registered = task.registered;
  if (!registered) return "";
  if (registered.state === "compiled") return registered.signature || "";
  const place = registered.line === null ? "" : `line ${registered.line}: `;
  return registered.reason ? place + registered.reason : "";
}

function makeRow() {
  const row = element("tr");
  const name = element("td"), kind = element("td");
  kind.append(element("span"), element("small"));
  row.append(name, kind);
  for (let at = 0; at < 5; at++) row.append(element("td", "number"));
  return row;
}

function updateRow(row, task) {
  const cells = row.children;
  setText(cells[0], task.name);
  setText(cells[1].children[0], kindOf(task));
  setText(cells[1].children[1], why(task));
  setText(cells[2], number(task.processed));
  setText(cells[3], number(task.failed ?? 0));
  cells[3].className = task.failed ? "number bad" : "number";
  setText(cells[4], duration(task.p50_ms));
  setText(cells[5], duration(task.p99_ms));
  setText(cells[6], duration(task.p99_wait_ms));
}

function showTable() {
  if (!state.snapshot) return;
  const wanted = byId("filter").value.toLowerCase();
  const all = state.snapshot.tasks;
  const { key, down } = state.sort;
  const value = (task) => (key === "kind" ? kindOf(task) : task[key] ?? -1);
  const found = all.filter((task) => task.name.toLowerCase().includes(wanted));
  found.sort((a, b) => {
    const one = value(a), other = value(b);
    const order = typeof one === "string" ? one.localeCompare(other) : one - other;
    return (down ? -order : order) || a.name.localeCompare(b.name);
  });
  const rows = found.slice(0, MOST_ROWS);
  fill(byId("rows"), rows, makeRow, updateRow);
  const more = state.snapshot.more_tasks ? `, ${number(state.snapshot.more_tasks)} more are not listed` : "";
  setText(byId("count"), `${number(rows.length)} of ${number(all.length)} names${more}`);
}

function sortBy(button) {
  const key = button.dataset.key;
  const text = key === "name" || key === "kind";
  state.sort = { key, down: state.sort.key === key ? !state.sort.down : !text };
  markSorted();
  showTable();
}

function markSorted() {
  for (const button of document.querySelectorAll("th button")) {
    const head = button.parentElement;
    if (button.dataset.key === state.sort.key) head.setAttribute("aria-sort", state.sort.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

// --- the stream -------------------------------------------------------------------------------

function show(snapshot) {
  state.snapshot = snapshot;
  const last = state.points[state.points.length - 1];
  if (snapshot.point && !(last && last.time >= snapshot.point.time)) state.points.push(snapshot.point);
  while (state.points.length > 60 * MINUTES + 60) state.points.shift();
  setText(byId("process"), `${snapshot.title || ""} process ${snapshot.pid}, runtime ${snapshot.runtime}, up ${uptime(snapshot.uptime_seconds)}`.trim());
  showFigures(snapshot);
  showCurves("rate", [{ key: "rate", name: "ended" }, { key: "failed", name: "failed" }], number);
  showCurves("latency", [{ key: "p50_ms", name: "p50" }, { key: "p99_ms", name: "p99" }], duration);
  showQueues(snapshot);
  showWorkers(snapshot);
  showOpen(snapshot);
  showFailures(snapshot);
  showTable();
}

function connected(name, text) {
  const node = byId("connection");
  node.dataset.state = name;
  setText(node, text);
}

function connect() {
  const stream = new EventSource("live");
  let silent = 0;
  const alive = () => {
    clearTimeout(silent);
    silent = setTimeout(() => connected("lost", "no answer, waiting"), 10000);
  };
  stream.addEventListener("history", (event) => {
    // After a broken connection it repeats what is there already.
    state.points = JSON.parse(event.data);
    alive();
  });
  stream.addEventListener("snapshot", (event) => {
    alive();
    connected("live", "live");
    show(JSON.parse(event.data));
  });
  stream.addEventListener("ended", () => {
    stream.close();
    clearTimeout(silent);
    connected("lost", "the process has ended");
  });
  stream.onerror = () => {
    connected("lost", "connection lost, trying again");
    // An answer that is no stream (503, 403) ends it for good.
    if (stream.readyState === EventSource.CLOSED) {
      clearTimeout(silent);
      setTimeout(connect, 3000);
    }
  };
}

for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => sortBy(button));
byId("filter").addEventListener("input", showTable);
markSorted();
connect();
