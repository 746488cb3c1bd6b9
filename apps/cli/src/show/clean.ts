/**
 * What steers a terminal, or makes a text look like another one: control characters (C0, DEL, C1), whatever is a format and no sign by itself (marks, embeddings, overrides and
 * isolates of direction, joiners, tags), separators of lines and paragraphs, halves of surrogate pairs.
 */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const DANGEROUS_BUT_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** As JSON writes it: one `\uXXXX` for each UTF-16 unit. */
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');

/** What a stranger wrote, safe for a terminal: one line, and every character that would steer it is shown as `\uXXXX`. */
export const clean = (text: string): string => text.replaceAll(DANGEROUS, escaped);

/** As `clean`, for text that is ours and has lines. In JSON and double-quoted YAML the result still means the same. */
export const cleanLines = (text: string): string => text.replaceAll(DANGEROUS_BUT_LINES, escaped);
