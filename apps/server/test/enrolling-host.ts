import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { contentDigest, type EnrolmentRequest, type Heartbeat, type Report, withProof } from '@klpreg/wire';
import { newToken } from '../src/access/token-text.js';
import type { EnrolmentTokenDraft } from '../src/store/access/enrolment-tokens.store.js';
import { EnrolmentTokensStore } from '../src/store/access/enrolment-tokens.store.js';
import { Database } from '../src/database/database.js';
import { idle, type Registry } from './registry.js';

type Answer = Awaited<ReturnType<Registry['send']>> & {
  readonly body: {
    readonly outcome?: string;
    readonly code?: string;
    readonly detail?: string;
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
    readonly credential?: {
      readonly credential: string;
      readonly serial: number;
      readonly expiresAt: string;
    };
  };
};

const publicBytes = (key: KeyObject): string => (key.export({ format: 'jwk' }) as { x: string }).x;

/** A host that enrols as the agent does, at a registry in this process. */
export class EnrollingHost {
  readonly instance: string;
  readonly report: Report;
  keys = generateKeyPairSync('ed25519');
  credential = '';
  serial = 0;
  /** By how much the clock of the host differs from the registry's. */
  skewMs = 0;
  private sequence = 1;

  constructor(
    private readonly registry: Registry,
    readonly hostname: string,
    readonly address = '127.0.0.1',
    report: Report = idle(hostname),
  ) {
    this.report = report;
    this.instance = this.report.host.instance;
  }

  get publicKey(): string {
    return publicBytes(this.keys.publicKey);
  }

  /** The time of the host, later with each call. */
  private at(): string {
    this.registry.wait(0.001, 'seconds');
    return new Date(this.registry.now().getTime() + this.skewMs).toISOString();
  }

  enrolment(changes: Partial<EnrolmentRequest> = {}): EnrolmentRequest {
    const { instance, machine, hostname } = this.report.host;
    const document = {
      schema: 'enrolment/v1' as const,
      instance,
      machine,
      hostname,
      publicKey: this.publicKey,
    };
    return { ...withProof({ ...document, at: this.at() }, this.keys.privateKey), ...changes };
  }

  renewal(): object {
    const document = {
      schema: 'renewal/v1' as const,
      instance: this.instance,
      serial: this.serial,
      at: this.at(),
    };
    return withProof(document, this.keys.privateKey);
  }

  async enrol(token: string, document: object = this.enrolment()): Promise<Answer> {
    return this.taking(await this.post('/v1/enrolments', document, token));
  }

  async renew(document: object = this.renewal()): Promise<Answer> {
    return this.taking(await this.post('/v1/credentials', document));
  }

  private taking(answer: Answer): Answer {
    const { credential } = answer.body;
    if (credential != null) {
      this.credential = credential.credential;
      this.serial = credential.serial;
    }
    return answer;
  }

  /** Sends the next report, by the host's credential. */
  async send(changes: Partial<Report['host']> = {}, credential = this.credential): Promise<Answer> {
    const report = { ...this.report, host: { ...this.report.host, ...changes }, sequence: this.sequence++ };
    const document = { ...report, digest: contentDigest(report as unknown as Record<string, unknown>) };
    return this.post('/v1/reports', document, credential);
  }

  heartbeat(instance = this.instance): Heartbeat {
    const { bootId } = this.report.host;
    const { digest, clock } = this.report;
    return { schema: 'heartbeat/v1', instance, bootId, sequence: this.sequence++, digest, clock };
  }

  async post(url: string, document: unknown, bearer?: string): Promise<Answer> {
    const response = await this.registry.app.inject({
      method: 'POST',
      url,
      remoteAddress: this.address,
      payload: JSON.stringify(document),
      headers: {
        'content-type': 'application/json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
    });
    return {
      status: response.statusCode,
      body: JSON.parse(response.body),
      headers: response.headers,
    } as Answer;
  }
}

/** Stores an enrolment token, and returns its text and its id. */
export async function makeToken(
  registry: Registry,
  changes: Partial<EnrolmentTokenDraft> = {},
): Promise<{ id: string; text: string }> {
  const text = newToken('enrol');
  const id = randomUUID();
  const now = registry.now();
  const draft: EnrolmentTokenDraft = {
    id,
    name: 'web servers',
    useLimit: null,
    addresses: [],
    needsApproval: false,
    labels: {},
    createdAt: now,
    createdBy: 'tester',
    expiresAt: new Date(now.getTime() + 30 * 86_400_000),
    ...changes,
  };
  const tokens = registry.app.get(EnrolmentTokensStore);
  await registry.app.get(Database).$transaction(async (tx) => tokens.add(tx, draft, text));
  return { id, text };
}
