// Meets a running emulator with code that was written elsewhere: jose signs the assertion and verifies tokens against the JWKS, ws
// speaks on the socket. Argument: the env file. Prints a line for each check; any failure ends it with exit 1.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as jose from 'jose';
import WebSocket from 'ws';

const env = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const ca = readFileSync(env.caFile); // fetch trusts it through NODE_EXTRA_CA_CERTS
const keys = await jose.generateKeyPair('ES256', { extractable: true });

async function ask(method, url, body, headers = {}) {
  const r = await fetch(url, { method, headers: { 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
  const text = await r.text();
  return { status: r.status, body: text ? JSON.parse(text) : null };
}
const admin = async (method, path, body) => {
  const r = await ask(method, env.admin.url + path, body, { Authorization: `Bearer ${env.admin.token}` });
  assert.ok(r.status < 300, `${method} ${path}: ${r.status} ${JSON.stringify(r.body)}`);
  return r.body;
};
const checks = [];
const check = (name, run) => checks.push({ name, run });

const sn = 'SN-NODE';
const code = (await ask('POST', `${env.mpac.url}/api/v1/device/provision/generateActivationCode`, { serial_number: sn, public_key_pem: await jose.exportSPKI(keys.publicKey) })).body;
const device = await admin('POST', '/admin/api/mpac/activate', { activationCode: code.activation_code, merchantId: 1, storeId: 1 });

async function token() {
  const assertion = await new jose.SignJWT({})
    .setProtectedHeader({ alg: 'ES256', typ: 'client-authentication+jwt' })
    .setIssuer(device.clientId).setSubject(device.clientId).setAudience(env.mpac.issuer).setJti(randomUUID()).setIssuedAt().setExpirationTime('60s')
    .sign(keys.privateKey);
  const r = await ask('POST', env.mpac.tokenUrl, { client_assertion: assertion });
  assert.equal(r.status, 200, JSON.stringify(r.body));
  return r.body.access_token;
}
const set = (name) => jose.createRemoteJWKSet(new URL(`${env.mpac.url}/api/v1/jwks/${name}`), { cooldownDuration: 0 });
const devices = set('device');
const people = set('human');

check('jose verifies a device token against the JWKS', async () => {
  const { payload, protectedHeader } = await jose.jwtVerify(await token(), devices, { issuer: 'svc-portal-devices', algorithms: ['ES256'] });
  assert.equal(payload.sub, device.deviceId);
  assert.equal(payload.device_sn, sn);
  assert.ok(protectedHeader.kid);
});
check('jose finds the new key after a rotation, and the old token stays good', async () => {
  const old = await token();
  const { kid } = await admin('POST', '/admin/api/mpac/keys/rotate', { set: 'device' });
  const { protectedHeader } = await jose.jwtVerify(await token(), devices);
  assert.equal(protectedHeader.kid, kid);
  await jose.jwtVerify(old, devices);
});
check("jose verifies a person's token against its own set alone", async () => {
  const { accessToken } = await admin('POST', '/admin/api/mpac/human-tokens', { role: 'STAFF', merchantId: 1, storeId: 1 });
  await jose.jwtVerify(accessToken, people, { issuer: 'svc-portal-users', algorithms: ['RS256'] });
  await assert.rejects(jose.jwtVerify(accessToken, devices));
  await assert.rejects(jose.jwtVerify(await token(), people));
});

const A32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ulid = () => '0' + Array.from({ length: 25 }, () => A32[Math.floor(Math.random() * 32)]).join('');
const frame = (type, data) => ({ v: 1, type, id: ulid(), ts: new Date().toISOString(), data: data ?? {} });

function open(bearer, options = {}) {
  const ws = new WebSocket(env.mpac.wsUrl, ['mpac.v1'], { ca, headers: bearer ? { Authorization: `Bearer ${bearer}` } : {}, ...options });
  const messages = [];
  let wake = () => {};
  ws.on('message', (data) => {
    messages.push(JSON.parse(data));
    wake();
  });
  ws.closed = new Promise((resolve) => {
    ws.on('close', (c, reason) => resolve([c, String(reason)]));
  });
  ws.next = async () => {
    while (messages.length === 0) {
      await Promise.race([new Promise((resolve) => (wake = resolve)), ws.closed.then(([c]) => assert.fail(`closed with ${c}`))]);
    }
    return messages.shift();
  };
  ws.say = (type, data) => {
    const f = frame(type, data);
    ws.send(JSON.stringify(f));
    return f.id;
  };
  return ws;
}
async function connect(lastEventId, options) {
  const ws = open(await token(), options);
  await once(ws, 'open');
  const hello = ws.say('hello', { device_id: device.deviceId, app_versions: {}, ...(lastEventId && { last_event_id: lastEventId }) });
  const welcome = await ws.next();
  assert.deepEqual([welcome.type, welcome.re, welcome.data.heartbeat], ['welcome', hello, 30]);
  return ws;
}
const push = (n) => admin('POST', `/admin/api/mpac/devices/${sn}/events`, { event: 'order.updated', payload: { n, text: 'ä€😀' } });
let last;

check('ws connects, compression offered or not, and ping gets pong, on both layers', async () => {
  for (const perMessageDeflate of [true, false]) {
    const ws = await connect(undefined, { perMessageDeflate });
    assert.equal(ws.protocol, 'mpac.v1');
    const id = ws.say('ping');
    const pong = await ws.next();
    assert.deepEqual([pong.type, pong.re], ['pong', id]);
    ws.ping('control');
    assert.equal(String((await once(ws, 'pong'))[0]), 'control');
    ws.close(1000);
    assert.equal((await ws.closed)[0], 1000);
  }
});
check('ws gets events in order, and a resume brings what was missed', async () => {
  const ws = await connect();
  for (let n = 1; n <= 3; n++) {
    const { id, seq } = await push(n);
    const e = await ws.next();
    assert.deepEqual([e.type, e.id, e.seq, e.data], ['event', id, seq, { event: 'order.updated', payload: { n, text: 'ä€😀' } }]);
    ws.say('ack', { id });
    last = id;
  }
  ws.terminate();
  const missed = [await push(4), await push(5)];
  const again = await connect(last);
  for (const { id } of missed) assert.equal((await again.next()).id, id);
  again.terminate();
});
for (const [what, send, codes] of [
  ['text that is not JSON', (ws) => ws.send('{nonsense'), [4400]],
  ['a binary frame', (ws) => ws.send(Buffer.from([1, 2])), [4400]],
  ['another version', (ws) => ws.send(JSON.stringify({ ...frame('ping'), v: 2 })), [4400]],
  ['a message over 64 KiB', (ws) => ws.send(JSON.stringify(frame('status', { x: 'x'.repeat(70000) }))), [1009]],
  ['invalid UTF-8', (ws) => ws.send(Buffer.from([0x7b, 0xff]), { binary: false }), [1007]],
  ['a bad token in auth.refresh', (ws) => ws.say('auth.refresh', { token: 'abc' }), [4401]],
]) {
  check(`ws sees ${what} closed with ${codes.join(' or ')}`, async () => {
    const ws = await connect(last);
    send(ws);
    const [c] = await ws.closed;
    assert.ok(codes.includes(c), `closed with ${c}`);
  });
}
check('ws reads a message in fragments back as one pong', async () => {
  const ws = await connect(last);
  const ping = frame('ping');
  const text = JSON.stringify(ping);
  ws.send(text.slice(0, 9), { fin: false });
  ws.send(text.slice(9), { fin: true });
  for (let m = await ws.next(); m.type !== 'pong'; m = await ws.next()) assert.equal(m.type, 'event');
  ws.terminate();
});
check('ws sees 4409 when it is replaced and 1012 when the operator closes', async () => {
  const one = await connect(last);
  const two = await connect(last);
  assert.deepEqual(await one.closed, [4409, 'replaced']);
  await admin('DELETE', `/admin/api/mpac/sockets/${sn}?code=1012`);
  assert.deepEqual(await two.closed, [1012, 'restart']);
});
check('ws is refused without a token before the upgrade', async () => {
  const ws = open('');
  const [, response] = await once(ws, 'unexpected-response');
  assert.equal(response.statusCode, 401);
});

for (const { name, run } of checks) {
  await run();
  console.log(`ok ${name}`);
}
console.log(`${checks.length} checks`);
process.exit(0); // sockets that were refused hold the process
