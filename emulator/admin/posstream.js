'use strict';
// The POS Event Stream in the panel: POS that dial, what waits for an acknowledgement, the cloud that lets integrators in. It uses the
// functions of panel.js.

let waitingAt = null; // the client whose unacknowledged events are shown

function streamButtons(x) {
  const box = document.createElement('span');
  const id = encodeURIComponent(x.id);
  box.append(button('Not acknowledged', () => { waitingAt = { id: x.id, name: `${x.pos}, ${x.address}` }; }), ' ');
  if (x.state === 'handshake' || x.state === 'enabled') box.append(button('Cut', () => call('DELETE', `/posstream/clients/${id}/connection`)), ' ');
  box.append(button('Remove', () => call('DELETE', `/posstream/clients/${id}`)));
  return box;
}

// What a refused POS said is shown until a registration is taken.
function streamState(x) {
  if (!x.refusal) return x.state;
  const state = document.createElement('span');
  state.className = 'bad';
  state.textContent = x.state === 'refused' ? `refused (${x.refusal})` : `${x.state} (refused before: ${x.refusal})`;
  return state;
}

function fillPOS(select, names) {
  if (names.join('\n') === [...select.options].slice(1).map((o) => o.value).join('\n') && select.options.length > 0) return;
  const chosen = select.value;
  select.replaceChildren(new Option('every POS', ''), ...names.map((n) => new Option(n, n)));
  select.value = names.includes(chosen) ? chosen : '';
}

async function refreshWaiting(clients) {
  if (waitingAt && !clients.some((x) => x.id === waitingAt.id)) waitingAt = null;
  byId('waiting').hidden = !waitingAt;
  if (!waitingAt) return;
  byId('waitingAt').textContent = waitingAt.name;
  const w = await call('GET', `/posstream/clients/${encodeURIComponent(waitingAt.id)}/events`);
  fill(byId('waitingEvents'), ['Event', 'Sent', 'Message id', 'Data'], w.events, 'Everything is acknowledged.', (row, x) => {
    cell(row, x.msgType);
    cell(row, x.times === 0 ? 'not yet' : `${x.times} ×`);
    cell(row, x.msgId, 'mono');
    const data = JSON.stringify(x.data);
    cell(row, data.length > 200 ? data.slice(0, 200) + '…' : data, 'mono');
  });
}

async function refreshStream() {
  const [c, i, s] = await Promise.all([call('GET', '/posstream/clients'), call('GET', '/posstream/integrators'), call('GET', '/posstream/cloud')]);
  fill(byId('streamClients'), ['POS', 'Client application', 'State', 'Encryption', 'Events', 'Connections', 'Sent', 'Acknowledged', 'Waiting', 'Dropped', ''], c.clients, 'No POS dials yet: add one below.', (row, x) => {
    cell(row, x.pos);
    cell(row, x.address, 'mono');
    cell(row, streamState(x));
    cell(row, `${x.rsa}, ${x.aes}`);
    cell(row, x.events.join(', ') || 'all');
    cell(row, x.connections);
    cell(row, x.sent);
    cell(row, x.acknowledged);
    cell(row, x.waiting);
    cell(row, x.dropped);
    cell(row, streamButtons(x));
  });
  byId('integrators').textContent = i.integrators.map((x) => x.keyId).join(', ') || 'none: every registration is refused';
  byId('cloudState').textContent = s.online ? 'online' : 'unplugged: who was let in within 30 days is let in';
  const plug = byId('cloud');
  plug.textContent = s.online ? 'Unplug' : 'Plug in';
  plug.onclick = () => act(() => call('PUT', '/posstream/cloud', { online: !s.online }));
  fillPOS(byId('posEvents').elements.pos, [...new Set(c.clients.map((x) => x.pos))]);
  await refreshWaiting(c.clients);
}

byId('hideWaiting').addEventListener('click', () => act(() => { waitingAt = null; }));
byId('streamClient').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const entered = Object.fromEntries(new FormData(form));
  const events = entered.events.split(',').map((n) => n.trim()).filter((n) => n !== '');
  act(async () => {
    await call('POST', '/posstream/clients', { ...entered, events, reconnectSeconds: Number(entered.reconnectSeconds) });
    form.reset();
  });
});
byId('integrator').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  act(async () => { await call('POST', '/posstream/integrators', Object.fromEntries(new FormData(form))); form.reset(); });
});
byId('posEvents').addEventListener('submit', (event) => {
  event.preventDefault();
  const { pos, type, count, data } = Object.fromEntries(new FormData(event.target));
  act(() => call('POST', '/posstream/events', { pos, type, count: Number(count), ...(data.trim() ? { data: parsed(data, 'Data') } : {}) }));
});
