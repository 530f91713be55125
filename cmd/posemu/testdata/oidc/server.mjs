// oidc-provider as a token server under FAPI 2.0: private_key_jwt with ES256, client_credentials. Standard input is one JSON object
// {"key","cert","scopes","clients":[{"id","jwk"}]}. It prints {"issuer"}, then {"issued"} for every token and {"refused"} for every
// request without one, and ends with its standard input.
import https from 'node:https';
import { createInterface } from 'node:readline';

console.warn = console.info = () => {}; // it warns that this is no production set-up
const { Provider } = await import('oidc-provider');
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit(0));
const settings = await new Promise((resolve) => input.once('line', (line) => resolve(JSON.parse(line))));

let handler;
const server = https.createServer({ key: settings.key, cert: settings.cert }, (request, response) => handler(request, response));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `https://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: settings.clients.map(({ id, jwk }) => ({
    client_id: id,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    scope: settings.scopes.join(' '),
    jwks: { keys: [jwk] },
  })),
  clientAuthMethods: ['private_key_jwt'],
  scopes: settings.scopes,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    fapi: { enabled: true, profile: '2.0' },
  },
  ttl: { ClientCredentials: 90 },
});
provider.on('grant.success', (context) => say({ issued: context.body.access_token }));
provider.on('grant.error', (context, error) => say({ refused: error.error_detail || error.message }));
handler = provider.callback();
say({ issuer });
