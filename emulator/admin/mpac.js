'use strict';
// Devices of MPAC in the panel, and their sockets. It uses the functions of panel.js.

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
  act(() => call('POST', `/mpac/devices/${encodeURIComponent(sn)}/events`, { event: name, payload: parsed(payload || '{}', 'Payload') }));
});
