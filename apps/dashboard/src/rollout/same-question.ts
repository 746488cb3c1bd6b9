import type { Parameters } from '../address/parameters.js';
import { quoted, targetArgument } from '../address/question.js';
import type { Document } from '../parts/same-question.js';

/** The question as `klpreg` asks it. @param file the name of a file that is to be installed */
export const commandOf = ({ what = '', where, asOf }: Parameters, file?: string): string =>
  [
    'klpreg can-i-deploy',
    file === undefined ? targetArgument(what) : quoted(`./${file}`),
    ...(where === undefined ? [] : [`--where ${quoted(where)}`]),
    ...(asOf === undefined ? [] : [`--as-of ${quoted(asOf)}`]),
  ].join(' ');

/** The question as a document that a person may read and change. */
export function documentOf(variables: Document['variables']): Document {
  const types = { what: 'TargetInput!', where: 'HostFilter', asOf: 'DateTime' };
  const given = Object.entries(types).filter(([name]) => variables[name] !== undefined);
  return {
    query: `query CanDeploy(${given.map(([name, type]) => `$${name}: ${type}`).join(', ')}) {
  canDeploy(${given.map(([name]) => `${name}: $${name}`).join(', ')}) {
    kind
    matched
    limitedByScope
    counts { safe unknown unsafe refused total harmful }
    noReturn
    ways {
      to
      openToday
      lost
      states
      groups { hosts runs kernelRelease arch states }
    }
    reasons { hosts reason { code kind text clearedBy } }
  }
}`,
    variables: Object.fromEntries(given.map(([name]) => [name, variables[name]])),
  };
}
