import type { Database } from '../../database/database.js';

/** Things that never change, by id, held in this process after they were read once; up to a number and a weight, then it starts again from none. */
export class Held<Thing> {
  private readonly things = new Map<string, Thing>();

  private weight = 0;

  /**
   * @param limit of the number of things
   * @param weigh says how much a thing counts towards the largest weight of all
   */
  constructor(
    private readonly limit: number,
    private readonly weigh: (thing: Thing) => number,
    private readonly heaviest: number,
  ) {}

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
    for (const [id, thing] of found) if (!this.things.has(id)) this.keep(id, thing);
    return found;
  }

  private keep(id: string, thing: Thing): void {
    const weight = this.weigh(thing);
    if (this.things.size >= this.limit || this.weight + weight > this.heaviest) {
      this.things.clear();
      this.weight = 0;
    }
    this.things.set(id, thing);
    this.weight += weight;
  }
}
