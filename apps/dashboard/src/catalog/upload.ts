import { storedToken } from '../session/token.js';

/** What a publisher sends of one build. */
export interface Upload {
  readonly buildId: string;
  readonly module: File;
  readonly release: string;
  readonly owner: string;
  /** YAML; empty: no author statement. */
  readonly author: string;
  /** From `klpreg patch statement`; empty: unsigned. */
  readonly signature: string;
}

/** Of the registry's problem details: one entry for each wrong field. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
  readonly found: string;
}

/** The registry's answer to an upload. */
export type UploadAnswer =
  | {
      readonly outcome: 'PUBLISHED' | 'UNCHANGED' | 'UPDATED' | 'CONFLICT';
      readonly conflicts: readonly string[];
    }
  | {
      readonly outcome: 'REFUSED';
      /** HTTP status; 0: the registry was not reached. */
      readonly status: number;
      readonly detail: string;
      readonly problems: readonly FieldProblem[];
    };

/** The fields of the form in the registry's order. */
export function formOf({ module, release, owner, author, signature }: Upload): FormData {
  const form = new FormData();
  form.set('release', release);
  form.set('owner', owner);
  if (author.trim() !== '') form.set('author', author);
  if (signature.trim() !== '') form.set('signature', signature.trim());
  form.set('module', module, module.name);
  return form;
}

/** Reads the registry's answer: what it stored, or RFC 9457 problem details. */
export function readAnswer(status: number, text: string): UploadAnswer {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // a proxy answers with a page
  }
  if ((status === 200 || status === 201) && typeof body.outcome === 'string')
    return {
      outcome: body.outcome as 'PUBLISHED',
      conflicts: (body.conflicts as string[] | undefined) ?? [],
    };
  return {
    outcome: 'REFUSED',
    status,
    detail: typeof body.detail === 'string' ? body.detail : '',
    problems: Array.isArray(body.errors) ? (body.errors as FieldProblem[]) : [],
  };
}

/** Sends a module. Only XMLHttpRequest reports how much of it is sent. @param sent a share from 0 to 1 */
export const send = (upload: Upload, sent: (share: number) => void): Promise<UploadAnswer> =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/v1/patches/${upload.buildId}`);
    const token = storedToken();
    if (token !== null) request.setRequestHeader('authorization', `Bearer ${token}`);
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      sent(total === 0 ? 0 : loaded / total),
    );
    request.addEventListener('loadend', () => resolve(readAnswer(request.status, request.responseText)));
    request.send(formOf(upload));
  });
