// Classify sounds in the page: the model takes one segment of samples and returns the probabilities of its classes.

const TEXTS = {
  en: {
    loading: "Loading the model…", ready: "Ready.", listen: "Listen", stop: "Stop", choose: "Choose a recording",
    drop: "or drop one anywhere", listening: "Listening…", reading: "Reading {name}…", none: "none of these",
    heard: "{name}: {seconds} s, {windows} windows", private: "Everything is computed in this page; no sound leaves it.",
    facts: "{count} classes; windows of {seconds} s at {sr} Hz", class: "class", share: "probability",
    unreadable: "{name} cannot be read as sound here. Try WAV, MP3, FLAC, Ogg or M4A.",
    refused: "The browser gave no access to a microphone ({why}). Allow it for this page, or choose a recording.",
    insecure: "The browser only allows a microphone on https:// or localhost. Choose a recording instead.",
    broken: "The model cannot be loaded ({why}). Serve this folder with a web server, for example: python -m http.server",
    silent: "The recording has no samples.",
  },
  ko: {
    loading: "모델을 불러오는 중…", ready: "준비되었습니다.", listen: "듣기", stop: "멈추기", choose: "녹음 파일 고르기",
    drop: "또는 이 페이지에 끌어다 놓으세요", listening: "듣고 있습니다…", reading: "{name} 읽는 중…", none: "해당 없음",
    heard: "{name}: {seconds}초, 창 {windows}개", private: "모든 계산은 이 페이지 안에서 이루어지며, 소리는 밖으로 나가지 않습니다.",
    facts: "클래스 {count}개, {sr} Hz에서 {seconds}초씩", class: "클래스", share: "확률",
    unreadable: "{name} 파일을 소리로 읽을 수 없습니다. WAV, MP3, FLAC, Ogg, M4A 파일로 해 보세요.",
    refused: "브라우저가 마이크를 허용하지 않았습니다({why}). 이 페이지에 마이크를 허용하거나 녹음 파일을 고르세요.",
    insecure: "마이크는 https:// 또는 localhost에서만 쓸 수 있습니다. 대신 녹음 파일을 고르세요.",
    broken: "모델을 불러올 수 없습니다({why}). 이 폴더를 웹 서버로 여세요. 예: python -m http.server",
    silent: "녹음에 소리가 없습니다.",
  },
};
const language = navigator.language.startsWith("ko") ? "ko" : "en";
const say = (key, values = {}) => TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const $ = (id) => document.getElementById(id);
const percent = (p) => `${(100 * p).toFixed(1)} %`;

const SHOWN = 8; // classes that are drawn
const LIVE_S = 15; // seconds of the microphone that are drawn
const MOST_WINDOWS = 400; // of one recording; a longer one is heard at wider steps

let model, session, microphone, stopFollowing = () => {};

function tell(text, isBad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", isBad);
}

/** Load the model and its description. */
async function load() {
  const answer = await fetch("model.json");
  if (!answer.ok) throw new Error(`model.json: ${answer.status}`);
  model = await answer.json();
  ort.env.wasm.numThreads = 1; // more would need headers that few static servers send
  ort.env.wasm.wasmPaths = new URL(".", location.href).href;
  session = await ort.InferenceSession.create("model.onnx", { executionProviders: ["wasm"] });
  await classify(new Float32Array(model.samples)); // the first answer is the slow one
}

/** Return the probabilities of one segment. */
async function classify(samples) {
  const input = new ort.Tensor("float32", samples, [1, model.samples]);
  const found = await session.run({ samples: input });
  return Array.from(found.probabilities.data);
}

/** Return the most probable class and its probability; the class is null below the threshold. */
function likeliest(probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  return { name: probabilities[best] < model.threshold ? null : model.classes[best], share: probabilities[best] };
}

/** Read a file as mono samples at the model's rate. */
async function decoded(file) {
  const bytes = await file.arrayBuffer();
  const context = new OfflineAudioContext(1, 1, model.sr); // decoding resamples to its rate
  const sound = await context.decodeAudioData(bytes);
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / sound.numberOfChannels;
  }
  return mono;
}

