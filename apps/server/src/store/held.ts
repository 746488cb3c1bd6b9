import type { Database } from './database.js';

/** Things that never change, by id, held in this process after they were read once; up to so many, then it begins anew. */
export class Held<Thing> {
  private readonly things = new Map<string, Thing>();

  constructor(private readonly limit: number) {}

  /**
   * The things with these ids; those that are nowhere are not there.
   *
   * @param places where to look, one after the other, for what is still missing
   */
  async load(
    ids: readonly string[],
    places: readonly Database[],
    read: (missing: readonly string[], place: Database) => Promise<readonly (readonly [string, Thing])[]>,
  ): Promise<Map<string, Thing>> {
    const found = new Map<string, Thing>();
    let missing: string[] = [];
    for (const id of ids) {
      const thing = this.things.get(id);
      if (thing === undefined) missing.push(id);
      else found.set(id, thing);
    }
    for (const place of new Set(places)) {
      if (missing.length === 0) break;
      for (const [id, thing] of await read(missing, place)) found.set(id, thing);
      missing = missing.filter((id) => !found.has(id));
    }
    if (this.things.size + found.size > this.limit) this.things.clear();
    for (const [id, thing] of found) this.things.set(id, thing);
    return found;
  }
}
