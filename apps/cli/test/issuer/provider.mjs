// A real OpenID Connect issuer on the loopback address. It prints its address.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

// Node.js 20 lacks it
if (!('parse' in URL)) URL.parse = (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

const GROUPS = { alice: ['ops'], bob: ['web-team'] };

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(url, {
  clients: [
    {
      client_id: 'klpreg',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [
        'http://127.0.0.1/callback',
        'http://127.0.0.1/signed-in',
        'http://localhost/signed-in',
      ],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
    },
  ],
  // the dashboard asks the token endpoint from its own origin
  clientBasedCORS: () => true,
  claims: { openid: ['sub', 'groups'] },
  findAccount: (_context, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, groups: GROUPS[accountId] ?? [] }),
  }),
  features: { deviceFlow: { enabled: true }, revocation: { enabled: true } },
  cookies: { keys: ['a key of this test'] },
  pkce: { required: () => true },
  // its refresh tokens change with each use, and end when one is used twice
  rotateRefreshToken: true,
  ttl: { IdToken: 3600 },
});
server.on('request', provider.callback());
console.log(`issuer ${url}`);
