import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '@klpreg/wire';
import { type DocumentNode, Kind, parse, print, separateOperations, stripIgnoredCharacters } from 'graphql';
import { ConfigError } from '../config.js';
import { RequestError } from '../errors.js';

/** What a request says about its document. */
export interface DocumentRequest {
  readonly query?: unknown;
  readonly extensions?: unknown;
}

/** The documents that a server keeps, by the SHA-256 of their text. */
export class PersistedDocuments {
  private constructor(
    private readonly texts: ReadonlyMap<string, string>,
    /** Other documents are refused. */
    private readonly only: boolean,
  ) {}

  /**
   * Reads all `.graphql` files of a folder. Each operation is a document, with the fragments that it uses.
   * Its hash is that of its text: as graphql-js prints it, or as it is written if it is alone in its file.
   *
   * @param folder null: none
   * @throws ConfigError if a file cannot be read
   */
  static read(folder: string | null, only: boolean): PersistedDocuments {
    const texts = new Map<string, string>();
    if (folder !== null)
      try {
        for (const file of readdirSync(folder)
          .filter((name) => name.endsWith('.graphql'))
          .toSorted())
          for (const text of textsIn(readFileSync(path.join(folder, file), 'utf8')))
            texts.set(sha256(text), text);
      } catch (error) {
        throw new ConfigError(`KLPREG_GRAPHQL_FOLDER: ${folder}: ${(error as Error).message}`);
      }
    return new PersistedDocuments(texts, only);
  }

  /** Whether there are documents. Only they are asked for by GET. */
  get isEmpty(): boolean {
    return this.texts.size === 0;
  }

  /**
   * Returns the text of the document that is asked for, by its hash or as text. Undefined if there is
   * neither.
   *
   * @throws RequestError
   */
  textOf({ query, extensions }: DocumentRequest): string | undefined {
    const hash = hashIn(extensions);
    if (typeof query === 'string') {
      if (hash === undefined || sha256(query) === hash) return query;
      throw new RequestError('BAD_USER_INPUT', 'the sha256Hash is not that of the document in "query"');
    }
    if (hash === undefined) return undefined;
    const text = this.texts.get(hash);
    if (text !== undefined) return text;
    const message = `this server has no document with the SHA-256 ${hash}`;
    throw new RequestError('DOCUMENT_NOT_ALLOWED', message);
  }

  /** @throws RequestError if this document is none of the folder, and others are refused */
  require(document: DocumentNode): void {
    if (!this.only || this.texts.has(sha256(canonical(document)))) return;
    throw new RequestError(
      'DOCUMENT_NOT_ALLOWED',
      'this server answers the documents in KLPREG_GRAPHQL_FOLDER only, and this one is not among them',
    );
  }
}

/** All texts of the operations in a file. */
function textsIn(source: string): string[] {
  const operations = Object.values(separateOperations(parse(source)));
  const texts = operations.flatMap((operation) => [canonical(operation), print(operation)]);
  return operations.length === 1 ? [...texts, source, source.trim()] : texts;
}

/** The text without spaces and comments, its fragments sorted by name: two equal documents have the same. */
function canonical({ definitions }: DocumentNode): string {
  const texts = definitions.map((each) => ({
    name: each.kind === Kind.FRAGMENT_DEFINITION ? each.name.value : '',
    text: print(each),
  }));
  const sorted = texts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return stripIgnoredCharacters(sorted.map(({ text }) => text).join('\n'));
}

/** The hash in `{"persistedQuery": {"version": 1, "sha256Hash": "…"}}`, which most clients send. */
function hashIn(extensions: unknown): string | undefined {
  const asked = (extensions as { persistedQuery?: { sha256Hash?: unknown } } | null | undefined)
    ?.persistedQuery;
  if (asked === undefined) return undefined;
  if (typeof asked?.sha256Hash === 'string' && /^[0-9a-f]{64}$/i.test(asked.sha256Hash))
    return asked.sha256Hash.toLowerCase();
  throw new RequestError(
    'BAD_USER_INPUT',
    'persistedQuery must have the field sha256Hash with 64 hexadecimal digits',
  );
}
