// Keeps the page up to date from /status.json.

const INTERVAL = 2000;
const byId = (id) => document.getElementById(id);

function show(id, text) {
  byId(id).textContent = text;
}

function made(name, text, className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

function row(cells, className = "") {
  const tr = made("tr", "", className);
  tr.append(...cells.map(([text, kind]) => made("td", text, kind)));
  return tr;
}

function count(number) {
  return number.toLocaleString("en-US");
}

function milliseconds(value) {
  if (value < 1000) return `${Math.round(value)} ms`;
  return value < 60_000 ? `${trim(value / 1000)} s` : `${trim(value / 60_000)} min`;
}

function trim(value) {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

function duration(value) {
  const minutes = Math.floor(Math.abs(value) / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(Math.abs(value) / 1000)} s`;
}

function ago(value) {
  return `${duration(value).split(" ").slice(0, 2).join("\u00a0")}\u00a0ago`;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function median(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted.length === 0 ? "–" : milliseconds(sorted[Math.floor(sorted.length / 2)]);
}

function drawTiles(status) {
  const { history } = status;
  const [recent, failed] = [sum(history.requests), sum(history.failed)];
  show("in-flight", count(status.inFlight));
  show("requests", count(recent));
  show("requests-note", `in 15 minutes; ${count(status.requests)} in all`);
  show("first-byte", median(history.medianMs));
  show("failed", recent === 0 ? "–" : `${trim(100 * failed / recent)} %`);
  show("failed-note", `${count(failed)} of them 5xx; ${count(status.clientAborts)} clients left`);
  byId("failed").className = failed > 0 ? "alarm" : "";
}

function drawPlots({ history }) {
  const whole = (value) => (Number.isInteger(value) ? count(value) : "");
  const requests = frame(byId("requests-plot"), [history.requests], 2, whole);
  bars(requests, history.requests, "");
  bars(requests, history.failed, "failed");
  const times = [history.medianMs, history.slowMs];
  const firstByte = frame(byId("first-byte-plot"), times, 10, milliseconds);
  curve(firstByte, history.slowMs, "slow");
  curve(firstByte, history.medianMs, "");
  area(frame(byId("in-flight-plot"), [history.inFlight], 2, whole), history.inFlight);
}

function lifetime(title, left, share, note) {
  const name = made("dt", "");
  name.append(made("span", title), made("strong", left));
  const detail = made("dd", "");
  if (share !== undefined) {
    const bar = made("progress", "");
    bar.value = Math.min(1, Math.max(0, share));
    detail.append(bar);
  }
  detail.append(note);
  return [name, detail];
}

function timeLeft(until, now) {
  return until > now ? `${duration(until - now)} left` : `expired ${duration(now - until)} ago`;
}

function tokenLifetime({ token, now, upstreamAuth }) {
  if (upstreamAuth === "api_key") {
    return lifetime("Upstream credential", "API key", undefined, "does not expire");
  }
  if (!token) return lifetime("Upstream token", "none yet", undefined, upstreamAuth);
  const { acquiredAt, expiresAt, refreshes, failures } = token;
  const note = `${upstreamAuth}; ${count(refreshes)} acquired, ${count(failures)} failed attempts`;
  if (refreshes === 0) return lifetime("Upstream token", "none", 0, note);
  const share = (expiresAt - now) / (expiresAt - acquiredAt);
  return lifetime("Upstream token", timeLeft(expiresAt, now), share, note);
}

function certificateLifetime({ certificate, now }) {
  if (!certificate) return lifetime("Certificate", "none", undefined, "plain HTTP");
  const { names, notAfter } = certificate;
  const date = new Date(notAfter).toISOString().slice(0, 10);
  return lifetime(
    "Certificate",
    timeLeft(notAfter, now),
    undefined,
    `${names.join(", ")}; to ${date}`,
  );
}

function processLifetime({ startedAt, now, reloads, droppedLines }) {
  const lost = droppedLines.stdout + droppedLines.files;
  const note =
    `${count(reloads.succeeded)} reloads of the settings, ${count(reloads.failed)} refused; ` +
    `${count(lost)} log lines dropped`;
  return lifetime("Process", `up ${duration(now - startedAt)}`, undefined, note);
}

function drawCards(status) {
  const lifetimes = [tokenLifetime(status), certificateLifetime(status), processLifetime(status)];
  byId("lifetimes").replaceChildren(...lifetimes.flat());
  const errors = status.errors.map(({ code, count: times, lastAt }) =>
    row([[code], [count(times), "number"], [ago(status.now - lastAt), "number none"]])
  );
  const none = row([["The proxy has refused nothing, and the upstream has not failed.", "none"]]);
  byId("errors").replaceChildren(...(errors.length > 0 ? errors : [none]));
  byId("workers").replaceChildren(
    ...status.workers.map(({ worker, inFlight, deaths }) =>
      row([[String(worker)], [count(inFlight), "number"], [count(deaths), "number"]])
    ),
  );
  byId("settings").replaceChildren(
    ...status.settings.map(({ path, value, source }) =>
      row([[path], [value], [source]], source === "default" ? "default" : "")
    ),
  );
}

function draw(status) {
  show("version", `${status.version} on Deno ${status.deno}`);
  show("upstream", `forwards to ${status.upstream}`);
  drawTiles(status);
  drawPlots(status);
  drawCards(status);
}

function contact(state, text) {
  byId("contact").className = state;
  show("contact-text", text);
}

async function update() {
  try {
    const response = await fetch("/status.json", { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(String(response.status));
    draw(await response.json());
    contact("live", `live, ${new Date().toLocaleTimeString()}`);
  } catch {
    contact("lost", "no contact with the proxy");
  }
  setTimeout(update, INTERVAL);
}

update();
