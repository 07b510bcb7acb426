// SPDX-License-Identifier: Apache-2.0
//
// The page of --report html. Everything that came from tasks becomes text nodes, never markup. Rows are built when they
// are needed, so that ten thousand tasks cost no more than what is looked at.
(() => {
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const {run, tasks} = data;
const $ = id => document.getElementById(id);
const STATES = ['failed', 'timed_out', 'unfinished', 'canceled', 'skipped', 'lost', 'succeeded'];
const MARKS = {succeeded: '✓', failed: '✕', timed_out: '◷', canceled: '⊘', skipped: '↷', lost: '–', unfinished: '…'};
const NAMES = {timed_out: 'timed out'};
const stateName = state => NAMES[state] || state;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
function digits(value) { return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2); }
function time(seconds) {
  if (seconds === undefined) return '';
  if (seconds === 0) return '0s';
  if (seconds < 0.001) return digits(seconds * 1e6) + 'µs';
  if (seconds < 1) return digits(seconds * 1e3) + 'ms';
  if (seconds < 60) return digits(seconds) + 's';
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return (hours ? hours + 'h' : '') + minutes + 'm' + (whole % 60 ? whole % 60 + 's' : '');
}
function size(bytes) {
  if (!bytes) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; ++unit; }
  return (unit < 2 ? bytes.toFixed(0) : digits(bytes)) + ' ' + units[unit];
}
const plural = (count, what) => count + ' ' + what + (count === 1 ? '' : 's');

// ---- what the rows need to know

for (const [index, task] of tasks.entries()) {
  task.index = index;
  task.tries = task.tries || [];
  task.cpu = 0; task.rss = 0;
  for (const one of task.tries) {
    task.cpu += one.usage[0] + one.usage[1];
    task.rss = Math.max(task.rss, one.usage[2]);
  }
  task.rank = task.counts ? (task.first ? 0 : 1) : task.status === 'unfinished' ? 2
    : task.status === 'succeeded' ? (task.flaky ? 5 : 6) : task.status === 'failed' || task.status === 'timed_out' ? 3 : 4;
  task.depth = task.parent === undefined ? 0 : tasks[task.parent].depth + 1;
  task.text = (task.name + '\n' + (task.command || '') + '\n' + (task.cause || '')).toLowerCase();
}
const onPath = new Set(data.path);
const leaves = tasks.filter(task => !task.group);

// ---- the head

function showHead() {
  document.title = `${run.name || 'errand'}: ${stateName(run.status)}`;
  $('state').textContent = `${MARKS[run.status]} ${stateName(run.status)}`;
  $('state').classList.add(run.status);
  $('name').textContent = run.name || 'errand';
  if (run.cause) { $('cause').textContent = run.cause; $('cause').hidden = false; }
  const facts = [['Started', new Date(run.started).toLocaleString()], ['Took', time(run.duration)],
    ['Tasks', String(leaves.length)], ['CPU time', time(leaves.reduce((sum, task) => sum + task.cpu, 0))],
    ['Most memory', size(leaves.reduce((most, task) => Math.max(most, task.rss), 0))],
    ['Jobs', run.jobs ? String(run.jobs) : 'no limit'], ['Mode', run.mode],
    ['Exit status', run.exit_status === undefined ? '' : String(run.exit_status)], ['Run', run.id],
    ['Trace', run.trace_id || '']];
  for (const [name, value] of facts) {
    if (!value) continue;
    const pair = make('div');
    pair.append(make('dt', '', name), make('dd', '', value));
    $('facts').append(pair);
  }
}

// ---- logs: SGR colours, everything else of a terminal's language left out