/** Classify a recording, window by window, and show its classes over time. */
async function hear(file) {
  await stopListening();
  stopFollowing();
  tell(say("reading", { name: file.name }));
  let y;
  try {
    y = await decoded(file);
  } catch {
    tell(say("unreadable", { name: file.name }), true);
    return;
  }
  if (!y.length) return tell(say("silent"), true);
  const size = model.samples;
  const count = Math.max(1, Math.ceil((y.length - size) / (size / 2)) + 1);
  const hop = count <= MOST_WINDOWS ? size / 2 : (y.length - size) / (MOST_WINDOWS - 1);
  const rows = [];
  for (let i = 0; i < Math.min(count, MOST_WINDOWS); i++) {
    const begin = Math.max(0, Math.min(Math.round(i * hop), y.length - size)); // the last window is a whole one
    const segment = new Float32Array(size);
    segment.set(y.subarray(begin, begin + size));
    const end = Math.min(begin + size, y.length);
    rows.push({ begin: begin / model.sr, end: end / model.sr, probabilities: await classify(segment) });
    if (i % 10 === 9) {
      show(rows, y.length / model.sr);
      await new Promise((resume) => setTimeout(resume));
    }
  }
  show(rows, y.length / model.sr);
  tell(say("heard", { name: file.name, seconds: (y.length / model.sr).toFixed(1), windows: rows.length }));
  stopFollowing = follow(file, y.length / model.sr);
}

/** Let the recording be played, with a cursor on the timeline; return a function that ends it. */
function follow(file, duration) {
  const player = $("player"), address = URL.createObjectURL(file);
  player.src = address;
  player.hidden = false;
  let isOn = true;
  const move = () => {
    const cursor = document.querySelector("#timeline .cursor");
    if (cursor) cursor.setAttribute("transform", `translate(${scaleX(player.currentTime, 0, duration)} 0)`);
    if (isOn) requestAnimationFrame(move);
  };
  move();
  return () => {
    isOn = false;
    player.pause();
    player.removeAttribute("src");
    player.hidden = true;
    URL.revokeObjectURL(address);
  };
}

const ROW = 18;
let width = 640, left = 130; // of the timeline, in pixels, and of the names in it
const scaleX = (at, from, to) => left + ((width - left) * (at - from)) / Math.max(1e-6, to - from);

/** Draw the likeliest classes over time, and list them. */
function show(rows, until, from = 0) {
  const mean = model.classes.map((_, k) => rows.reduce((sum, row) => sum + row.probabilities[k], 0) / rows.length);
  const most = model.classes.map((_, k) => Math.max(...rows.map((row) => row.probabilities[k])));
  const shown = model.classes.map((_, k) => k).sort((a, b) => most[b] - most[a]).slice(0, SHOWN);
  const live = from > 0 || microphone;
  const now = live ? rows[rows.length - 1].probabilities : mean;
  const { name, share } = likeliest(now);
  $("top").textContent = name ?? say("none");
  $("sure").textContent = name === null ? "" : percent(share);
  $("result").hidden = false;
  width = Math.max(260, $("timeline").clientWidth);
  left = Math.min(130, width / 3);
  const longest = Math.floor(left / 7);
  const parts = shown.map((k, i) => {
    const name = model.classes[k];
    const label = escaped(name.length > longest ? `${name.slice(0, longest - 1)}…` : name);
    const cells = rows.map((row, j) => {
      const x = scaleX(Math.max(from, j ? (row.begin + row.end + rows[j - 1].begin + rows[j - 1].end) / 4 : row.begin), from, until);
      const next = rows[j + 1];
      const right = scaleX(next ? (row.begin + row.end + next.begin + next.end) / 4 : Math.min(row.end, until), from, until);
      return `<rect class="cell" x="${x.toFixed(1)}" y="${i * ROW + 2}" width="${Math.max(0.5, right - x).toFixed(1)}" height="${ROW - 4}" opacity="${row.probabilities[k].toFixed(3)}"/>`;
    });
    return `<text x="${left - 8}" y="${i * ROW + 13}" text-anchor="end">${label}</text><rect class="row" x="${left}" y="${i * ROW + 2}" width="${width - left}" height="${ROW - 4}"/>${cells.join("")}`;
  });
  const height = shown.length * ROW + 18;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = from + part * (until - from);
    return `<text x="${scaleX(at, from, until)}" y="${height - 3}" text-anchor="${part === 1 ? "end" : part ? "middle" : "start"}">${at.toFixed(until - from < 10 ? 1 : 0)} s</text>`;
  });
  const label = `${shown.map((k) => `${model.classes[k]} ${percent(mean[k])}`).join(", ")}`;
  $("timeline").innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">${parts.join("")}${ticks.join("")}${live ? "" : `<line class="cursor" y1="0" y2="${shown.length * ROW}" transform="translate(${left} 0)"/>`}</svg>`;
  $("classes").innerHTML = shown
    .slice()
    .sort((a, b) => now[b] - now[a])
    .map((k) => `<tr><td>${escaped(model.classes[k])}</td><td class="bar"><div style="width:${(100 * now[k]).toFixed(1)}%"></div></td><td class="n">${percent(now[k])}</td></tr>`)
    .join("");
}

