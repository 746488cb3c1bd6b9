import { type LookupAddress, lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isWithin } from '../address-ranges.js';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 256 * 1024;

/** Addresses that are not of the internet, by the special-purpose registries of IANA. */
const PRIVATE_IPV4 = (
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
  '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3'
).split(' ');
/** Only 2000::/3 is of the internet, without 6to4, Teredo and documentation. */
const PRIVATE_IPV6 = ['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Whether an address is not of the internet. */
export const isPrivate = (address: string): boolean =>
  isWithin(address, isIP(address) === 4 ? PRIVATE_IPV4 : PRIVATE_IPV6);

/** What may be fetched. */
export interface FetchLimits {
  readonly allowHttp: boolean;
  readonly allowPrivate: boolean;
}

/**
 * Fetches a JSON document of the issuer: within 5 s, at most 256 KiB, and without following a redirect.
 *
 * With `fetch` of Node.js, a name could resolve to another address after a check. Here the address that is
 * checked is the one that is connected to.
 *
 * @throws Error with a message for the log
 */
export async function fetchJson(address: string, { allowHttp, allowPrivate }: FetchLimits): Promise<unknown> {
  const url = new URL(address);
  const isHttp = url.protocol === 'http:';
  if (url.protocol !== 'https:' && !(isHttp && allowHttp))
    throw new Error(`${address} is not an https address`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // an address is connected to without a look-up
  if (!allowPrivate && isIP(host) !== 0 && isPrivate(host)) throw privateAddress(address, host);
  const options: https.RequestOptions = {
    agent: false,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(!allowPrivate && { lookup: lookupPublic }),
  };
  const text = await new Promise<string>((resolve, reject) => {
    const request = (isHttp ? http : https).get(url, options, (response) => {
      readText(response).then(resolve, reject);
    });
    request.on('error', reject);
  }).catch((error: Error) => {
    throw new Error(`${address}: ${error.message || error.name}`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${address}: the answer is not JSON`);
  }
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}; only 200 is accepted`);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Resolves a name, and refuses it if one of its addresses is private. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const found = addresses?.find(({ address }) => isPrivate(address));
    const failure = error ?? (found === undefined ? null : privateAddress(hostname, found.address));
    if (failure !== null) callback(failure, '', 0);
    else if (options.all === true) callback(null, addresses);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

const privateAddress = (name: string, address: string): Error =>
  new Error(
    `${name} has the private address ${address}; if the issuer is in your network, set ` +
      'KLPREG_OIDC_ALLOW_PRIVATE=yes',
  );
