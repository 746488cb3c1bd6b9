/** For each code section, the relocations that do nothing but hand the patch to the livepatch core. */
export type Handovers = ReadonlyMap<number, ReadonlySet<number>>;
