import fc from 'fast-check';
import { newToken, readToken, TOKEN_KINDS } from '../../src/access/token-text.js';

const TOKEN = newToken('reader');

it.each(TOKEN_KINDS)('a new %s token has its kind, 43 random characters and a checksum', (kind) => {
  const token = newToken(kind);
  expect(token).toMatch(new RegExp(`^klpreg_${kind}_[\\w-]{43}_[0-9A-Za-z]{6}$`));
  expect(readToken(token)).toBe(kind);
});

it('the checksum is the same in every version', () => {
  expect(readToken(`klpreg_admin_${'A'.repeat(43)}_2vcTOX`)).toBe('admin');
});

it.each<[string, string, ReturnType<typeof readToken>]>([
  ['a token without its last character was cut', TOKEN.slice(0, -1), 'DAMAGED'],
  ['a token without its checksum was cut', TOKEN.slice(0, -7), 'DAMAGED'],
  ['a kind alone was cut', 'klpreg_admin_', 'DAMAGED'],
  ['a token with one character more was mistyped', `${TOKEN}0`, 'DAMAGED'],
  ['a token with the kind of another was mistyped', TOKEN.replace('reader', 'admin'), 'DAMAGED'],
  // cspell:ignore raeder
  ['a kind that does not exist was mistyped', TOKEN.replace('reader', 'raeder'), 'DAMAGED'],
  ['a token of the form without a kind is looked up', `klpreg_${'x'.repeat(43)}`, 'UNMARKED'],
  ['a text of another form is looked up', 'secret', 'UNMARKED'],
  ['an empty text is looked up', '', 'UNMARKED'],
])('%s', (_name, token, form) => {
  expect(readToken(token)).toBe(form);
});

it('one wrong character is always found', () => {
  const character = fc.stringMatching(/^[\w-]$/);
  fc.assert(
    fc.property(fc.constantFrom(...TOKEN_KINDS), fc.nat(), character, (kind, at, other) => {
      const token = newToken(kind);
      const i = 'klpreg_'.length + (at % (token.length - 'klpreg_'.length));
      fc.pre(token[i] !== other);
      expect(readToken(token.slice(0, i) + other + token.slice(i + 1))).toBe('DAMAGED');
    }),
  );
});
