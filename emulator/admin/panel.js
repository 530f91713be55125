'use strict';
const byId = (id) => document.getElementById(id);
let token = sessionStorage.getItem('posemu-token') || '';
let lastRequest = 0;
const requests = [];

function say(text, bad) {
  byId('message').textContent = text;
  byId('message').className = bad ? 'bad' : '';
}

async function call(method, path, body) {
  const answer = await fetch('/admin/api' + path, {
    method, headers: { Authorization: 'Bearer ' + token }, body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return {};
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error.message), { status: answer.status });
  return value;
}

// Everything from the server is set as text, never as HTML.
function cell(row, content, className) {
  const td = row.insertCell();
  if (content instanceof Node) td.append(content); else td.textContent = content ?? '';
  if (className) td.className = className;
}

function button(label, action) {
  const b = document.createElement('button');
  b.type = 'button';
  b.className = 'plain';
  b.textContent = label;
  b.addEventListener('click', () => act(action));
  return b;
}

const drawn = new WeakMap();

// A table is drawn anew only when its rows changed, and the button that had the focus has it again: otherwise nobody could use the
// panel by keyboard, or select a text, while it refreshes.
function fill(table, heads, rows, empty, draw) {
  const now = JSON.stringify(rows);
  if (drawn.get(table) === now) return;
  drawn.set(table, now);
  const held = table.contains(document.activeElement) ? document.activeElement : null;
  const heldRow = held?.closest('tr')?.dataset.key;
  const fresh = document.createElement('tbody');
  for (const item of rows) {
    const row = fresh.insertRow();
    row.dataset.key = item.id ?? item.serialNumber ?? item.msgId ?? '';
    draw(row, item);
    [...row.cells].forEach((td, i) => { if (heads[i]) td.dataset.head = heads[i]; });
  }
  if (rows.length === 0) {
    cell(fresh.insertRow(), empty, 'empty');
    fresh.rows[0].cells[0].colSpan = heads.length;
  }
  const head = document.createElement('thead');
  const line = head.insertRow();
  for (const h of heads) {
    const th = document.createElement('th');
    th.scope = 'col';
    th.textContent = h;
    line.append(th);
  }
  table.replaceChildren(head, fresh);
  if (!held) return;
  const buttons = [...fresh.rows].filter((r) => r.dataset.key === heldRow).flatMap((r) => [...r.querySelectorAll('button')]);
  (buttons.find((b) => b.textContent === held.textContent) ?? buttons[0])?.focus();
}

async function act(action) {
  try {
    await action();
    await refresh();
    say('');
  } catch (err) {
    say(err.message, true);
  }
}

async function pairingCode(sn) {
  const c = await call('POST', `/terminals/${encodeURIComponent(sn)}/pairing-code`);
  byId('codeFor').textContent = sn;
  byId('codeText').textContent = c.code;
  byId('codeUntil').textContent = 'until ' + new Date(c.expiresAt).toLocaleTimeString();
  byId('code').hidden = false;
}

// An operator's JSON, with an error that says which field it is.
function parsed(text, field) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${field} is not JSON.`);
  }
}

function when(time) {
  return time ? new Date(time).toLocaleString() : '';
}

// One refresh at a time: two would both append the same requests.
let refreshing = Promise.resolve();
function refresh() {
  refreshing = refreshing.catch(() => {}).then(load);
  return refreshing;
}

async function load() {
  const [t, e, f, r] = await Promise.all([call('GET', '/terminals'), call('GET', '/entries'), call('GET', '/faults'), call('GET', '/requests?since=' + lastRequest), refreshDevices(), refreshPayments(), refreshStream()]);
  fill(byId('terminals'), ['Serial number', 'Location', 'Status', 'Key fingerprint', ''], t.terminals, 'No terminal yet: add one below.', (row, x) => {
    cell(row, x.serialNumber, 'mono');
    cell(row, x.location || '(not assigned)');
    cell(row, x.status);
    cell(row, x.keyFingerprint, 'mono');
    const sn = encodeURIComponent(x.serialNumber);
    cell(row, x.status === 'paired' ? button('Unpair', () => call('POST', `/terminals/${sn}/unpair`)) : button('Pairing code', () => pairingCode(x.serialNumber)));
  });
  fill(byId('entries'), ['Received', 'Terminal', 'Mode', 'Guests', 'Reason', 'Entry'], e.entries.slice(-50).reverse(), 'No entry yet.', (row, x) => {
    cell(row, new Date(x.receivedAt).toLocaleString());
    cell(row, x.serialNumber, 'mono');
    cell(row, x.mode);
    cell(row, x.guests);
    cell(row, x.reason);
    cell(row, x.entryId, 'mono');
  });
  fill(byId('faults'), ['Kind', 'System', 'Path', 'Terminal', 'Remaining', ''], f.faults, 'No fault: everything works.', (row, x) => {
    cell(row, x.kind);
    cell(row, x.system || 'all');
    cell(row, x.path || 'any', 'mono');
    cell(row, x.serialNumber || 'any', 'mono');
    cell(row, x.remaining ?? 'endless');
    cell(row, button('Remove', () => call('DELETE', '/faults/' + encodeURIComponent(x.id))));
  });
  for (const x of r.requests) { requests.unshift(x); lastRequest = x.id; }
  requests.length = Math.min(requests.length, 50);
  fill(byId('requests'), ['Time', 'System', 'Request', 'Terminal', 'Status', 'Fault'], requests, 'No request yet.', (row, x) => {
    cell(row, new Date(x.at).toLocaleTimeString());
    cell(row, x.system);
    cell(row, `${x.method} ${x.path}`, 'mono');
    cell(row, x.serialNumber, 'mono');
    cell(row, x.status || 'none');
    cell(row, x.fault);
  });
}

function show(signedIn) {
  const before = !byId('main').hidden;
  byId('signin').hidden = signedIn;
  for (const id of ['main', 'nav', 'signout']) byId(id).hidden = !signedIn;
  if (signedIn && !before) byId('main').focus({ preventScroll: true });
  if (!signedIn) byId('signin').querySelector('input').focus();
}

function signOut(why) {
  clearTimeout(next);
  token = '';
  sessionStorage.removeItem('posemu-token');
  show(false);
  say(why, why !== '');
}

let next;
let silent = false;
async function poll() {
  clearTimeout(next);
  const asked = token;
  try {
    await refresh();
    if (token !== asked) return; // signed out meanwhile
    if (silent) say('');
    silent = false;
    show(true);
  } catch (err) {
    if (token !== asked) return;
    if (err.status === 401) {
      signOut('This token is not accepted.');
      return;
    }
    silent = true;
    say(err.status ? err.message : 'The emulator does not answer.', true);
  }
  next = setTimeout(poll, 1500);
}

byId('signin').querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = new FormData(event.target).get('token').trim();
  event.target.reset();
  sessionStorage.setItem('posemu-token', token);
  say('');
  poll();
});
byId('signout').addEventListener('click', () => signOut(''));
byId('register').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  act(async () => { await call('POST', '/terminals', Object.fromEntries(new FormData(form))); form.reset(); });
});
byId('fault').addEventListener('submit', (event) => {
  event.preventDefault();
  const fault = {};
  for (const [name, value] of new FormData(event.target)) {
    if (value === '' || value === '0') continue; // as good as absent
    fault[name] = ['times', 'latencyMs', 'status', 'bytes'].includes(name) ? Number(value) : value;
  }
  act(() => call('POST', '/faults', fault));
});
byId('clearFaults').addEventListener('click', () => act(() => call('DELETE', '/faults')));
document.addEventListener('DOMContentLoaded', () => { if (token) poll(); });
