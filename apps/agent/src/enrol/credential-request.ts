import type { KeyObject } from 'node:crypto';
import { withProof, type EnrolmentRequest, type RenewalRequest } from '@klpreg/wire';
import { Failure } from '../failure.js';
import { problemCode } from '../send/answer.js';
import { failureOf, post, type PostOptions } from '../send/send-once.js';
import { publicKeyOf } from './host-key.js';
import type { EnrolmentToken } from './enrolment-token.js';

/** What the registry learns of a host at its enrolment. */
export interface EnrollingHost {
  readonly instance: string;
  readonly machine: string | null;
  readonly hostname: string;
}

/** A credential as the registry gives it. */
export interface NewCredential {
  readonly credential: string;
  readonly serial: number;
  readonly lifeMs: number;
}

type Document = EnrolmentRequest | RenewalRequest;

/** Enrols this host. @throws Failure; RetryableError */
export const requestEnrolment = async (
  url: string,
  { token, pin }: EnrolmentToken,
  { instance, machine, hostname }: EnrollingHost,
  key: KeyObject,
  options: PostOptions,
): Promise<NewCredential> => {
  if (pin !== null && !url.startsWith('https:'))
    throw new Failure(
      'USAGE',
      `${url}: the enrolment token names the registry's certificate, so the URL must begin with https://`,
    );
  const publicKey = publicKeyOf(key);
  const sign = (at: string) =>
    withProof({ schema: 'enrolment/v1' as const, instance, machine, hostname, publicKey, at }, key);
  return request(`${url}/v1/enrolments`, sign, { ...options, token, pin });
};

/** Renews the credential of this host by its key. @throws Failure; RetryableError */
export const requestRenewal = async (
  url: string,
  instance: string,
  serial: number,
  key: KeyObject,
  options: PostOptions,
): Promise<NewCredential> => {
  const sign = (at: string) => withProof({ schema: 'renewal/v1' as const, instance, serial, at }, key);
  return request(`${url}/v1/credentials`, sign, options);
};

/** Sends a signed request. If the clock of this host is wrong, signs again with the time of the registry. */
async function request(
  url: string,
  sign: (at: string) => Document,
  options: PostOptions,
): Promise<NewCredential> {
  let reply = await post(url, sign(new Date().toISOString()), options);
  const time = reply.headers['klpreg-time'];
  if (reply.status === 409 && problemCode(reply.text) === 'PROOF_NOT_CURRENT' && typeof time === 'string')
    reply = await post(url, sign(new Date(Date.parse(time) + 1).toISOString()), options);
  const failure = failureOf(url, reply);
  if (failure !== null) throw failure;
  if (reply.status === 202)
    throw new Failure(
      'UNAUTHORISED',
      `${url}: this host waits for an admin, who approves it (klpreg enrolment approve)`,
    );
  return readCredentialAnswer(url, reply.text);
}

function readCredentialAnswer(url: string, text: string): NewCredential {
  const noRegistry = () =>
    new Failure('UNREACHABLE', `${url}: the server there is not a registry (no credential in its answer)`);
  try {
    const { credential } = JSON.parse(text) as { credential: Record<string, unknown> };
    const { serial, issuedAt, expiresAt, credential: bearer } = credential;
    const lifeMs = Date.parse(String(expiresAt)) - Date.parse(String(issuedAt));
    if (
      typeof bearer === 'string' &&
      /^klpreg_host_[\w-]{1,300}$/.test(bearer) &&
      Number.isSafeInteger(serial) &&
      lifeMs > 0
    )
      return { credential: bearer, serial: serial as number, lifeMs };
  } catch {
    throw noRegistry();
  }
  throw noRegistry();
}
