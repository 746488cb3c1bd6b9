// C0, DEL and C1; the bidirectional controls and line separators that make text look like other text
// eslint-disable-next-line no-control-regex -- control characters are what this finds
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;
const DANGEROUS_BUT_LINES = new RegExp(DANGEROUS.source.replace('\\u0000-\\u001f', '\\u0000-\\u0009\\u000b-\\u001f'), 'g');

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** What a stranger wrote, safe for a terminal: one line, and every character that would steer it is shown as `\uXXXX`. */
export const clean = (text: string): string => text.replaceAll(DANGEROUS, escaped);

/** As `clean`, for text that is ours and has lines. In JSON and double-quoted YAML the result still means the same. */
export const cleanLines = (text: string): string => text.replaceAll(DANGEROUS_BUT_LINES, escaped);
