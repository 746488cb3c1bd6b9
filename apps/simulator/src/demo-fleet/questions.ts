/** A question of the demo. */
export interface Question {
  readonly title: string;
  /** Arguments for `klpreg`. */
  readonly args: readonly string[];
}

/** The questions of the demo. Each has another kind of answer. */
export const QUESTIONS: readonly Question[] = [
  {
    title: 'Can all production hosts be downgraded to 2026.09? No, and the reasons differ from host to host',
    args: ['can-i-downgrade', '--to', 'cumulative-2026.09', '--where', 'env=prod'],
  },
  {
    title: 'Can the cache hosts? Yes: the states are the same, and the build has run on both kernels',
    args: ['can-i-downgrade', '--to', 'cumulative-2026.09', '--where', 'role=cache'],
  },
  {
    title: 'Can production hosts disable all livepatches? That depends on callbacks and author statements',
    args: ['can-i-downgrade', '--to', 'original', '--where', 'env=prod,role notin (db)'],
  },
];
