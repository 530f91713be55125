// A server of the real-time channel on the package ws. Each connection resumes as it should, brings two events, and then does
// something that a server must not do, or may do at the worst moment; the last one says 4409. Arguments: key file, certificate file.
// Prints its port, and at the end what it saw, as JSON.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { WebSocketServer } from 'ws';

const events = [];
const seen = { hellos: [], tokens: [], protocols: [], acks: [], compressed: 0, count: 0 };
const event = (seq, more = {}) => JSON.stringify({ v: 1, type: 'event', id: `E${seq}`, seq, ts: new Date().toISOString(), data: { event: 'order.updated', payload: { n: seq, text: 'ä€😀' } }, ...more });
const say = (ws, type, more = {}) => ws.send(JSON.stringify({ v: 1, type, id: 'x', ts: new Date().toISOString(), data: {}, ...more }));
const wait = (ms) => new Promise((r) => setTimeout(r, ms));

// What happens after the events of a connection. next is the number of the event that would follow.
const tricks = {
  'hangs up without a word': (ws) => ws.terminate(),
  'restarts': (ws) => ws.close(1012, 'restart'),
  'says nothing at all in its close': (ws) => ws.close(),
  'sends a binary message': (ws, next) => ws.send(Buffer.from(event(next)), { binary: true }),
  'sends text that is not UTF-8': (ws, next) => ws.send(Buffer.concat([Buffer.from(event(next).slice(0, -2)), Buffer.from([0xc3, 0x28]), Buffer.from('}}')]), { binary: false }),
  'sends 65 KiB': (ws, next) => ws.send(event(next, { pad: 'x'.repeat(65 << 10) })),
  'sends 65 KiB in fragments': (ws, next) => {
    const text = event(next, { pad: 'x'.repeat(65 << 10) });
    for (let i = 0; i < text.length; i += 1000) ws.send(text.slice(i, i + 1000), { fin: i + 1000 >= text.length });
  },
  'sends another version': (ws, next) => ws.send(event(next, { v: 2 })),
  'sends no JSON': (ws) => ws.send('<html>'),
  'sends an event without seq': (ws, next) => ws.send(event(next, { seq: undefined })),
  'sends a reserved opcode': (ws) => ws._socket.write(Buffer.from([0x83, 0x01, 0x41])),
  'sets a reserved bit': (ws) => ws._socket.write(Buffer.from([0xc1, 0x01, 0x41])),
  'claims a frame of 2^63 bytes': (ws) => ws._socket.write(Buffer.from([0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  'claims a control frame of 64 KiB': (ws) => ws._socket.write(Buffer.from([0x89, 0x7e, 0xff, 0xff])),
  'closes with a code that nobody may send': (ws) => ws._socket.write(Buffer.from([0x88, 0x02, 0x03, 0xed])),
  'masks its frames': (ws) => ws._socket.write(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x41])),
  'sends half a frame and hangs up': (ws, next) => {
    const text = Buffer.from(event(next));
    ws._socket.write(Buffer.concat([Buffer.from([0x81, 0x7e, text.length >> 8, text.length & 255]), text.subarray(0, 40)]), () => ws.terminate());
  },
  'sends half a message and ends': (ws, next) => {
    ws.send(event(next).slice(0, 40), { fin: false }, () => ws.terminate());
  },
  'leaves an event out': (ws, next) => ws.send(event(next + 1)),
  'wants the token again': (ws) => ws.close(4401, 'token'),
  'calls it a bad frame': (ws) => ws.close(4400),
  'misses the heartbeat': (ws) => ws.close(4408),
  'finds it too much': (ws) => ws.close(4429),
};
const plan = Object.keys(tricks);
const last = 2 * plan.length + 4;
for (let i = 1; i <= last; i++) events.push(i);

const server = https.createServer({ key: readFileSync(process.argv[2]), cert: readFileSync(process.argv[3]) });
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: true, autoPong: true, handleProtocols: (offered) => [...offered][0] });
server.on('upgrade', (req, socket, head) => {
  const n = seen.count++;
  seen.tokens.push(req.headers.authorization);
  seen.protocols.push(req.headers['sec-websocket-protocol']);
  socket.on('error', () => {});
  if (n === 1) return socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  if (n === 2) return socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>');
  if (n === 3) return socket.destroy();
  wss.handleUpgrade(req, socket, head, (ws) => serve(ws, n === 0 ? 0 : n - 3));
});

function serve(ws, n) {
  if (ws.extensions) seen.compressed++;
  ws.on('error', () => {});
  ws.on('message', async (text) => {
    const m = JSON.parse(text);
    if (m.type === 'ack') seen.acks.push(m.data.id);
    if (m.type === 'ping') say(ws, 'pong', { re: m.id });
    if (m.type !== 'hello') return;
    seen.hellos.push(m.data.last_event_id ?? '');
    say(ws, 'welcome', { re: m.id, data: { session_id: 's', heartbeat: 1 } });
    const at = Number((m.data.last_event_id ?? 'E0').slice(1));
    say(ws, 'no.such.type', { data: [1, { a: null }] });
    ws.ping('hello?');
    if (n % 2) for (let seq = Math.max(1, at - 3); seq <= at; seq++) ws.send(event(seq)); // once more what it had
    const upTo = n < plan.length ? at + 2 : last;
    for (let seq = at + 1; seq <= upTo; seq++) {
      const text = event(seq);
      for (let i = 0; i < text.length; i += 50) { // in fragments, with a ping between
        ws.send(text.slice(i, i + 50), { fin: i + 50 >= text.length });
        if (i === 50) ws.ping();
      }
    }
    while (!seen.acks.includes(`E${upTo}`) && ws.readyState === ws.OPEN) await wait(2);
    if (n < plan.length) return tricks[plan[n]](ws, upTo + 1);
    ws.on('close', () => setTimeout(() => {
      console.log(JSON.stringify({ ...seen, last }));
      process.exit(0);
    }, 1500));
    ws.close(4409, 'replaced');
  });
}
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
