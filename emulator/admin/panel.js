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

function fill(table, heads, rows, empty, draw) {
  const fresh = document.createElement('tbody');
  for (const item of rows) draw(fresh.insertRow(), item);
  if (rows.length === 0) cell(fresh.insertRow(), empty, 'empty');
  const head = document.createElement('thead');
  const line = head.insertRow();
  for (const h of heads) {
    const th = document.createElement('th');
    th.scope = 'col';
    th.textContent = h;
    line.append(th);
  }
  table.replaceChildren(head, fresh);
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

function when(time) {
  return time ? new Date(time).toLocaleString() : '';
}

function deviceButtons(x) {
  const set = (status) => () => call('PUT', `/mpac/devices/${encodeURIComponent(x.serialNumber)}/status`, { status });
  const box = document.createElement('span');
  if (x.status === 'active') box.append(button('Suspend', set('suspended')), ' ');
  if (x.status === 'suspended') box.append(button('Resume', set('active')), ' ');
  if (x.status === 'active' || x.status === 'suspended') {
    box.append(button('Release', () => call('POST', `/mpac/devices/${encodeURIComponent(x.serialNumber)}/release`)), ' ');
    box.append(button('Decommission', () => (confirm(`Decommission ${x.serialNumber} for good?`) ? set('decommissioned')() : undefined)));
  }
  return box;
}

// Options are replaced only when they changed, so that a choice under way stays.
function fillDevices(select, names) {
  if (names.join('\n') === [...select.options].map((o) => o.value).join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((n) => new Option(n, n)));
  if (names.includes(chosen)) select.value = chosen;
}

async function refreshDevices() {
  const [d, s] = await Promise.all([call('GET', '/mpac/devices'), call('GET', '/mpac/sockets')]);
  fill(byId('devices'), ['Serial number', 'Name', 'Status', 'Merchant / store', 'Last token', 'Last connected', 'Battery', 'Paper', ''], d.devices, 'No device yet: one appears when it asks for an activation code.', (row, x) => {
    cell(row, x.serialNumber, 'mono');
    cell(row, x.name);
    cell(row, x.status);
    cell(row, x.merchantId ? `${x.merchantId} / ${x.storeId}` : '');
    cell(row, when(x.lastTokenAt));
    cell(row, when(x.lastConnectedAt));
    cell(row, x.battery === undefined ? '' : x.battery + ' %');
    cell(row, x.paper);
    cell(row, deviceButtons(x));
  });
  fillDevices(byId('push').elements.sn, d.devices.filter((x) => x.status !== 'pending').map((x) => x.serialNumber));
  fill(byId('sockets'), ['Serial number', 'Since', 'Last event sent', 'Last acknowledged', ''], s.sockets, 'No open socket.', (row, x) => {
    cell(row, x.serialNumber, 'mono');
    cell(row, when(x.since));
    cell(row, x.lastSeq);
    cell(row, x.lastAck);
    cell(row, button('Close (1012)', () => call('DELETE', `/mpac/sockets/${encodeURIComponent(x.serialNumber)}?code=1012`)));
  });
}

async function refresh() {
  const [t, e, f, r] = await Promise.all([call('GET', '/terminals'), call('GET', '/entries'), call('GET', '/faults'), call('GET', '/requests?since=' + lastRequest), refreshDevices(), refreshPayments()]);
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

async function poll() {
  try {
    await refresh();
    byId('signin').hidden = true;
    byId('main').hidden = false;
  } catch (err) {
    if (err.status === 401) {
      sessionStorage.removeItem('posemu-token');
      byId('signin').hidden = false;
      byId('main').hidden = true;
      say('This token is not accepted.', true);
      return;
    }
    say('The emulator does not answer.', true);
  }
  setTimeout(poll, 1500);
}

byId('signin').querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = new FormData(event.target).get('token').trim();
  sessionStorage.setItem('posemu-token', token);
  say('');
  poll();
});
byId('register').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  act(async () => { await call('POST', '/terminals', Object.fromEntries(new FormData(form))); form.reset(); });
});
byId('activate').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const entered = Object.fromEntries(new FormData(form));
  act(async () => {
    await call('POST', '/mpac/activate', { activationCode: entered.activationCode.trim(), merchantId: Number(entered.merchantId), storeId: Number(entered.storeId) });
    form.elements.activationCode.value = '';
  });
});
byId('push').addEventListener('submit', (event) => {
  event.preventDefault();
  const { sn, event: name, payload } = Object.fromEntries(new FormData(event.target));
  act(() => call('POST', `/mpac/devices/${encodeURIComponent(sn)}/events`, { event: name, payload: JSON.parse(payload || '{}') }));
});
byId('fault').addEventListener('submit', (event) => {
  event.preventDefault();
  const fault = {};
  for (const [name, value] of new FormData(event.target)) {
    if (value === '' || value === '0') continue;
    fault[name] = ['times', 'latencyMs', 'status', 'bytes'].includes(name) ? Number(value) : value;
  }
  act(() => call('POST', '/faults', fault));
});
byId('clearFaults').addEventListener('click', () => act(() => call('DELETE', '/faults')));
if (token) poll();
