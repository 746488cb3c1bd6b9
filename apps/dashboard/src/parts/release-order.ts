/** The newest first. */
export const newestFirst = <R extends { readonly publishedAt: string }>(releases: readonly R[]): R[] =>
  releases.toSorted((a, b) => b.publishedAt.localeCompare(a.publishedAt));

/** Those that the most hosts run first; of two, the newer. */
export const mostRunFirst = <R extends { readonly publishedAt: string; readonly hosts: number }>(
  releases: readonly R[],
): R[] => newestFirst(releases).toSorted((a, b) => b.hosts - a.hosts);
