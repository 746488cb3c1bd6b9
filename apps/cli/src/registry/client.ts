import { EXIT, type Failure, unexpected } from '../exits.js';
import type { Settings } from '../settings.js';
import type { Environment } from '../environment.js';
import { fromGraphqlErrors, fromStatus } from './errors.js';
import { type HttpRequest, type HttpResponse, send } from './http.js';
import { withStoredToken } from '../login/stored-token.js';
import type { Operation } from './operation.js';
import { checked } from './shape.js';

/** The client of the registry. */
export interface Registry {
  readonly url: string;
  /** Executes a GraphQL operation. @throws Failure unless the answer is complete and has no errors */
  ask<Answer, Variables>(operation: Operation<Answer, Variables>, variables: Variables): Promise<Answer>;
  /** Sends one HTTP request, for routes other than GraphQL. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/**
 * Opens the registry. Without a token in the settings, each request has that of the stored sign-in, if there
 * is one.
 */
export function openRegistry(settings: Settings, environment: Environment): Registry {
  const sendAs = async (request: HttpRequest): Promise<HttpResponse> =>
    send(request, await withStoredToken(settings, environment), environment);
  return {
    url: settings.url,
    ask: async <Answer, Variables>(
      { name, text, answer }: Operation<Answer, Variables>,
      variables: Variables,
    ) => {
      const body = JSON.stringify({ query: text, variables, operationName: name });
      const response = await sendAs({ method: 'POST', path: '/graphql', body });
      return checked(answer, dataOf(response, settings)) as Answer;
    },
    send: sendAs,
  };
}

/** Returns the data of an answer. @throws Failure if it has errors, or a status other than 200 */
function dataOf({ status, body }: HttpResponse, settings: Settings): unknown {
  if (status === 401 || status === 403) throw authorisation(status, body);
  if (body === null || typeof body !== 'object')
    throw unexpected(`${settings.url} is not a registry: it answered HTTP ${status} without JSON`);
  const { errors, data } = body as { errors?: unknown; data?: unknown };
  if (Array.isArray(errors) && errors.length > 0) throw fromGraphqlErrors(errors);
  if (errors !== undefined && errors !== null && !Array.isArray(errors))
    throw unexpected('the registry answered with errors in an unknown form');
  if (status !== 200) throw fromStatus(status, body, 'the registry could not answer');
  if (data === undefined || data === null) throw unexpected('the registry answered without data');
  return data;
}

function authorisation(status: number, body: unknown): Failure {
  const errors =
    body !== null && typeof body === 'object' ? (body as { errors?: unknown }).errors : undefined;
  const graphql =
    Array.isArray(errors) && errors.length > 0 && !('status' in (body as object))
      ? fromGraphqlErrors(errors)
      : null;
  return graphql?.exit === EXIT.NOT_AUTHORISED ? graphql : fromStatus(status, body, 'not authorised');
}
