import { EXIT, type Failure, unexpected } from '../exits.js';
import type { Settings } from '../settings.js';
import type { Environment } from '../environment.js';
import type { Document } from './documents.js';
import { fromGraphqlErrors, fromStatus } from './errors.js';
import { type Answer, type HttpRequest, send } from './http.js';

/** The client of the registry. */
export interface Registry {
  readonly url: string;
  /** Executes a GraphQL operation. @throws Failure unless the answer is complete and has no errors */
  ask<T>(document: Document<T>, variables?: Record<string, unknown>): Promise<T>;
  /** Sends one HTTP request, for routes other than GraphQL. */
  send(request: HttpRequest): Promise<Answer>;
}

export const openRegistry = (settings: Settings, environment: Environment): Registry => ({
  url: settings.url,
  ask: async (document, variables = {}) => {
    const operationName = /^(?:query|mutation) (\w+)/.exec(document.text)?.[1];
    const answer = await send(
      { method: 'POST', path: '/graphql', body: JSON.stringify({ query: document.text, variables, operationName }) },
      settings,
      environment,
    );
    return document.answer(dataOf(answer, settings), '');
  },
  send: (request) => send(request, settings, environment),
});

/** Returns the data of an answer. @throws Failure if it has errors, or a status other than 200 */
function dataOf({ status, body }: Answer, settings: Settings): unknown {
  if (status === 401 || status === 403) throw authorisation(status, body);
  if (body === null || typeof body !== 'object') throw unexpected(`${settings.url} is not a registry: it answered HTTP ${status} without JSON`);
  const { errors, data } = body as { errors?: unknown; data?: unknown };
  if (Array.isArray(errors) && errors.length > 0) throw fromGraphqlErrors(errors);
  if (errors !== undefined && errors !== null && !Array.isArray(errors)) throw unexpected('the registry answered with errors in an unknown form');
  if (status !== 200) throw fromStatus(status, body, 'the registry could not answer');
  if (data === undefined || data === null) throw unexpected('the registry answered without data');
  return data;
}

function authorisation(status: number, body: unknown): Failure {
  const errors = body !== null && typeof body === 'object' ? (body as { errors?: unknown }).errors : undefined;
  const graphql = Array.isArray(errors) && errors.length > 0 && !('status' in (body as object)) ? fromGraphqlErrors(errors) : null;
  return graphql?.exit === EXIT.NOT_AUTHORISED ? graphql : fromStatus(status, body, 'not authorised');
}
