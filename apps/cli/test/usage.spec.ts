import { expectGolden } from './golden.js';
import { klpreg } from './environment.js';

test.each([
  [[]],
  [['can-i-downgrade']],
  [['can-i-deploy']],
  [['plan']],
  [['drift']],
  [['nagios']],
  [['explain']],
  [['hosts']],
  [['states']],
  [['host', 'changes']],
  [['host', 'add']],
  [['host', 'label']],
  [['host', 'retire']],
  [['host', 'release']],
  [['host', 'reset']],
  [['host', 'baseline']],
  [['patch', 'inspect']],
  [['patch', 'publish']],
  [['patch', 'statement']],
  [['patch', 'recall']],
  [['patch', 'transfer']],
  [['owner', 'set']],
  [['patch', 'list']],
  [['patch', 'show']],
  [['policy']],
  [['policy', 'apply']],
  [['token', 'create']],
  [['token', 'list']],
  [['token', 'revoke']],
  [['login']],
  [['logout']],
  [['enrolment']],
  [['enrolment', 'list']],
  [['enrolment', 'token', 'create']],
  [['decision', 'list']],
  [['decision', 'show']],
  [['waiver', 'add']],
  [['waiver', 'list']],
  [['waiver', 'revoke']],
  [['certificate']],
  [['certificate', 'show']],
  [['certificate', 'verify']],
  [['certificate', 'check']],
  [['certificate', 'key']],
  [['version']],
  [['schema']],
  [['completion']],
])('%j has a help text', async (words) => {
  const { exit, out, err } = await klpreg([...words, '--help']);
  expect(exit).toBe(0);
  expect(err).toBe('');
  expectGolden(`help-${words.join('-') || 'klpreg'}.txt`, out);
});

test.each([[['help']], [['help', 'explain']], [['patch', 'help', 'lint']]])(
  '%j shows help and exits with 0',
  async (words) => {
    process.exitCode = 4; // as main.ts does before a decision is made
    const { exit, out } = await klpreg(words);
    process.exitCode = 0;
    expect([exit, out.startsWith('Usage: klpreg')]).toEqual([0, true]);
  },
);