const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// Runs on the audio thread: hands over what the microphone hears, in blocks.
const RECORDER = `registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([input]) { if (input.length) this.port.postMessage(input[0].slice()); return true; }
});`;

/** Listen to the microphone: every quarter of a window, the last window is classified. */
async function listen() {
  stopFollowing();
  if (!navigator.mediaDevices) return tell(say("insecure"), true);
  let stream;
  try {
    // What cleans a voice for a call would change the sounds that the model knows.
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (error) {
    return tell(say("refused", { why: error.name }), true);
  }
  const context = new AudioContext({ sampleRate: model.sr });
  const code = URL.createObjectURL(new Blob([RECORDER], { type: "text/javascript" }));
  await context.audioWorklet.addModule(code);
  URL.revokeObjectURL(code);
  const recorder = new AudioWorkletNode(context, "recorder");
  context.createMediaStreamSource(stream).connect(recorder);
  const size = model.samples, heard = new Float32Array(size), rows = [];
  let total = 0, due = Math.min(size, model.sr / 4), busy = false;
  recorder.port.onmessage = async ({ data }) => {
    heard.copyWithin(0, data.length);
    heard.set(data, size - data.length);
    total += data.length;
    if (busy || total < due || !microphone) return;
    busy = true;
    due = total + size / 4;
    const end = total / model.sr;
    rows.push({ begin: Math.max(0, end - size / model.sr), end, probabilities: await classify(heard.slice()) });
    const from = Math.max(0, end - LIVE_S);
    while (rows[0].end < from) rows.shift();
    if (microphone) show(rows, Math.max(end, LIVE_S), from);
    busy = false;
  };
  microphone = { stream, context };
  $("listen").textContent = say("stop");
  $("listen").setAttribute("aria-pressed", "true");
  tell(say("listening"));
}

async function stopListening() {
  if (!microphone) return;
  const { stream, context } = microphone;
  microphone = null;
  stream.getTracks().forEach((track) => track.stop());
  await context.close();
  $("listen").textContent = say("listen");
  $("listen").setAttribute("aria-pressed", "false");
  tell(say("ready"));
}

document.documentElement.lang = language;
document.querySelectorAll("thead th").forEach((head, i) => { head.textContent = say(i ? "share" : "class"); });
$("listen").textContent = say("listen");
$("choose").querySelector("span").textContent = say("choose");
$("drop").textContent = say("drop");
$("private").textContent = say("private");
tell(say("loading"));
try {
  await load();
  document.title = $("name").textContent = model.name;
  $("facts").textContent = say("facts", { count: model.classes.length, seconds: (model.samples / model.sr).toFixed(2), sr: model.sr });
  $("listen").disabled = false;
  $("listen").onclick = () => (microphone ? stopListening() : listen());
  $("file").onchange = (event) => { if (event.target.files[0]) hear(event.target.files[0]); event.target.value = ""; };
  $("choose").onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") $("file").click(); };
  document.ondragover = (event) => { event.preventDefault(); document.body.classList.add("dragging"); };
  document.ondragleave = () => document.body.classList.remove("dragging");
  document.ondrop = (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    if (event.dataTransfer.files[0]) hear(event.dataTransfer.files[0]);
  };
  tell(say("ready"));
} catch (error) {
  tell(say("broken", { why: error.message }), true);
}
