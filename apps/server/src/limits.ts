/** A report of 500 patches with all their functions fits; a body that is larger is refused before it is read. */
export const BODY_LIMIT = 8 * 2 ** 20;

/** A module file as it is uploaded. */
export const MODULE_LIMIT = 256 * 2 ** 20;
