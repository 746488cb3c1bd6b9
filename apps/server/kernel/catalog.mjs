import { canonicalStates, loadedName, resolveManifest } from '@klpreg/compat';
import { openModule } from '@klpreg/module';
import { factsOfFile } from '../dist/ingest/publishing/patch-facts.js';
import { toManifest, toPatch } from '../dist/store/catalog/manifests.js';

/**
 * What the author of the lab's modules signs, and it is true: their states stand for nothing that disabling
 * would have to restore.
 */
const statementOf = ({ states }) => ({
  states: (states ?? []).map(({ id, version }) => ({
    id: id.toString(),
    version,
    what: '',
    restore: 'NOT_NEEDED',
  })),
  impactNone: states?.length === 0,
  independentOf: [],
  cves: [],
  unsupported: [],
  notes: '',
});

/** The row that the registry would have stored for a published file. */
const rowOf = (facts, author) => ({
  ...facts,
  release: facts.name,
  owner: 'check',
  states: facts.states ?? [],
  readable: facts.states !== null,
  authors: author
    ? [{ revision: 1, evidence: 'MANIFEST', key: null, at: new Date(0), statement: statementOf(facts) }]
    : [],
  disagreements: [],
  otherFiles: [],
  files: facts.file ? [facts.file] : [],
  recalledAt: null,
});

/**
 * What the registry knows of patches: every module is published by its file, and hosts are witnesses of what
 * they had on their lists.
 */
export class Catalog {
  #manifests = new Map();
  #seen = new Map();

  /**
   * Publishes a module file, as `klpreg patch publish` does.
   *
   * @param author with a statement of its author
   */
  async publish(bytes, author) {
    const reading = await openModule(bytes);
    const manifest = toManifest(
      toPatch(rowOf(factsOfFile(reading, reading.buildId, reading.kernelRelease), author)),
    );
    this.#manifests.set(reading.buildId, manifest);
    return manifest;
  }

  /** Keeps what a report showed about builds. */
  learn(sightings) {
    for (const sighting of sightings) {
      const key = JSON.stringify(sighting);
      const seen = this.#seen.get(sighting.buildId) ?? new Map();
      if (!this.#seen.has(sighting.buildId)) this.#seen.set(sighting.buildId, seen);
      if (!seen.has(key)) seen.set(key, { ...sighting, over: this.#statesOf(sighting.over) });
    }
  }

  #statesOf(over) {
    const manifests = over?.map((buildId) => this.#manifests.get(buildId)) ?? [];
    return over === null || manifests.includes(undefined)
      ? null
      : canonicalStates(manifests.map((manifest) => resolveManifest(manifest)));
  }

  /** The catalog as the rule engine takes it. */
  get view() {
    const sightings = (buildId) => [...(this.#seen.get(buildId)?.values() ?? [])];
    return {
      find: (buildId) => this.#manifests.get(buildId),
      builds: (release) =>
        [...this.#manifests.values()].filter((manifest) => loadedName(manifest.name) === release),
      sightings,
    };
  }

  /** The catalog for a load with module parameters: loads without them tell nothing about it. */
  get viewWithoutSightings() {
    return { ...this.view, sightings: () => [] };
  }
}