const BASE = [0, 95, 135, 175, 215, 255];
function indexed(number) {
  if (number < 16) return `var(--a${number})`;
  if (number > 231) return `rgb(${Array(3).fill(8 + (number - 232) * 10).join(' ')})`;
  number -= 16;
  return `rgb(${BASE[Math.floor(number / 36)]} ${BASE[Math.floor(number / 6) % 6]} ${BASE[number % 6]})`;
}
// Takes what belongs to 38 or 48 from the front of codes.
function extended(codes) {
  const kind = codes.shift();
  if (kind === 5) { const number = codes.shift(); return number >= 0 && number < 256 ? indexed(number) : null; }
  if (kind !== 2) return null;
  const rgb = codes.splice(0, 3);
  return rgb.length === 3 && rgb.every(part => part >= 0 && part < 256) ? `rgb(${rgb.join(' ')})` : null;
}
function applySgr(style, text) {
  const codes = text.split(/[;:]/).map(code => code === '' ? 0 : Number(code));
  while (codes.length) {
    const code = codes.shift();
    if (code === 0) for (const key of Object.keys(style)) delete style[key];
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) { delete style.bold; delete style.dim; }
    else if (code === 23) delete style.italic;
    else if (code === 24) delete style.underline;
    else if (code === 27) delete style.inverse;
    else if (code === 29) delete style.strike;
    else if (code >= 30 && code <= 37) style.color = indexed(code - 30);
    else if (code === 38) { const color = extended(codes); if (color) style.color = color; }
    else if (code === 39) delete style.color;
    else if (code >= 40 && code <= 47) style.background = indexed(code - 40);
    else if (code === 48) { const color = extended(codes); if (color) style.background = color; }
    else if (code === 49) delete style.background;
    else if (code >= 90 && code <= 97) style.color = indexed(code - 82);
    else if (code >= 100 && code <= 107) style.background = indexed(code - 92);
  }
}
function styled(text, style) {
  if (!Object.keys(style).length) return document.createTextNode(text);
  const span = make('span', style.dim ? 'dimmed' : '', text);
  const [front, back] = style.inverse ? [style.background || 'var(--log)', style.color || 'var(--log-text)'] : [style.color, style.background];
  if (front) span.style.color = front;
  if (back) span.style.background = back;
  if (style.bold) span.style.fontWeight = '700';
  if (style.italic) span.style.fontStyle = 'italic';
  const lines = [style.underline && 'underline', style.strike && 'line-through'].filter(Boolean).join(' ');
  if (lines) span.style.textDecoration = lines;
  return span;
}
// CSI, OSC and other strings, short escapes; then control characters but newline and tab.
const ESCAPE = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f]/g;
function appendLog(to, text, style) {
  // Of a line that was written again and again the last version counts.
  text = text.replace(/\r+\n/g, '\n').replace(/^[^\n]*\r(?=[^\n])/gm, lost => (lost.match(/\x1b\[[0-9;:]*m/g) || []).join(''));
  let done = 0;
  for (const match of text.matchAll(ESCAPE)) {
    if (match.index > done) to.append(styled(text.slice(done, match.index), style));
    done = match.index + match[0].length;
    if (match[1] !== undefined) applySgr(style, match[1]);
  }
  if (done < text.length) to.append(styled(text.slice(done), style));
}
function logOf(output, fallback) {
  const pre = make('pre', 'log');
  pre.tabIndex = 0;
  const style = {};
  if (!output) { appendLog(pre, fallback, style); return pre; }
  appendLog(pre, output.head, style);
  if (output.left_out) {
    pre.append(make('span', 'gap', `… ${size(output.left_out)} left out …`));
    appendLog(pre, output.tail, {});
  }
  return pre;
}

// ---- a task's details

function linkTo(index) {
  const link = make('a', '', tasks[index].name);
  link.href = '#task-' + index;
  link.onclick = event => { event.preventDefault(); reveal(index); };
  return link;
}
function line(label, ...content) {
  const row = make('p');
  row.append(make('span', 'label', label + ' '), ...content);
  return row;
}
function list(indices) {
  return indices.flatMap((index, i) => i ? [', ', linkTo(index)] : [linkTo(index)]);
}
function triesOf(task) {
  return task.tries.map(one => {
    const part = make('div', 'attempt');
    const title = make('h3', '', `${MARKS[one.status]} ${one.hedge ? 'Hedge' : 'Attempt'} ${one.number}: ${stateName(one.status)}`);
    const facts = [one.cause, time(one.duration), one.slot ? 'slot ' + one.slot : 'service',
      `CPU ${time(one.usage[0])} user, ${time(one.usage[1])} system`, one.usage[2] && size(one.usage[2]),
      `${one.usage[3] + one.usage[4]} context switches`, one.span_id && 'span ' + one.span_id];
    title.append(make('span', '', '  ' + facts.filter(Boolean).join(' · ')));
    part.append(title);
    if (one.output) part.append(logOf(one.output));
    return part;
  });
}
function detailOf(task) {
  const detail = make('div', 'detail');
  detail.id = 'detail-' + task.index;
  if (task.cause && task.cause.length > 60) detail.append(line('Why', task.cause));
  if (task.command) detail.append(line('Command', make('code', '', task.command)));
  if (task.same_as) detail.append(line('Outcome of', task.same_as));
  if (task.needs) detail.append(line('Needs', ...list(task.needs)));
  const neededBy = tasks.filter(other => other.needs && other.needs.includes(task.index)).map(other => other.index);
  if (neededBy.length) detail.append(line('Needed by', ...list(neededBy.slice(0, 50)), neededBy.length > 50 ? ` and ${neededBy.length - 50} more` : ''));
  if (task.began !== undefined) detail.append(line('Began', `after ${time(task.began)}`));
  detail.append(...triesOf(task));
  const told = task.tries.some(one => one.output);
  if (!told && task.last_lines) {
    const part = make('div', 'attempt');
    part.append(make('h3', '', 'Last lines'), logOf(null, task.last_lines));
    detail.append(part);
  }
  if (!task.group && task.tries.length && !told && !task.last_lines) detail.append(make('p', 'label', 'No output is kept.'));
  return detail;
}

// ---- the list

const view = {query: '', states: new Set(), order: 'failures', shown: [], built: 0};
const CHUNK = 100;
const opened = new Set();

function barOf(task) {
  const meter = make('span', 'meter');
  if (task.began === undefined || !run.duration) return meter;
  const bar = make('i');
  const length = (task.ended - task.began) / run.duration;
  bar.style.left = Math.min(99, 100 * task.began / run.duration) + '%';
  bar.style.width = 100 * length + '%';
  bar.style.background = `var(--bar-${barState(task)})`;
  meter.append(bar);
  return meter;
}
function barState(task) { return task.allowed ? 'allowed' : task.status; }
// Why the first failed attempt of a task that succeeded later failed.
function flakyReason(task) {
  const failed = task.tries.find(one => one.status === 'failed' || one.status === 'timed_out');
  return failed ? `attempt ${failed.number}: ${failed.cause}` : '';
}
function rowOf(task) {
  const item = make('li', task.status + (task.group ? ' group' : '') + (task.allowed ? ' soft' : ''));
  item.id = 'task-' + task.index;
  const row = make('button', 'row');
  row.type = 'button';
  row.setAttribute('aria-expanded', 'false');
  const title = make('span', 'title');
  const name = make('span', 'name', task.name + (task.group ? '/' : ''));
  title.append(name);
  const tag = (text, kind) => name.append(make('span', 'tag ' + (kind || ''), text));
  if (task.first) tag('first failure', 'first');
  if (task.flaky) tag('flaky', 'flaky');
  if (task.allowed) tag('allowed', 'allowed');
  if (task.service) tag('service');
  if (onPath.has(task.index)) tag('critical path');
  if (task.tries.length > 1) tag(plural(task.tries.length, 'attempt'));
  const why = task.flaky ? flakyReason(task) : task.status === 'succeeded' ? '' : task.cause;
  if (why) title.append(make('span', 'why', why));
  if (view.order === 'file') title.style.paddingLeft = 18 * task.depth + 'px';
  const mark = make('span', 'mark', MARKS[task.status]);
  mark.setAttribute('aria-hidden', 'true');
  const ran = task.began !== undefined;
  row.append(mark, title, barOf(task), make('span', 'num time', ran ? time(task.duration) : ''),
    make('span', 'num', ran && !task.group ? time(task.cpu) : ''), make('span', 'num', size(task.rss)));
  row.setAttribute('aria-label', `${task.name}: ${stateName(task.status)}${why ? ', ' + why : ''}${ran ? ', ' + time(task.duration) : ''}`);
  row.onclick = () => setOpen(task.index, !opened.has(task.index));
  item.append(row);
  if (opened.has(task.index)) open(item, task);
  return item;
}
function open(item, task) {
  item.firstChild.setAttribute('aria-expanded', 'true');
  item.append(detailOf(task));
}
function setOpen(index, wanted) {
  if (wanted) opened.add(index); else opened.delete(index);
  const item = $('task-' + index);
  if (!item) return;
  const there = item.querySelector('.detail');
  if (wanted && !there) open(item, tasks[index]);
  if (!wanted && there) { there.remove(); item.firstChild.setAttribute('aria-expanded', 'false'); }
}
function build(count) {
  const part = document.createDocumentFragment();
  const end = Math.min(view.built + count, view.shown.length);
  for (; view.built < end; ++view.built) part.append(rowOf(view.shown[view.built]));
  $('tasks').append(part);
  const left = view.shown.length - view.built;
  $('more').hidden = left === 0;
  $('more').textContent = `${plural(left, 'more task')}`;
}
const ORDERS = {
  failures: (a, b) => a.rank - b.rank || a.index - b.index, file: (a, b) => a.index - b.index,
  time: (a, b) => (b.duration || 0) - (a.duration || 0), cpu: (a, b) => b.cpu - a.cpu, memory: (a, b) => b.rss - a.rss};
function matches(task, words) {
  if (view.states.size && !view.states.has(task.status)) return false;
  return words.every(word => task.text.includes(word));
}
function refresh() {
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
  // A group is told by its tasks, but for one that failed by itself.
  const candidates = view.order === 'file' ? tasks : tasks.filter(task => !task.group || task.own);
  view.shown = candidates.filter(task => matches(task, words)).sort(ORDERS[view.order]);
  view.built = 0;
  const head = make('li', 'head');
  head.setAttribute('aria-hidden', 'true');
  for (const title of ['', 'task', 'when', 'time', 'CPU', 'memory']) head.append(make('span', '', title));
  $('tasks').replaceChildren(...(view.shown.length ? [head] : [make('li', 'empty', tasks.length ? 'No task is like that.' : 'The run had no tasks.')]));
  $('shown').textContent = `${view.shown.length} of ${plural(leaves.length, 'task')}`;
  build(CHUNK);
  draw();
}
function reveal(index) {
  if (!view.shown.includes(tasks[index])) {
    view.query = $('query').value = '';
    view.states.clear();
    if (tasks[index].group) view.order = $('order').value = 'file';
    showStates();
    refresh();
  }
  build(Math.max(0, view.shown.indexOf(tasks[index]) + 1 - view.built));
  setOpen(index, true);
  const item = $('task-' + index);
  item.scrollIntoView({block: 'center'});
  item.firstChild.focus({preventScroll: true});
}
function showStates() {
  $('states').replaceChildren();
  for (const state of STATES) {
    const count = leaves.filter(task => task.status === state).length;
    if (!count) continue;
    const button = make('button', '', `${MARKS[state]} ${count} ${stateName(state)}`);
    button.type = 'button';
    button.dataset.state = state;
    button.setAttribute('aria-pressed', String(view.states.has(state)));
    button.onclick = () => {
      if (!view.states.delete(state)) view.states.add(state);
      showStates();
      refresh();
      $('states').querySelector(`[data-state=${state}]`).focus();
    };
    $('states').append(button);
  }
}

// ---- the timeline

const bars = [];
let lanes = 0, slots = 0;
function layOut() {
  const services = [];
  for (const task of tasks) for (const one of task.tries) {
    if (one.slot) lanes = Math.max(lanes, one.slot);
    (one.slot ? bars : services).push({task, one, lane: one.slot - 1, began: one.began, ended: one.began + one.duration});
  }
  services.sort((a, b) => a.began - b.began);
  const free = [];
  for (const bar of services) {
    let lane = free.findIndex(at => at <= bar.began);
    if (lane < 0) lane = free.length;
    free[lane] = bar.ended;
    bar.lane = lanes + lane;
    bars.push(bar);
  }
  slots = lanes;
  lanes += free.length;
}
const zoom = {from: 0, to: Math.max(run.duration, 1e-6)};
const AXIS = 22, GUTTER = 34;
const laneHeight = () => lanes <= 12 ? 24 : lanes <= 40 ? 14 : 7;
function tickStep(span, width) {
  const rough = span / Math.max(2, width / 130), power = Math.pow(10, Math.floor(Math.log10(rough)));
  return [1, 2, 5, 10].map(factor => factor * power).find(step => step >= rough);
}
function draw() {
  const canvas = $('timeline');
  if (!bars.length) { $('timeline-section').hidden = true; return; }
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = AXIS + lanes * laneHeight() + 2;
  canvas.style.height = height + 'px';
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const to = canvas.getContext('2d');
  to.scale(scale, scale);
  const style = getComputedStyle(document.documentElement);
  const color = name => style.getPropertyValue('--' + name).trim();
  const shade = Object.fromEntries([...STATES, 'allowed'].map(state => [state, color('bar-' + state)]));
  const x = at => GUTTER + (at - zoom.from) / (zoom.to - zoom.from) * (width - GUTTER);
  to.font = '11px system-ui, sans-serif';
  to.textBaseline = 'middle';
  drawAxis(to, x, width, height, color);
  const row = laneHeight(), thick = row - (row > 10 ? 4 : 1);
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
  const filtered = words.length || view.states.size;
  for (const bar of bars) {
    const left = Math.max(x(bar.began), GUTTER), right = Math.min(x(bar.ended), width);
    if (right < GUTTER || left > width) continue;
    const top = AXIS + bar.lane * row, wide = Math.max(right - left, 1.5);
    to.globalAlpha = filtered && !matches(bar.task, words) ? 0.15 : bar.one.hedge ? 0.7 : 1;
    to.fillStyle = shade[bar.task.allowed && bar.one.status !== 'succeeded' ? 'allowed' : bar.one.status];
    to.fillRect(left, top, wide > 3 ? wide - 1 : wide, thick);
    if (onPath.has(bar.task.index) && wide > 3) {
      to.fillStyle = color('path');
      to.fillRect(left, top + thick - 2, wide - 1, 2);
    }
    if (thick >= 12 && wide > 40) drawLabel(to, bar, left, top, wide, thick, color);
  }
  to.globalAlpha = 1;
}
function drawLabel(to, bar, left, top, wide, thick, color) {
  to.save();
  to.beginPath();
  to.rect(left, top, wide - 6, thick);
  to.clip();
  to.fillStyle = '#fff';
  if (theme() === 'light') to.fillStyle = color('text');
  if (bar.one.status === 'failed' && !bar.task.allowed) to.fillStyle = '#fff';
  to.fillText((bar.one.hedge ? '⇉ ' : bar.one.number > 1 ? '↻ ' : '') + bar.task.name, left + 5, top + thick / 2 + 0.5);
  to.restore();
}
function drawAxis(to, x, width, height, color) {
  const step = tickStep(zoom.to - zoom.from, width);
  to.fillStyle = color('dim');
  for (let at = Math.ceil(zoom.from / step) * step; at <= zoom.to; at += step) {
    to.fillStyle = color('line');
    to.fillRect(Math.round(x(at)), AXIS - 5, 1, height);
    to.fillStyle = color('dim');
    to.fillText(time(Number(at.toPrecision(6))), x(at) + 4, 9);
  }
  if (laneHeight() < 12) return;
  for (let lane = 0; lane < lanes; ++lane) to.fillText(lane < slots ? String(lane + 1) : 'S' + (lane - slots + 1), 8, AXIS + lane * laneHeight() + laneHeight() / 2 - 1);
}
function barAt(event) {
  const box = $('timeline').getBoundingClientRect(), width = box.width;
  const at = zoom.from + (event.clientX - box.left - GUTTER) / (width - GUTTER) * (zoom.to - zoom.from);
  const lane = Math.floor((event.clientY - box.top - AXIS) / laneHeight());
  const slack = 3 / (width - GUTTER) * (zoom.to - zoom.from);
  return bars.find(bar => bar.lane === lane && at >= bar.began - slack && at <= bar.ended + slack);
}
function zoomBy(factor, middle) {
  const all = Math.max(run.duration, 1e-6), span = Math.min(all, Math.max(all / 1e5, (zoom.to - zoom.from) * factor));
  const share = (middle - zoom.from) / (zoom.to - zoom.from);
  moveTo(middle - share * span, span);
}
function moveTo(from, span) {
  const all = Math.max(run.duration, 1e-6);
  zoom.from = Math.min(Math.max(0, from), all - span);
  zoom.to = zoom.from + span;
  draw();
}
function listenToTimeline() {
  const canvas = $('timeline');
  let drag = null;
  canvas.onpointerdown = event => { drag = {x: event.clientX, from: zoom.from, moved: false}; };
  window.addEventListener('pointerup', () => { setTimeout(() => { drag = null; }); });
  canvas.onpointermove = event => {
    const span = zoom.to - zoom.from;
    if (drag && Math.abs(event.clientX - drag.x) > 4) {
      drag.moved = true;
      moveTo(drag.from - (event.clientX - drag.x) / (canvas.clientWidth - GUTTER) * span, span);
    }
    const bar = barAt(event);
    $('tip').hidden = !bar;
    if (!bar) return;
    $('tip').textContent = `${bar.task.name}${bar.one.number > 1 ? ` (${bar.one.hedge ? 'hedge' : 'attempt'} ${bar.one.number})` : ''}: ` +
      `${stateName(bar.one.status)}, ${time(bar.one.duration)} from ${time(bar.one.began)}`;
    $('tip').style.left = Math.min(event.clientX + 14, window.innerWidth - 300) + 'px';
    $('tip').style.top = event.clientY + 16 + 'px';
  };
  canvas.onpointerleave = () => { $('tip').hidden = true; };
  canvas.onclick = event => {
    const bar = !(drag && drag.moved) && barAt(event);
    if (bar) reveal(bar.task.index);
  };
  canvas.addEventListener('wheel', event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoomBy(Math.exp(event.deltaY / 300), zoom.from + (event.clientX - box.left - GUTTER) / (box.width - GUTTER) * (zoom.to - zoom.from));
  }, {passive: false});
  const middle = () => (zoom.from + zoom.to) / 2;
  $('zoom-in').onclick = () => zoomBy(0.5, middle());
  $('zoom-out').onclick = () => zoomBy(2, middle());
  $('zoom-all').onclick = () => moveTo(0, Math.max(run.duration, 1e-6));
}
function showPath() {
  if (data.path.length < 2) return;
  const total = data.path.reduce((sum, index) => sum + tasks[index].ended - tasks[index].began, 0);
  const most = 30;
  $('path').append(make('b', '', 'Critical path'), ` ${time(total)} of ${time(run.duration)}: `);
  data.path.slice(0, most).forEach((index, i) => {
    if (i) $('path').append(' → ');
    const button = make('button', '', tasks[index].name + ' ');
    button.type = 'button';
    button.append(make('small', '', time(tasks[index].ended - tasks[index].began)));
    button.onclick = () => reveal(index);
    $('path').append(button);
  });
  if (data.path.length > most) $('path').append(` → ${data.path.length - most} more`);
}