test.each<[words: string[], said: RegExp]>([
  [[], /Usage: klpreg/],
  [['patch'], /Usage: klpreg patch/],
  [['can-i-downgrades', '--to', 'x'], /Did you mean can-i-downgrade\?/],
  [['patch', 'inspects', 'x.ko'], /Did you mean inspect\?/],
  [['hosts', '--were', 'a=b'], /Did you mean --where\?/],
  [['token', 'create', 'x', '--role', 'root'], /'root' is not a role/],
  [['token', 'create', 'x', '--role', 'reader', '--scope', '!env'], /env needs its values/],
  [['token', 'revoke', 'x'], /required option '--reason/],
  [['can-i-downgrade'], /required option '--to <target>' not specified/],
  [['can-i-downgrade', '--to', 'original', 'web-1'], /too many arguments/],
  [['drift', '--to', 'original', '--from', 'noon'], /--from: 'noon' is neither an instant nor an age/],
  [
    ['drift', '--to', 'original', '--from', '1h', '--until', '2026-11-24T10:00:00'],
    /--until: .* has no time zone/,
  ],
  [['plan'], /either --to or --newest/],
  [['plan', '--to', 'original', '--newest'], /either --to or --newest/],
  [['plan', '--newest', '--at-once', '0'], /'0' is not a number from 1 to 999/],
  [['can-i-downgrade', '--to', 'release:'], /has no name after the colon/],
  [['can-i-downgrade', '--to', 'build-id:xyz'], /'xyz' is not a build-id/],
  [['can-i-downgrade', '--to', 'original', '--leaving', 'a'], /--leaving cannot be used with/],
  [['can-i-downgrade', '--to', 'original', '--where', 'a=='], /a==\n {4}\^/],
  [
    ['can-i-downgrade', '--to', 'original', '--route', 'teleport'],
    /'teleport' is unknown[^]*none-needed, reverse/,
  ],
  [['can-i-downgrade', '--to', 'original', '--min-evidence', 'rumour'], /'rumour' is unknown/],
  [['can-i-downgrade', '--to', 'original', '--rules', 'klp-9'], /'klp-9' is unknown/],
  [['can-i-downgrade', '--to', 'original', '--max-age', '15'], /'15' is not a duration/],
  [['can-i-downgrade', '--to', 'original', '--wait', 'soon'], /'soon' is not a duration/],
  [['can-i-downgrade', '--to', 'original', '--max-refused', '101%'], /'101%' is neither/],
  [['can-i-downgrade', '--to', 'original', '--max-refused', '-1'], /neither a number|argument missing/],
  [['can-i-downgrade', '--to', 'original', '--allow', 'symbols'], /'symbols' is not the code/],
  [
    ['can-i-downgrade', '--to', 'original', '--snapshot', 'x', '--as-of', '15m'],
    /--snapshot and --as-of cannot be used together/,
  ],
  [['can-i-downgrade', '--to', 'original', '--snapshot', ''], /--snapshot: '' is not the id of a snapshot/],
  [
    ['can-i-downgrade', '--to', 'original', '--snapshot', 'null'],
    /--snapshot: 'null' is not the id of a snapshot[^]*snapshot.id/,
  ],
  [
    ['can-i-downgrade', '--to', 'original', '--snapshot', 'a b'],
    /--snapshot: 'a b' is not the id of a snapshot/,
  ],
  [['can-i-downgrade', '--to', 'original', '--as-of', ''], /--as-of: '' is neither/],
  [
    ['can-i-downgrade', '--to', 'original', '--as-of', '2026-11-24T10:00:00'],
    /has no time zone\n {2}write 2026-11-24T10:00:00Z/,
  ],
  [['can-i-downgrade', '--to', 'original', '--catalog', 'now'], /--catalog requires --snapshot or --as-of/],
  [
    ['can-i-downgrade', '--to', 'original', '--as-of', '1h', '--catalog', 'soon'],
    /--catalog: 'soon' is unknown\n {2}write one of then, now/,
  ],
  [
    ['can-i-downgrade', '--to', 'original', '--as-of', '1h', '--wait', '10m'],
    /--wait cannot be used with --as-of or --snapshot/,
  ],
  [['explain', 'web-1', '--as-of', 'noon'], /--as-of: 'noon' is neither/],
  [['explain', 'web-1', '--snapshot', 'x'], /unknown option '--snapshot'/],
  [['hosts', '--as-of', '2026-11-24T10:00:00'], /has no time zone/],
  [['hosts', '--limit', '0'], /'0' is not a number/],
  [['hosts', '--sort', 'age'], /--sort: 'age' is no order/],
  [['hosts', '--without-decision', '1d'], /--without-decision needs the time since which hosts have changed/],
  [
    ['hosts', '--where', 'changed=1d', '--without-decision', 'x'],
    /--without-decision: 'x' is not a duration/,
  ],
  [
    ['hosts', '--where', 'changed=1d', '--without-decision', '1d', '--as-of', '2h'],
    /--without-decision is about the present/,
  ],
  [['host', 'changes', 'web-1', '--from', 'noon'], /--from: 'noon' is neither/],
  [['patch', 'list', '--state', '18446744073709551616'], /is not an unsigned 64-bit number/],
  [['patch', 'recall', 'abc', '--reason', 'x'], /'abc' is not a build-id/],
  [['patch', 'recall', '00112233445566778899aabbccddeeff00112233'], /requires --reason/],
  [['patch', 'transfer', 'abc', '--to', 'o', '--reason', 'x'], /'abc' is not a build-id/],
  [['patch', 'transfer', '00'.repeat(20), '--to', 'a team', '--reason', 'x'], /--to: 'a team' is not a name/],
  [
    ['patch', 'publish', 'x.ko', '--release', 'lp 1', '--owner', 'o'],
    /--release: 'lp 1' is not a name: it must be/,
  ],
  [['patch', 'publish', 'x.ko', '--release', 'lp-1', '--owner', ''], /--owner: '' is not a name/],
  [['owner', 'set', 'a b', '--allow-unsigned', '--reason', 'x'], /owner: 'a b' is not a name/],
  [
    ['token', 'create', 'x', '--role', 'publisher', '--owner', 'a b'],
    /--owner: 'a b' is not a name[^]*1 to 128 letters, digits/,
  ],
  [['owner', 'set', 'o', '--reason', 'x'], /either --require-signed or --allow-unsigned/],
  [['owner', 'set', 'o', '--require-signed', '--allow-unsigned', '--reason', 'x'], /either --require-signed/],
  [['owner', 'set', 'o', '--allow-unsigned', '--from', '2027-01-01', '--reason', 'x'], /--from needs/],
  [['owner', 'set', 'o', '--require-signed', '--from', 'soon', '--reason', 'x'], /'soon' is not a time/],
  [['explain', 'web-1', '--route', 'best'], /flags of a question need --to/],
  [['host', 'add', 'web-1', '--label', 'env'], /'env' is not a label/],
  [['host', 'add', 'web-1', '--label', 'agent.env=x'], /is a label that the host's agent reports/],
  [['schema', 'can-i'], /'can-i' has no schema/],
  [['hosts', '-o', 'xml'], /'xml' is not an output format/],
])('%j is a usage error', async (words, said) => {
  // The error comes before any request.
  const { exit, out, err } = await klpreg(
    [...words, '--url', 'http://127.0.0.1:1'].slice(0, words.length === 0 ? 0 : undefined),
  );
  expect(err).toMatch(said);
  expect(exit).toBe(2);
  expect(out).toBe('');
});
