import { hash } from 'node:crypto';
import type { Heartbeat, Manifest, Report } from '@klpreg/wire';
import { type Build, buildFor, manifestOf } from './builds.js';
import { KERNELS, type Kernel } from './kernels.js';
import type { LabelSet } from './labels.js';
import { type Envelope, type ReportContent, reportContent, writeHeartbeat, writeReport } from './messages.js';
import { Placement } from './placement.js';
import { randomHex, randomUnit, randomUuid } from './random.js';
import { type Setup, Setups } from './setup.js';
import { STACKS } from './stacks.js';

/** Parameters of a fleet. Equal parameters make equal fleets. */
export interface FleetOptions {
  readonly seed: number;
  readonly hosts: number;
  /** Start of the run in milliseconds since 1970. The hosts booted in the 90 days before. */
  readonly startedAt?: number;
  /**
   * `shared` (default): hosts of a group have the same labels. `own`: 97 % of the hosts also have a unique
   * label.
   */
  readonly labels?: 'shared' | 'own';
}

/** A host in its present setup. */
export interface Host {
  readonly number: number;
  readonly instance: string;
  readonly machine: string;
  readonly hostname: string;
  readonly labels: LabelSet['labels'];
  readonly bootId: string;
  readonly kernel: Kernel;
  readonly setup: Setup;
}

const DAY_MS = 86_400_000;
const DEFAULT_START = Date.UTC(2026, 10, 20);
const PURPOSE = { instance: 0, machine: 10, boot: 20, bootAt: 30, draw: 31 };

/** Makes a fleet. It keeps about 50 bytes for each host and computes everything else on demand. */
export const makeFleet = (options: FleetOptions): Fleet => new Fleet(options);

/** Hosts by number, from 0, with their present setups and the messages that their agents send. */
export class Fleet {
  readonly seed: number;
  readonly hosts: number;
  readonly setups = new Setups();
  private readonly startedAt: number;
  private readonly placement: Placement;
  /** For each host, the id of its setup plus one; 0 means its initial setup, not yet computed. */
  private readonly setupIds: Uint16Array;
  private readonly boots: Uint16Array;
  /** Times of boots and of transitions since the start of the run, by host. */
  private readonly bootTimes = new Map<number, number>();
  private readonly transitionTimes = new Map<number, number>();
  private readonly digests: Buffer;
  private readonly hasDigest: Uint8Array;

  constructor({ seed, hosts, startedAt = DEFAULT_START, labels = 'shared' }: FleetOptions) {
    this.seed = seed;
    this.hosts = hosts;
    this.startedAt = startedAt;
    this.placement = new Placement(seed, labels);
    this.setupIds = new Uint16Array(hosts);
    this.boots = new Uint16Array(hosts);
    this.digests = Buffer.alloc(hosts * 32);
    this.hasDigest = new Uint8Array(hosts);
  }

  host(n: number): Host {
    const setup = this.setup(n);
    return {
      number: n,
      instance: this.instance(n),
      machine: this.machine(n),
      hostname: this.hostname(n),
      labels: this.labels(n),
      bootId: this.bootId(n),
      kernel: setup.kernel,
      setup,
    };
  }

  instance = (n: number): string => randomUuid(this.seed, PURPOSE.instance, n);
  labels = (n: number): LabelSet['labels'] => this.placement.labelSet(n).labels;
  bootId = (n: number): string => randomUuid(this.seed, PURPOSE.boot + 4 * 100 * this.boots[n]!, n);
  machine = (n: number): string => randomHex(this.seed, PURPOSE.machine, n, 8);
  hostname = (n: number): string => hostnameOf(this.placement.labelSet(n), n);

  setup(n: number): Setup {
    const id = this.setupIds[n]!;
    if (id > 0) return this.setups.at(id - 1);
    const setup = this.placement.initialSetup(n, this.setups);
    this.setupIds[n] = setup.id + 1;
    return setup;
  }

  /** Changes the setup of a host. */
  change(n: number, setup: Setup, at: number): void {
    if (setup.transition === null) this.transitionTimes.delete(n);
    else if (setup.transition !== this.setup(n).transition) this.transitionTimes.set(n, at);
    this.setupIds[n] = setup.id + 1;
    this.hasDigest[n] = 0;
  }

  /** Boots a host with a setup. */
  boot(n: number, setup: Setup, at: number): void {
    this.change(n, setup, at);
    this.boots[n]!++;
    this.bootTimes.set(n, at);
  }

  /** Returns the digest of the report that describes the host now. */
  digest(n: number): string {
    if (this.hasDigest[n] === 1) return this.digests.toString('hex', n * 32, n * 32 + 32);
    return this.keepDigest(n, this.content(n, this.machine(n)));
  }

  /** Returns a report as JSON text. */
  reportText(n: number, envelope: Envelope): string {
    const content = this.content(n, envelope.machine ?? this.machine(n));
    return writeReport(content, this.digestFor(n, content, envelope), this.bootedAt(n), envelope);
  }

  /** Returns a heartbeat as JSON text. It confirms the report that describes the host now. */
  heartbeatText(n: number, envelope: Envelope): string {
    return writeHeartbeat(this.instance(n), this.bootId(n), this.digest(n), this.bootedAt(n), envelope);
  }

  report = (n: number, envelope: Envelope): Report => JSON.parse(this.reportText(n, envelope)) as Report;
  heartbeat = (n: number, envelope: Envelope): Heartbeat =>
    JSON.parse(this.heartbeatText(n, envelope)) as Heartbeat;

  /** Returns the published builds that hosts of the fleet run or can get. */
  builds(): Build[] {
    const builds = STACKS.flatMap((stacks, index) =>
      stacks.flatMap(({ stack }) => stack.map((livepatch) => buildFor(livepatch, KERNELS[index]!))),
    );
    return [...new Set(builds)].filter((build) => build.livepatch.published);
  }

  /** Returns the manifests of the published builds. */
  manifests(): Manifest[] {
    return this.builds().map(manifestOf);
  }

  private digestFor(n: number, content: ReportContent, { machine }: Envelope): string {
    // a clone's digest is not the host's
    if (machine !== undefined) return digestOf(content);
    return this.hasDigest[n] === 1 ? this.digest(n) : this.keepDigest(n, content);
  }

  private keepDigest(n: number, content: ReportContent): string {
    const digest = digestOf(content);
    this.digests.write(digest, n * 32, 'hex');
    this.hasDigest[n] = 1;
    return digest;
  }

  private bootedAt = (n: number): number =>
    this.bootTimes.get(n) ??
    Math.floor(this.startedAt - (1 + 89 * randomUnit(this.seed, PURPOSE.bootAt, n)) * DAY_MS);

  private content(n: number, machine: string): ReportContent {
    const set = this.placement.labelSet(n);
    return reportContent(this.setup(n), {
      instance: this.instance(n),
      bootId: this.bootId(n),
      machine,
      hostname: hostnameOf(set, n),
      labels: set.text,
      draw: randomUnit(this.seed, PURPOSE.draw, n),
      bootedAt: this.bootedAt(n),
      transitionStartedAt: this.transitionTimes.get(n) ?? null,
    });
  }
}

const hostnameOf = ({ role, env, site }: LabelSet, n: number): string =>
  `${env === 'prod' ? role : `${role}-${env}`}-${n + 1}.${site}`;
const digestOf = ({ canonical }: ReportContent): string => hash('sha256', canonical, 'hex');
