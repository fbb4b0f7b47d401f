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

/** Replaces what an element holds where it differs: a selection in what stays is kept. */
function fill(id, nodes) {
  const holder = made("div", "");
  holder.append(...nodes);
  if (holder.innerHTML !== byId(id).innerHTML) byId(id).replaceChildren(...holder.childNodes);
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
  show("in-flight-note", `requests, ${count(status.webSockets)} of them WebSockets`);
  show("requests", count(recent));
  show("requests-note", `in 15 minutes; ${count(status.requests)} in all`);
  show("first-byte", median(history.medianMs));
  show("failed", recent === 0 ? "–" : `${trim(100 * failed / recent)} %`);
  show("failed-note", failedNote(history, failed));
  byId("failed").className = failed > 0 ? "alarm" : "";
}

function failedNote({ ownFailed, rateLimited }, failed) {
  const own = sum(ownFailed);
  const limited = `${count(sum(rateLimited))}\u00a0×\u00a0429`;
  return `5xx: ${count(failed - own)} upstream's, ${count(own)} our own; ${limited}`;
}

function drawPlots({ history }) {
  const whole = (value) => (Number.isInteger(value) ? count(value) : "");
  const requests = frame(byId("requests-plot"), [history.requests], 2, whole);
  bars(requests, history.requests, "");
  const { failed, ownFailed, rateLimited } = history;
  bars(requests, failed.map((value, index) => value + rateLimited[index]), "limited");
  bars(requests, failed, "failed");
  bars(requests, ownFailed, "own");
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

function megabytes(bytes) {
  return `${count(Math.round(bytes / 1_048_576))} MiB`;
}

function memoryUse({ memory }) {
  const { rss, heapUsed, heapTotal } = memory;
  const note = `resident, workers included; the supervisor's heap: ${megabytes(heapUsed)} of ` +
    megabytes(heapTotal);
  return lifetime("Memory", megabytes(rss), undefined, note);
}

function processLifetime({ startedAt, now, reloads, droppedLines, clientAborts }) {
  const lost = droppedLines.stdout + droppedLines.files;
  const note =
    `${count(reloads.succeeded)} reloads of the settings, ${count(reloads.failed)} refused; ` +
    `${count(lost)} log lines dropped; ${count(clientAborts)} clients left before the end`;
  return lifetime("Process", `up ${duration(now - startedAt)}`, undefined, note);
}

function drawAnswers({ answers, rateLimited }) {
  const { upstream, proxy } = answers;
  const number = (value) => [count(value), value === 0 ? "number none" : "number"];
  const rows = Object.keys(upstream)
    .filter((kind) => kind !== "1xx" || upstream[kind] + proxy[kind] > 0)
    .map((kind) => row([[kind], number(upstream[kind]), number(proxy[kind])]));
  const limited = row([["429 among the 4xx"], number(rateLimited), ["–", "number none"]]);
  rows.splice(-1, 0, limited);
  fill("answers", rows);
}

function drawErrors({ errors, now }) {
  const rows = errors.map(({ code, count: times, lastAt }) =>
    row([[code], [count(times), "number"], [ago(now - lastAt), "number none"]])
  );
  fill("errors", rows.length > 0 ? rows : [row([["Nothing since the start.", "none"]])]);
}

function drawFailures({ failures, now }) {
  byId("no-failure").hidden = failures.length > 0;
  byId("failure-list").hidden = failures.length === 0;
  const today = new Date(now).toDateString();
  fill(
    "failures",
    failures.map(({ time, id, status, source, code, reason }) => {
      const date = new Date(time);
      const clock = date.toLocaleTimeString("en-GB");
      const isToday = date.toDateString() === today;
      return row([
        [isToday ? clock : `${date.toISOString().slice(5, 10)} ${clock}`, "when"],
        [`${status} ${source === "proxy" ? "our own" : "upstream's"}`, "answer"],
        [[code, reason].filter((text) => text).join(": "), "reason"],
        [id, "id"],
      ]);
    }),
  );
}

function drawSettings({ settings }) {
  const set = settings.filter(({ source }) => source !== "default").length;
  show("settings-note", `${count(set)} set, ${count(settings.length - set)} by default`);
  fill(
    "settings",
    settings.map(({ path, value, source }) =>
      row([[path], [value], [source]], source === "default" ? "default" : "")
    ),
  );
}

function drawCards(status) {
  const lifetimes = [
    tokenLifetime(status),
    certificateLifetime(status),
    processLifetime(status),
    memoryUse(status),
  ];
  byId("lifetimes").replaceChildren(...lifetimes.flat());
  drawAnswers(status);
  drawErrors(status);
  drawFailures(status);
  fill(
    "workers",
    status.workers.map(({ worker, inFlight, webSockets, deaths }) =>
      row([
        [String(worker)],
        ...[inFlight, webSockets, deaths].map((value) => [count(value), "number"]),
      ])
    ),
  );
  drawSettings(status);
}

/** How the proxy fares: its state in a word, and what there is to say of it. */
function stateOf({ draining, credential, inFlight, webSockets, now }) {
  const { isAtHand, failure } = credential;
  if (draining) return drainingState({ draining, inFlight, webSockets, now });
  if (isAtHand && failure) {
    const title = "The upstream's token could not be renewed; the old one still lives";
    return { kind: "serving", word: "serving", title, text: nextTry(failure) };
  }
  if (isAtHand) return { kind: "serving", word: "serving" };
  const title = "No credential for the upstream: requests that need one get 503";
  const text = failure ? nextTry(failure) : "The first one is being fetched.";
  return { kind: "stuck", word: "no credential", title, text };
}

function drainingState({ draining, inFlight, webSockets, now }) {
  const { since, until } = draining;
  const left = until > now ? `cut off in ${duration(until - now)}` : "being cut off";
  return {
    kind: "draining",
    word: "draining",
    title: `Draining since ${new Date(since).toLocaleTimeString("en-GB")}: new requests get 503`,
    text: `${inFlight === 1 ? "1 request still runs" : `${count(inFlight)} requests still run`}, ` +
      `${count(webSockets)} of them WebSockets; ` +
      `what is left is ${left}.`,
  };
}

function nextTry({ reason, retryInMs }) {
  const next = retryInMs > 0
    ? `Next try in ${duration(retryInMs + 999)}.`
    : "Being tried again now.";
  return `${reason}. ${next}`.replace(/\.\. /, ". ");
}

function drawState(status) {
  const { kind, word, title, text } = stateOf(status);
  byId("notice").hidden = title === undefined;
  byId("notice").className = `card ${kind}`;
  show("notice-title", title ?? "");
  show("notice-text", text ?? "");
  document.title = kind === "serving" ? "claude-proxy" : `${word}: claude-proxy`;
  contact(kind, `${word}, ${new Date(status.now).toLocaleTimeString("en-GB")}`);
}

function draw(status) {
  show("version", `${status.version} on Deno ${status.deno}`);
  show("upstream", `forwards to ${status.upstream}`);
  drawTiles(status);
  drawPlots(status);
  drawCards(status);
  drawState(status);
}

function contact(state, text) {
  byId("contact").className = state;
  show("contact-text", text);
}

/**
 * The origin holds no name and password, which the page's own URL may, and `fetch` refuses.
 *
 * @returns the status, or in words why there is none
 */
async function ask() {
  try {
    const signal = AbortSignal.timeout(5000);
    const response = await fetch(`${location.origin}/status.json`, { signal });
    return response.ok ? await response.json() : `the proxy answers ${response.status}`;
  } catch {
    return "no contact with the proxy";
  }
}

async function update() {
  const status = await ask();
  setTimeout(update, INTERVAL);
  if (typeof status !== "string") return draw(status);
  contact("lost", status);
  document.title = "no contact: claude-proxy";
}

update();
