/** Texts about reasons, in every view that lists them. */
export const REASONS = {
  hosts: 'Hosts',
  kind: 'Kind',
  why: 'Why',
  advisory: 'Advisory',
  clearedBy: 'Cleared by',
  documentation: (path: string) => `Documentation: ${path} of the source`,
} as const;

/** Texts about what an answer is based on. */
export const BASIS = {
  asOf: (time: string) => `As of ${time}`,
  answered: 'Answered',
  again: 'Ask again',
  policy: (revision: number, rules: string) => `Judged by revision ${revision} of the policy: ${rules}.`,
  noPolicy: 'Judged by the defaults of the registry: there is no policy.',
  rule: (name: string | null, hosts: string) => `${name === null ? 'no rule' : `rule ${name}`} for ${hosts}`,
  waiver: (owner: string, codes: string, hosts: string) =>
    `A waiver of ${owner} accepts ${codes} on ${hosts}; it ends`,
} as const;