// ---- theme, keys, notices

const theme = () => document.documentElement.dataset.theme;
const preferred = window.matchMedia('(prefers-color-scheme: dark)');
function remembered(value) {
  try {
    if (value) localStorage.setItem('errand-theme', value);
    return localStorage.getItem('errand-theme');
  } catch { return null; }  // a file's page may have no storage
}
function showTheme(name) {
  document.documentElement.dataset.theme = name;
}
function listenToTheme() {
  const byPreference = () => preferred.matches ? 'dark' : 'light';
  const before = remembered();
  showTheme(before === 'light' || before === 'dark' ? before : byPreference());
  $('theme').onclick = () => {
    showTheme(theme() === 'dark' ? 'light' : 'dark');
    remembered(theme());
    draw();
  };
  preferred.addEventListener('change', () => { showTheme(byPreference()); draw(); });
}
function listenToKeys() {
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ['INPUT', 'SELECT'].includes(document.activeElement.tagName);
    if (event.key === '/' && !typing) { event.preventDefault(); $('query').focus(); }
    if (event.key === 'Escape' && document.activeElement === $('query')) { $('query').value = view.query = ''; refresh(); }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const row = document.activeElement.closest('.row');
    const fromFilter = document.activeElement === $('query') && event.key === 'ArrowDown';
    if (!row && !fromFilter) return;
    event.preventDefault();
    const next = fromFilter ? $('tasks').querySelector('.row')
      : (event.key === 'ArrowDown' ? row.parentElement.nextElementSibling : row.parentElement.previousElementSibling)?.querySelector('.row');
    if (next) next.focus();
  });
}
function showNotices() {
  if (!data.notices.length) return;
  $('notices-section').hidden = false;
  for (const notice of data.notices) {
    const item = make('li', notice.warning ? 'warning' : '');
    item.append(make('span', 'when', time(notice.at)), (notice.task ? notice.task + ': ' : '') + notice.text);
    $('notices').append(item);
  }
}

listenToTheme();
showHead();
layOut();
showPath();
showStates();
for (const task of [...tasks].filter(task => task.rank < 2).sort(ORDERS.failures).slice(0, 3)) opened.add(task.index);
refresh();
showNotices();
listenToTimeline();
listenToKeys();
$('query').oninput = () => { view.query = $('query').value; refresh(); };
$('order').onchange = () => { view.order = $('order').value; refresh(); };
$('more').onclick = () => build(CHUNK * 5);
new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) build(CHUNK); }, {rootMargin: '400px'}).observe($('more'));
window.addEventListener('resize', draw);
window.addEventListener('beforeprint', () => build(1000));
})();
