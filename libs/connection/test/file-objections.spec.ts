import { foreign } from '../src/file-objections.js';

test.each([
  [0, 1000, null],
  [1000, 1000, null],
  [1001, 1000, 'belongs to user 1001, and this program runs as user 1000; allowed: this user or root'],
  [1000, 0, 'belongs to user 1000, and this program runs as user 0; allowed: this user or root'],
])('a secret of user %i for user %i', (owner, user, why) => expect(foreign({ uid: owner }, user)).toBe(why));
