import { allModules } from '../modules.js';

/** The address of a registry, and a token for it. */
export interface Endpoint {
  readonly url: string;
  readonly token: string;
}

/** Null if there is no answer: it is unknown whether the request had an effect. */
export type Answer = { readonly status: number; readonly body: any } | null;

export async function post({ url, token }: Endpoint, path: string, document: unknown): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(document),
      signal: AbortSignal.timeout(40_000),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return null;
  }
}

/** Runs a GraphQL operation. @returns its data, or null without an answer or with an error */
export async function ask(
  endpoint: Endpoint,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<any> {
  const answer = await post(endpoint, '/graphql', { query, variables });
  return answer === null || answer.status !== 200 || answer.body.errors !== undefined
    ? null
    : answer.body.data;
}

/** Publishes a captured module from its file. */
export async function publish({ url, token }: Endpoint, name: string): Promise<void> {
  const { buildId, bytes } = allModules('7.3').find((module) => module.name === name)!;
  const form = new FormData();
  for (const [key, value] of Object.entries({ release: name, owner: 'lab' })) form.append(key, value);
  form.append('module', new Blob([new Uint8Array(bytes)]), 'module.ko');
  const { status } = await fetch(`${url}/v1/patches/${buildId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  if (status !== 200) throw new Error(`${name} is not published: ${status}`);
}
