/**
 * Characters that control a terminal or make a text look like another one: control characters (C0, DEL, C1),
 * format characters (bidirectional marks, embeddings, overrides and isolates, joiners, tags),
 * line and paragraph separators, lone surrogates.
 */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const DANGEROUS_BUT_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Escapes as JSON does: one `\uXXXX` for each UTF-16 code unit. */
const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');

/** Makes untrusted text safe for a terminal: one line, with dangerous characters escaped as `\uXXXX`. */
export const clean = (text: string): string => text.replaceAll(DANGEROUS, escaped);

/** Does the same for text of several lines. JSON and double-quoted YAML keep their meaning. */
export const cleanLines = (text: string): string => text.replaceAll(DANGEROUS_BUT_LINES, escaped);
