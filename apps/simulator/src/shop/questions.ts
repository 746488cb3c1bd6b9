/** One question of the tour: what the reader should look at, and the words for `klpreg`. */
export interface Question {
  readonly title: string;
  readonly words: readonly string[];
}

/** What the demo asks. Each shows another kind of answer. */
export const QUESTIONS: readonly Question[] = [
  {
    title: 'Can all of production go back to 2026.09? No, and the reasons differ from host to host',
    words: ['can-i-downgrade', '--to', 'cumulative-2026.09', '--where', 'env=prod'],
  },
  {
    title: 'And the caches alone? Yes: nothing would be lost, and that build has run on both kernels before',
    words: ['can-i-downgrade', '--to', 'cumulative-2026.09', '--where', 'role=cache'],
  },
  {
    title: 'Can production get rid of its livepatches altogether? That is a question of callbacks and of what their authors promise',
    words: ['can-i-downgrade', '--to', 'original', '--where', 'env=prod,role notin (db)'],
  },
];
