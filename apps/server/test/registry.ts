import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contentDigest, type Heartbeat, type Report } from '@klpreg/wire';
import { Clock } from '../src/clock.js';
import { type Config, readConfig } from '../src/config.js';
import { createServer } from '../src/server.js';
import { Database as Connections } from '../src/database/database.js';
import { TokensStore } from '../src/store/access/tokens.store.js';
import { SightingsStore } from '../src/store/catalog/sightings.store.js';
import { LabelsStore } from '../src/store/content/labels.store.js';
import { SituationsStore } from '../src/store/content/situations.store.js';
import { keepRows } from './rows.js';
import { copyDatabase, type Database } from './database.js';
import { allModules } from './modules.js';

const TOKEN = 'the-admin-token-of-this-test';
const START = Date.parse('2026-11-23T10:00:00Z');
const UNITS = { seconds: 1000, minutes: 60_000, hours: 3_600_000 } as const;

class HeldClock extends Clock {
  time = START;
  override now(): Date {
    return new Date(this.time);
  }
}

type Deep<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Deep<T[K]> : T[K];
};

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A registry in this process, on a database of its own, whose clock the test holds. */
export class Registry {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly databaseUrl: string,
    private readonly clock: HeldClock,
    private readonly database: Database,
    private readonly restoreRows: () => Promise<void>,
  ) {}

  /** @param changes to what no setting changes */
  static async start(
    environment: Record<string, string> = {},
    changes: Partial<Config> = {},
  ): Promise<Registry> {
    const database = await copyDatabase();
    const clock = new HeldClock();
    const config = { ...readConfig({ KLPREG_LOG_LEVEL: 'silent', ...environment }), ...changes };
    const app = await createServer(config, database.url, clock);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.get(TokensStore).addAdmin(TOKEN, 'tester', clock.now());
    return new Registry(app, database.url, clock, database, await keepRows(app.get(Connections)));
  }

  /** Another server of the same database, with the same clock. */
  async another(environment: Record<string, string> = {}): Promise<Registry> {
    const config = readConfig({ KLPREG_LOG_LEVEL: 'silent', ...environment });
    const app = await createServer(config, this.databaseUrl, this.clock);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return new Registry(app, this.databaseUrl, this.clock, this.database, this.restoreRows);
  }

  /** The header of the admin's token. */
  readonly authorization = `Bearer ${TOKEN}`;

  /** Listens on a free port. @returns the address */
  async listen(): Promise<string> {
    await this.app.listen(0, '127.0.0.1');
    return this.app.getUrl();
  }

  /** Stops the server. Its database stays. */
  async close(): Promise<void> {
    await this.app.close();
  }

  /** Makes the registry as it was after its start, without the costs of another one. */
  async reset(): Promise<void> {
    await this.restoreRows();
    for (const store of [LabelsStore, SituationsStore, SightingsStore]) this.app.get(store).forget();
    this.clock.time = START;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  /** Keeps the database as it is, and returns what restores it beneath the running server. */
  async keep(): Promise<() => Promise<void>> {
    return this.database.keep();
  }

  /** Moves the time on. */
  wait(n: number, unit: keyof typeof UNITS): void {
    this.clock.time += n * UNITS[unit];
  }

  now(): Date {
    return this.clock.now();
  }

  async send<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const raw = typeof payload === 'string' || Buffer.isBuffer(payload);
    const response = await this.app.inject({
      method,
      url,
      ...(payload !== undefined && { payload: raw ? payload : JSON.stringify(payload) }),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const text = response.body;
    return {
      status: response.statusCode,
      body: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T,
    };
  }

  async report(
    report: Report,
  ): Promise<
    Answer<{ outcome: string; code?: string; errors?: { pointer: string; detail: string; found: string }[] }>
  > {
    return this.send('POST', '/v1/reports', report);
  }

  async heartbeat(
    report: Report,
    changes: Partial<Heartbeat> = {},
  ): Promise<Answer<{ outcome: string; reason: string | null }>> {
    const { host, digest, sequence, clock } = report;
    return this.send('POST', '/v1/heartbeats', {
      schema: 'heartbeat/v1',
      instance: host.instance,
      bootId: host.bootId,
      sequence: sequence + 1,
      digest,
      clock,
      ...changes,
    });
  }

  /** Publishes a captured module, from its file. */
  async publish(
    name: string,
    {
      kernel = '7.3',
      release = name,
      owner = 'lab',
      author,
      signature,
    }: { kernel?: string; release?: string; owner?: string; author?: string; signature?: string } = {},
  ) {
    const module = allModules(kernel).find((one) => one.name === name);
    if (module === undefined) throw new Error(`there is no captured module ${name} for ${kernel}`);
    return this.put(module.buildId, module.bytes, {
      release,
      owner,
      ...(author !== undefined && { author }),
      ...(signature !== undefined && { signature }),
    });
  }

  async put(buildId: string, bytes: Buffer, fields: Record<string, string>) {
    const boundary = 'x-klpreg-test-x';
    const parts = Object.entries(fields).map(([key, value]) =>
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`),
    );
    const file = Buffer.concat([
      Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data; name="module"; ` +
          'filename="module.ko"\r\ncontent-type: application/octet-stream\r\n\r\n',
      ),
      bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    return this.send<{
      outcome: string;
      conflicts: string[];
      evidence: string;
      code?: string;
      detail?: string;
    }>('PUT', `/v1/patches/${buildId}`, Buffer.concat([...parts, file]), {
      'content-type': `multipart/form-data; boundary=${boundary}`,
    });
  }

  /**
   * Two machines load this build over a list, and are retired: no answer counts them, and what they showed of
   * the build stays.
   *
   * @param over what they listed before
   */
  async witnessed(
    name: string,
    { over = [], objects = [KERNEL_PATCHED] }: { over?: readonly string[]; objects?: Listed['objects'] } = {},
  ): Promise<void> {
    for (const nth of [1, 2]) {
      const before = running(`witness-${nth}-of-${name}`, over, { taint: over.length > 0 ? 45056 : 0 });
      await this.report(before);
      const below = over.map((each) => listed(each));
      const entering = later(before, {
        livepatches: [...below, listed(name, { objects, transition: true })],
        taint: 45056,
      });
      await this.report(entering);
      await this.report(
        later(entering, {
          livepatches: [...(name.startsWith('lab_r') ? [] : below), listed(name, { objects })],
        }),
      );
      await this.ask('mutation ($id: ID!) { retireHost(id: $id, reason: "has shown a build") { id } }', {
        id: before.host.instance,
      });
    }
  }

  /** Asks by GraphQL; an error of the answer fails the test. */
  async ask<T = any>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { body } = await this.send<{ data: T; errors?: unknown[] }>('POST', '/graphql', {
      query,
      variables,
    });
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return body.data;
  }

  async graphqlError(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<{ message: string; extensions: { code: string } }> {
    const { body } = await this.send<{ errors: { message: string; extensions: { code: string } }[] }>(
      'POST',
      '/graphql',
      { query, variables },
    );
    return body.errors[0]!;
  }
}

/** The question of the gate, with what most tests look at. */
export const CAN_DOWNGRADE = `query ($to: TargetInput!, $where: HostFilter, $route: Route, $evidence: Evidence = MODULE, $bestRoute: Boolean, $allow: [ReasonCode!], $rules: RuleSet, $maxAge: Duration) {
  canDowngrade(to: $to, where: $where, route: $route, evidence: $evidence, bestRoute: $bestRoute, allow: $allow, rules: $rules, maxAge: $maxAge) {
    kind matched counts { safe unknown unsafe refused total harmful accepted }
    reasons { totalCount nodes { hosts reason { code kind errno patch stateId have need clearedBy text } } }
    cohorts { totalCount nodes { hosts kernelRelease freshness examples verdict { kind route errno allowed accepted basedOnStaleFacts steps { action patch } rules { sets basis } reasons { code } } } }
    hosts { totalCount nodes { host { hostname } verdict { kind errno } } }
  }
}`;

/** A host that runs nothing, on the captured 7.3 kernel; a test says only what differs. */
export function idle(hostname: string, changes: Deep<Report> = {}): Report {
  const serial = hash(hostname);
  const { host, capabilities, ...plain } = changes;
  return sealed({
    schema: 'report/v1',
    agent: { version: '0.1.0' },
    sequence: 1,
    digest: '',
    clock: { wall: '2026-11-23T10:00:00Z', observedMs: 1000, sentMs: 1000 },
    capabilities: {
      livepatch: true,
      sysfs: { replace: true, stackOrder: true, patched: true, force: true, replaceSet: false },
      kallsyms: {
        complete: true,
        symbols: ['klp_enable_patch', 'klp_get_prev_state', 'klp_get_state', 'klp_is_patch_compatible'],
      },
      btf: null,
      lockdown: 'none',
      signatureEnforced: false,
      ...capabilities,
    },
    taint: 45056,
    livepatches: [],
    leftovers: [],
    gates: { modulesDisabled: false, ftraceEnabled: true },
    bootPersistence: null,
    transition: null,
    ...(plain as object),
    host: {
      instance: `0190a000-0000-7000-8000-${serial}`,
      machine: `${serial}${'0'.repeat(52)}`,
      hostname,
      labels: {},
      bootId: `b0b0b0b0-0000-4000-8000-${serial}`,
      kernelRelease: '7.3.4+deb13-cloud-amd64',
      kernelVersion: '#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1~bpo13+1 (2026-11-15)',
      arch: 'x86_64',
      distribution: null,
      ...host,
    },
  } as Report);
}

/** The report with the digest of its content. */
export const sealed = (report: Report): Report => ({
  ...report,
  digest: contentDigest(report as unknown as Record<string, unknown>),
});

/**
 * The report with a kernel log that reaches back to the boot and names all that is listed or loaded: the
 * boot's history is known.
 */
export function logged(report: Report): Report {
  const events = [...report.livepatches, ...report.leftovers].map(({ name }) => ({
    patch: name,
    event: 'PATCHED' as const,
  }));
  return sealed({ ...report, kernelLog: { reachesBoot: true, events } });
}

/** The same host later: a newer report with other content. */
export const later = (report: Report, changes: Partial<Report> = {}): Report =>
  sealed({ ...report, sequence: report.sequence + 1, ...changes });

/** A host with these captured modules on its list, oldest first, settled. */
export const running = (hostname: string, names: readonly string[], changes: Deep<Report> = {}): Report =>
  idle(hostname, { livepatches: names.map((name, i) => listed(name, { stackOrder: i + 1 })), ...changes });

/** The kernel's own object, as sysfs shows it while its functions are patched. */
export const KERNEL_PATCHED: Listed['objects'][number] = { name: 'vmlinux', patched: true, functions: [] };

export type Listed = Report['livepatches'][number];
export function listed(name: string, changes: Partial<Listed> = {}, kernel = '7.3'): Listed {
  const module = allModules(kernel).find((one) => one.name === name);
  return {
    name,
    buildId: module?.buildId ?? null,
    srcversion: null,
    enabled: true,
    transition: false,
    replace: name.startsWith('lab_r'),
    stackOrder: 1,
    refcount: 1,
    objects: [KERNEL_PATCHED],
    moduleState: 'Live',
    moduleTaint: 'OEK',
    reading: null,
    ...changes,
  };
}

export function leftover(name: string, refcount = 0): Report['leftovers'][number] {
  return {
    name,
    buildId: allModules('7.3').find((one) => one.name === name)?.buildId ?? null,
    srcversion: null,
    refcount,
    reading: null,
    moduleState: 'Live',
  };
}

/** Twelve hexadecimal digits that follow from a name. */
const hash = (text: string): string => contentDigest({ text }).slice(0, 12);
