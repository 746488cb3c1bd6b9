/** Characters that change the direction of the text around them. */
const DIRECTIONS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Shows what would change the order of a text, as JSON writes it: for sentences and lists with foreign parts. */
export const visible = (text: string): string => text.replaceAll(DIRECTIONS, escaped);
