import page from '../../../../docs/integrating/questions.md?raw';

/** A documented question, and the document that asks it. */
export interface Example {
  readonly chapter: string;
  readonly question: string;
  readonly document: string;
}

const CHAPTER = /^## (?<chapter>.+)/;
const QUESTION = /^\*\*(?<question>[^*]+)\*\*/;
const DOCUMENT = /^```graphql\n(?<document>[^]*?)```/;
const ANY = new RegExp([CHAPTER, QUESTION, DOCUMENT].map(({ source }) => source).join('|'), 'gm');

/** The documents of docs/integrating/questions.md. A test of the server asks each of them. */
export const EXAMPLES: readonly Example[] = [...examplesIn(page)];

function* examplesIn(markdown: string): Generator<Example> {
  let [heading, asked] = ['', ''];
  for (const { groups = {} } of markdown.matchAll(ANY)) {
    const { chapter, question, document } = groups;
    if (chapter !== undefined) heading = chapter;
    else if (question !== undefined)
      asked = question.replaceAll(/[`\n]/g, (mark) => (mark === '\n' ? ' ' : ''));
    else if (document !== undefined) yield { chapter: heading, question: asked, document };
  }
}
