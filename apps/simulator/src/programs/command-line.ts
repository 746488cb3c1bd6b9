/** A command as one would type it: words that a shell would take apart are quoted. */
export const commandLine = (program: string, words: readonly string[]): string => [program, ...words.map(quoted)].join(' ');

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
