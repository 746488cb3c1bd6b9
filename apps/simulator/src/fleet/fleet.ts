import { hash } from 'node:crypto';
import type { Heartbeat, Manifest, Report } from '@klpreg/wire';
import { type Build, buildFor, manifestOf } from './builds.js';
import { hex, unit, uuid } from './chance.js';
import { type Content, type Moment, writeContent, writeHeartbeat, writeReport } from './documents.js';
import { KERNELS, type Kernel } from './kernels.js';
import type { LabelSet } from './labels.js';
import { Places } from './places.js';
import { RECIPES } from './recipes.js';
import { type Setup, Setups } from './setup.js';

/** Which fleet: the same numbers make the same one, host for host. */
export interface FleetOptions {
  readonly seed: number;
  readonly hosts: number;
  /** Milliseconds since 1970: when the fleet begins; its hosts booted in the 90 days before. */
  readonly began?: number;
  /** `shared`: hosts of a group have the same labels. `own`: almost every host also has one that no other has. Left out: `shared`. */
  readonly labels?: 'shared' | 'own';
}

/** One machine, as it is now. */
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
const BEGAN = Date.UTC(2026, 10, 20);
const PURPOSE = { instance: 0, machine: 10, boot: 20, bootAt: 30, draw: 31 };

/** Makes a fleet. Nothing is kept for a host but a few numbers; what it says is computed when it is asked. */
export const makeFleet = (options: FleetOptions): Fleet => new Fleet(options);

/** Hosts by their number, from 0; what they run now, and the documents that their agents write. */
export class Fleet {
  readonly seed: number;
  readonly hosts: number;
  readonly setups = new Setups();
  private readonly began: number;
  private readonly places: Places;
  /** The setup of each host plus one; 0: as it began. */
  private readonly now: Uint16Array;
  private readonly boots: Uint16Array;
  /** When each host booted and its transition opened, where that was since the fleet began. */
  private readonly bootedAt = new Map<number, number>();
  private readonly openedAt = new Map<number, number>();
  private readonly digests: Buffer;
  private readonly digested: Uint8Array;

  constructor({ seed, hosts, began = BEGAN, labels = 'shared' }: FleetOptions) {
    this.seed = seed;
    this.hosts = hosts;
    this.began = began;
    this.places = new Places(seed, labels);
    this.now = new Uint16Array(hosts);
    this.boots = new Uint16Array(hosts);
    this.digests = Buffer.alloc(hosts * 32);
    this.digested = new Uint8Array(hosts);
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

  instance = (n: number): string => uuid(this.seed, PURPOSE.instance, n);
  labels = (n: number): LabelSet['labels'] => this.places.labelSet(n).labels;
  bootId = (n: number): string => uuid(this.seed, PURPOSE.boot + 4 * 100 * this.boots[n]!, n);
  machine = (n: number): string => hex(this.seed, PURPOSE.machine, n, 8);
  hostname = (n: number): string => nameIn(this.places.labelSet(n), n);

  /** What this host runs now. */
  setup(n: number): Setup {
    const id = this.now[n]!;
    if (id > 0) return this.setups.at(id - 1);
    const setup = this.places.setup(n, this.setups);
    this.now[n] = setup.id + 1;
    return setup;
  }

  /** From this instant on the host runs something else. */
  change(n: number, setup: Setup, at: number): void {
    if (setup.opening === null) this.openedAt.delete(n);
    else if (setup.opening !== this.setup(n).opening) this.openedAt.set(n, at);
    this.now[n] = setup.id + 1;
    this.digested[n] = 0;
  }

  /** The host comes up again, with this. */
  boot(n: number, setup: Setup, at: number): void {
    this.change(n, setup, at);
    this.boots[n]!++;
    this.bootedAt.set(n, at);
  }

  /** What a report of this host now says, as its digest. */
  digest(n: number): string {
    return this.digested[n] === 1 ? this.digests.toString('hex', n * 32, n * 32 + 32) : this.keep(n, this.content(n, this.machine(n)));
  }

  /** The report of this host, as it goes over the wire. */
  reportText(n: number, moment: Moment): string {
    const content = this.content(n, moment.machine ?? this.machine(n));
    const digest = moment.machine !== undefined ? digestOf(content) : this.digested[n] === 1 ? this.digest(n) : this.keep(n, content);
    return writeReport(content, digest, this.booted(n), moment);
  }

  /** The heartbeat that says "still as in my last report", as it goes over the wire. */
  heartbeatText(n: number, moment: Moment): string {
    return writeHeartbeat(this.instance(n), this.bootId(n), this.digest(n), this.booted(n), moment);
  }

  report = (n: number, moment: Moment): Report => JSON.parse(this.reportText(n, moment)) as Report;
  heartbeat = (n: number, moment: Moment): Heartbeat => JSON.parse(this.heartbeatText(n, moment)) as Heartbeat;

  /** Every build that this fleet runs or can come to run, but those that nobody publishes. */
  builds(): Build[] {
    const wanted = RECIPES.flatMap((recipes, index) => recipes.flatMap(({ list }) => list.map((livepatch) => buildFor(livepatch, KERNELS[index]!))));
    return [...new Set(wanted)].filter((build) => build.livepatch.published);
  }

  /** What their publishers say of them, as facts alone. */
  manifests(): Manifest[] {
    return this.builds().map(manifestOf);
  }

  private keep(n: number, content: Content): string {
    const digest = digestOf(content);
    this.digests.write(digest, n * 32, 'hex');
    this.digested[n] = 1;
    return digest;
  }

  private booted = (n: number): number => this.bootedAt.get(n) ?? Math.floor(this.began - (1 + 89 * unit(this.seed, PURPOSE.bootAt, n)) * DAY_MS);

  private content(n: number, machine: string): Content {
    const set = this.places.labelSet(n);
    return writeContent(this.setup(n), {
      instance: this.instance(n),
      bootId: this.bootId(n),
      machine,
      hostname: nameIn(set, n),
      labels: set.text,
      draw: unit(this.seed, PURPOSE.draw, n),
      bootedAt: this.booted(n),
      openedAt: this.openedAt.get(n) ?? null,
    });
  }
}

const nameIn = ({ role, env, site }: LabelSet, n: number): string => `${env === 'prod' ? role : `${role}-${env}`}-${n + 1}.${site}`;
const digestOf = ({ canonical }: Content): string => hash('sha256', canonical, 'hex');
