'use strict';
// Payments in the panel: PaymentIntents with the simulated provider's word, and received webhooks. It uses the functions of panel.js.

const finalStates = ['succeeded', 'failed', 'cancelled'];

function providerButtons(x) {
  const box = document.createElement('span');
  if (!x.providerTransactionId || finalStates.includes(x.status)) return box;
  for (const [label, status] of [['Paid', 'SUCCESS'], ['Pending', 'PENDING'], ['Failed', 'FAILED'], ['Cancelled', 'CANCELED']]) {
    box.append(button(label, () => call('POST', `/pgw/intents/${encodeURIComponent(x.id)}/provider`, { status })), ' ');
  }
  return box;
}

async function refreshPayments() {
  const [i, w, s] = await Promise.all([call('GET', '/pgw/intents'), call('GET', '/pgw/webhooks'), call('GET', '/pgw/settings')]);
  fill(byId('intents'), ['Created', 'Reference', 'Amount', 'Status', 'Method', 'Provider', 'PaymentIntent', "Provider's word"], i.intents.slice(0, 50), 'No PaymentIntent yet.', (row, x) => {
    cell(row, new Date(x.created_at).toLocaleString());
    cell(row, x.merchant_ref_id);
    cell(row, `${x.amount} ${x.currency}`);
    cell(row, x.cancellation_reason ? `${x.status} (${x.cancellation_reason})` : x.status);
    cell(row, x.payment_method_type || x.payment_method_types.join(', '));
    cell(row, x.provider);
    cell(row, x.id, 'mono');
    cell(row, providerButtons(x));
  });
  fill(byId('webhooks'), ['Received', 'Provider', 'Status', 'Amount', 'State', 'Tries', 'Came', 'To look at', 'Transaction', ''], w.webhooks.slice(0, 50), 'No webhook yet.', (row, x) => {
    cell(row, new Date(x.receivedAt).toLocaleString());
    cell(row, x.provider);
    cell(row, x.status);
    cell(row, `${x.amount} ${x.currency}`);
    cell(row, x.state);
    cell(row, x.attempts);
    cell(row, x.deliveries);
    cell(row, x.alert);
    cell(row, x.transactionId, 'mono');
    cell(row, x.state === 'dead' ? button('Replay', () => call('POST', `/pgw/webhooks/${encodeURIComponent(x.id)}/replay`)) : '');
  });
  const strict = byId('strictToken');
  strict.textContent = s.strictToken ? 'Payment tokens: strict' : 'Payment tokens: many uses';
  strict.onclick = () => act(() => call('PUT', '/pgw/settings', { strictToken: !s.strictToken }));
}
