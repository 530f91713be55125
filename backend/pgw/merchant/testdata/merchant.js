// What a merchant writes from the gateway's guide. Body on standard input, key and secret in the environment.
//   node merchant.js sign METHOD PATH TIMESTAMP
//   node merchant.js verify METHOD PATH HEADER
const crypto = require('crypto');
const body = require('fs').readFileSync(0);

function sign(method, path, timestamp) {
  const key = crypto.createHash('sha256').update(process.env.SECRET_KEY).digest('hex');
  const bodyHash = crypto.createHash('sha256').update(body).digest('hex');
  const message = [method, path, timestamp, bodyHash].join('\n');
  return crypto.createHmac('sha256', key).update(message).digest('hex');
}

const [command, method, path, last] = process.argv.slice(2);
if (command === 'sign') {
  console.log(`HMAC-SHA256 ${process.env.API_KEY}:${last}:${sign(method, path, last)}`);
} else {
  const [id, timestamp, signature] = last.replace('HMAC-SHA256 ', '').split(':');
  console.log(id === process.env.API_KEY && sign(method, path, timestamp) === signature ? 'ok' : 'refused');
}
