/** An example of a page: what is asked, and the answer that the page shows. */
export interface Example {
  /** The question or heading above it. */
  readonly title: string;
  readonly language: 'graphql' | 'console';
  /** The whole text of it. */
  readonly block: string;
  /** The document, or the commands with what they wrote. */
  readonly content: string;
}

const BLOCK = /```(graphql|console)\n([^]*?)```\n(?:\n```json\n[^]*?```\n)?/g;

/** Returns the examples of a page in their order. */
export const examplesOf = (page: string): Example[] =>
  [...page.matchAll(BLOCK)].map((found) => {
    const [block, language = '', content = ''] = found;
    const titles = [...page.slice(0, found.index).matchAll(/^\*\*([^*]+)\*\*|^## (.+)/gm)].at(-1)!;
    const title = (titles[1] ?? titles[2])!.replaceAll('\n', ' ');
    return { title, language: language as Example['language'], block, content };
  });

/** Returns the commands of a console block. Those that follow a prompt are commands. */
export const commandsOf = (content: string): string[] =>
  [...content.matchAll(/^\$ (.*)$/gm)].map(([, command]) => command!);

/** Splits a command into words, as a shell does with single quotes. */
export const wordsOf = (command: string): string[] =>
  [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));

const WIDTH = 118;

/** Formats JSON with as many values on a line as fit. */
export function laidOut(value: unknown, indent = '', before = 0): string {
  const line = JSON.stringify(value, null, 1)
    .replaceAll(/([[{])\n\s*|\n\s*([\]}])/g, '$1$2')
    .replaceAll(/\n\s*/g, ' ');
  if (typeof value !== 'object' || value === null || indent.length + before + line.length < WIDTH)
    return line;
  const isList = Array.isArray(value);
  const entries = Object.entries(value).map(([key, each]) => [isList ? '' : `"${key}": `, each] as const);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  const [[name, only] = ['', null], ...others] = entries;
  // a value that stands alone needs no lines of its own
  if (others.length === 0) return `${open}${name}${laidOut(only, indent, before + name.length + 3)}${close}`;
  const inner = `${indent}  `;
  const lines: string[] = [];
  for (const [key, each] of entries) {
    const item = key + laidOut(each, inner, key.length);
    const last = lines.at(-1);
    const both = `${last}, ${item}`;
    const fits = last !== undefined && inner.length + both.length < WIDTH && !both.includes('\n');
    if (fits && !isList) lines[lines.length - 1] = both;
    else lines.push(item);
  }
  return `${open}${isList || before > 0 || indent === '' ? `\n${inner}` : ''}${lines.join(`,\n${inner}`)}${close}`;
}

/** Shortens the ids of points in time, which are long and differ in each run. */
export const shortened = (text: string): string =>
  text.replaceAll(/\bWyJ[\w-]{50,}/g, (id) => `${id.slice(0, 8)}…`);

/** Replaces what differs in each run. */
export const normalized = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replaceAll(/(?<="(?:age|p50|p95)Seconds": )[\d.]+/g, 'N')
    .replaceAll(/\bWyJ[\w-]{5,}…?/g, 'SNAPSHOT')
    .replaceAll(/\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{64}\b/g, 'HASH')
    .replaceAll(/\brules \d{4}-\d\d-\d\d\.\d+/g, 'rules VERSION');
