import { quoted, targetArgument } from '../address/question.js';
import type { Parameters } from '../address/parameters.js';
import type { Document } from '../parts/same-question.js';

/** The question as `klpreg` asks it. @param file the name of a file that is the target */
export function commandOf({ to = 'previous', where, route, asOf }: Parameters, file?: string): string {
  return [
    'klpreg can-i-downgrade',
    `--to ${file === undefined ? targetArgument(to) : quoted(`./${file}`)}`,
    ...(where === undefined ? [] : [`--where ${quoted(where)}`]),
    ...(route === undefined ? [] : [`--route ${route.toLowerCase().replaceAll('_', '-')}`]),
    ...(asOf === undefined ? [] : [`--as-of ${quoted(asOf)}`]),
  ].join(' ');
}

/** The question as a document that a person may read and change. */
export function documentOf(variables: Document['variables']): Document {
  const types = {
    to: 'TargetInput!',
    where: 'HostFilter',
    route: 'Route',
    bestRoute: 'Boolean',
    asOf: 'DateTime',
  };
  const given = Object.entries(types).filter(([name]) => variables[name] !== undefined);
  return {
    query: `query CanGoBack(${given.map(([name, type]) => `$${name}: ${type}`).join(', ')}) {
  canDowngrade(${given.map(([name]) => `${name}: $${name}`).join(', ')}) {
    kind
    matched
    limitedByScope
    counts { safe unknown unsafe refused total harmful }
    reasons(first: 20) {
      nodes { hosts reason { code kind text clearedBy } }
    }
  }
}`,
    variables: Object.fromEntries(given.map(([name]) => [name, variables[name]])),
  };
}
