/**
 * The calls of `klp_enable_patch()`: for each code section,
 * the relocations that only pass the patch to the core.
 */
export type EnableCalls = ReadonlyMap<number, ReadonlySet<number>>;
