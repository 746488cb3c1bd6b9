import type { Kernel, LoadSighting } from './situation.js';

/** Witnesses that a sighting needs; a question may demand more, never fewer. */
export const WITNESSES = 2;

/** What machines showed of one build on one kernel: for each fact, how many distinct machines showed it. */
export interface SightingCounts {
  readonly loaded: number;
  readonly objects: ReadonlyMap<string, number>;
  /** By the states of the list below, as `canonicalStates` writes them. */
  readonly over: ReadonlyMap<string, number>;
  /** By SHA-256. */
  readonly files: ReadonlyMap<string, number>;
  /** By SHA-256: the kernel had verified the signature. */
  readonly verified: ReadonlyMap<string, number>;
}

/** Text that is equal for equal kernels. */
export const kernelText = ({ release, version, arch, buildId }: Kernel): string =>
  JSON.stringify([release, version, arch, buildId]);

const isSameKernel = (a: Kernel, b: Kernel): boolean =>
  a.release === b.release &&
  a.version === b.version &&
  a.arch === b.arch &&
  (a.buildId === null || b.buildId === null || a.buildId === b.buildId);

/** Sightings of a build never change within a revision of the catalog, and many hosts run few kernels. */
const counted = new WeakMap<readonly LoadSighting[], Map<string, SightingCounts>>();

/**
 * Returns what was seen of a build on this kernel.
 *
 * @param text of the kernel, by `kernelText`
 */
export function countsOn(sightings: readonly LoadSighting[], kernel: Kernel, text: string): SightingCounts {
  let known = counted.get(sightings);
  if (known === undefined) {
    known = new Map();
    counted.set(sightings, known);
  }
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const made = count(sightings.filter((sighting) => isSameKernel(sighting.kernel, kernel)));
  known.set(text, made);
  return made;
}

function count(sightings: readonly LoadSighting[]): SightingCounts {
  const objects = new Witnesses();
  const over = new Witnesses();
  const files = new Witnesses();
  const verified = new Witnesses();
  for (const sighting of sightings) {
    const { machine, file } = sighting;
    for (const object of sighting.objects) objects.add(object, machine);
    if (sighting.over !== null) over.add(sighting.over, machine);
    if (file !== null) files.add(file, machine);
    if (file !== null && sighting.verified === true) verified.add(file, machine);
  }
  const loaded = new Set(sightings.map(({ machine }) => machine)).size;
  return {
    loaded,
    objects: objects.counts(),
    over: over.counts(),
    files: files.counts(),
    verified: verified.counts(),
  };
}

/** Distinct machines for each fact. */
class Witnesses {
  private readonly machines = new Map<string, Set<string>>();

  add(fact: string, machine: string): void {
    const machines = this.machines.get(fact);
    if (machines === undefined) this.machines.set(fact, new Set([machine]));
    else machines.add(machine);
  }

  counts(): ReadonlyMap<string, number> {
    return new Map([...this.machines].map(([fact, machines]) => [fact, machines.size]));
  }
}
