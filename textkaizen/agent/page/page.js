// The chat. Whatever comes from the server or was written is put into the page as text, never as
// HTML; the page's policy holds that, too.

import { language, translatePage, words } from "./words.js";

const find = (id) => document.getElementById(id);
const talk = find("talk");
const field = find("text");
const THUMB = "M7 11v9H4v-9zm0 0 4-8c1.7 0 2.6 1.2 2.2 3l-.7 3H19c1.3 0 2.2 1.2 1.9 2.4l-1.5 6.9c-.2 1-1.1 1.7-2.1 1.7H7";
const perCent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const signed = new Intl.NumberFormat(language, { signDisplay: "exceptZero", maximumFractionDigits: 2 });
// Not `randomUUID`, which a page without TLS does not have.
const conversation = [...crypto.getRandomValues(new Uint8Array(12))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");
let model = { labels: [], why: false, feedback: false, characters: Infinity };
let token = sessionStorage.getItem("token");

class Refused extends Error {
  constructor(status, wait) {
    super(String(status));
    this.status = status;
    this.wait = wait;
  }
}

async function ask(path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = { headers, cache: "no-store", credentials: "omit" };
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Refused(answer.status, answer.headers.get("Retry-After"));
  return answer.json();
}

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function bubble(side, text) {
  const who = made("span", { class: "unseen" }, `${words[side]}: `);
  const item = made("li", { class: side }, made("p", { class: "said" }, who, text));
  find("greeting").hidden = true;
  talk.append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

async function send(text) {
  bubble("mine", text);
  await answerTo(text);
}

async function answerTo(text) {
  const waiting = made("li", { class: "theirs waiting", "aria-hidden": "true" }, made("p", { class: "said" }));
  const late = setTimeout(() => {
    talk.append(waiting);
    waiting.scrollIntoView({ block: "end" });
    find("status").textContent = words.waiting;
  }, 400);
  try {
    const answer = await ask("v1/reply", { text, conversation });
    showAnswer(text, answer);
  } catch (error) {
    showFailure(error, () => answerTo(text));
  } finally {
    clearTimeout(late);
    waiting.remove();
    find("status").textContent = "";
  }
}

function showAnswer(text, answer) {
  const item = bubble("theirs", answer.reply);
  const more = made("div", { class: "more", hidden: "" });
  const open = made("button", { type: "button", "aria-expanded": "false" }, words.details);
  open.addEventListener("click", () => {
    if (!more.hasChildNodes()) fillDetails(more, text, answer);
    more.hidden = !more.hidden;
    open.setAttribute("aria-expanded", String(!more.hidden));
    if (!more.hidden) more.scrollIntoView({ block: "nearest" });
  });
  const tools = made("div", { class: "tools" }, open);
  if (model.feedback) {
    const thumbs = ["up", "down"].map((thumb) => thumbButton(thumb));
    for (const one of thumbs) one.addEventListener("click", () => giveThumb(thumbs, one, answer.id));
    tools.append(...thumbs);
  }
  item.append(tools, more);
  item.scrollIntoView({ block: "end" });
}

function showFailure(error, retry) {
  if (error instanceof Refused && error.status === 401) {
    askForToken();
    return;
  }
  const isRate = error instanceof Refused && error.status === 429;
  const item = bubble("theirs", isRate ? words.tooMany(error.wait) : words.failed);
  item.classList.add("failed");
  const again = made("button", { type: "button" }, words.again);
  again.addEventListener("click", () => {
    item.remove();
    field.focus();
    retry();
  });
  item.append(made("div", { class: "tools" }, again));
}

function thumbButton(thumb) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", THUMB);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  const label = thumb === "up" ? words.good : words.bad;
  const attributes = { type: "button", class: thumb, "aria-label": label, title: label, "aria-pressed": "false" };
  return made("button", { ...attributes, "data-thumb": thumb }, svg);
}

function complain(place) {
  place.querySelector(".wrong")?.remove();
  place.append(made("p", { class: "wrong", role: "alert" }, words.failed));
}

async function giveThumb(thumbs, chosen, id) {
  try {
    await ask("v1/feedback", { id, thumb: chosen.dataset.thumb });
  } catch {
    complain(chosen.parentElement);
    return;
  }
  for (const one of thumbs) one.setAttribute("aria-pressed", String(one === chosen));
  find("status").textContent = words.thanks;
}

function fillDetails(more, text, answer) {
  const rows = answer.best.map(({ label, probability }) =>
    barRow(label, probability, "", shownShare(probability)));
  more.append(made("h2", {}, words.likely), made("dl", { class: "bars" }, ...rows));
  if (!model.why) return;
  const place = made("div", { role: "group", "aria-label": words.words, tabindex: "-1" });
  const button = made("button", { type: "button", class: "asking" }, words.why);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const found = await ask("v1/why", { text });
      place.replaceChildren();
      showWords(place, found);
      button.remove();
      place.focus();
      place.scrollIntoView({ block: "nearest" });
    } catch {
      button.disabled = false;
      complain(place);
    }
  });
  more.append(button, place);
}

function showWords(place, found) {
  const told = found.words.filter(({ contribution }) => contribution !== 0)
    .sort((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution)).slice(0, 12);
  place.append(made("h2", {}, `${words.words} (${found.label})`));
  if (!told.length) {
    place.append(made("p", {}, words.noWords));
    return;
  }
  const most = Math.abs(told[0].contribution);
  const rows = told.map(({ word, contribution }) =>
    barRow(word, Math.abs(contribution) / most, contribution > 0 ? "for" : "against", signed.format(contribution)));
  place.append(made("dl", { class: "bars" }, ...rows));
}

function shownShare(share) {
  return share < 0.01 ? `<${perCent.format(0.01)}` : perCent.format(share);
}

function barRow(name, share, kind, number) {
  const fill = made("span", kind ? { class: kind } : {});
  fill.style.setProperty("--share", `${100 * share}%`);
  const bar = made("dd", { "aria-hidden": "true" }, made("div", { class: "bar" }, fill));
  return made("div", {}, made("dt", {}, name), bar, made("dd", {}, number));
}

function askForToken() {
  sessionStorage.removeItem("token");
  find("refused").textContent = token ? words.wrongToken : "";
  token = null;
  find("entrance").hidden = false;
  find("greeting").hidden = true;
  find("writing").hidden = true;
  find("token").focus();
}

async function begin() {
  try {
    model = await ask("v1/model");
  } catch (error) {
    if (error instanceof Refused && error.status === 401) askForToken();
    else showFailure(error, begin);
    return;
  }
  find("about").textContent = words.about(model);
  find("entrance").hidden = true;
  find("writing").hidden = false;
  find("greeting").hidden = talk.hasChildNodes();
  field.focus();
}

function fit() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

find("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  token = find("token").value.trim();
  sessionStorage.setItem("token", token);
  find("token").value = "";
  begin();
});

find("writing").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (!text) return;
  if ([...text].length > model.characters) {
    find("hint").textContent = words.tooLong(model.characters);
    return;
  }
  find("hint").textContent = words.hint;
  field.value = "";
  fit();
  field.focus();
  send(text);
});

field.addEventListener("input", fit);
field.addEventListener("keydown", (event) => {
  // While an input method composes, Enter takes its choice. Safari ends the composition before it
  // tells of the key, and leaves only the key code 229.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  find("writing").requestSubmit();
});

translatePage();
begin();
