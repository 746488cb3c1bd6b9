// Enrols hosts over HTTP, as the agent does, and returns their credentials.

import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { withProof } from '@klpreg/wire';
import { TOKEN } from './registry.mjs';

/** An Ed25519 private key in PKCS #8 is these bytes and a seed of 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const CREATE =
  'mutation ($name: String!) { createEnrolmentToken(input: { name: $name, uses: null }) { token } }';
const IN_PROGRESS = 16;

async function post(url, token, document) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(document) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
}

/** The same key in each run: a known host enrols again only with its key. */
function keysOf(instance) {
  const seed = createHash('sha256').update(`bench ${instance}`).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey).export({ format: 'jwk' }).x };
}

/** Returns the credential of each of these hosts, in their order. */
export async function enrol(url, instances) {
  const variables = { name: `bench ${new Date().toISOString()}` };
  const { data, errors } = await post(`${url}/graphql`, TOKEN, { query: CREATE, variables });
  if (errors) throw new Error(JSON.stringify(errors));
  const { token } = data.createEnrolmentToken;
  const credentials = [];
  let next = 0;
  const work = async () => {
    while (next < instances.length) {
      const i = next++;
      const { privateKey, publicKey } = keysOf(instances[i]);
      const host = { instance: instances[i], machine: null, hostname: `bench-${i}`, publicKey };
      const document = { schema: 'enrolment/v1', ...host, at: new Date().toISOString() };
      const answer = await post(`${url}/v1/enrolments`, token, withProof(document, privateKey));
      credentials[i] = answer.credential.credential;
    }
  };
  await Promise.all(Array.from({ length: IN_PROGRESS }, work));
  return credentials;
}
