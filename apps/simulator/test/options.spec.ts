import { help, NUMBERS, readOptions } from '../src/run/options.js';

test('without options: the defaults that --help lists', () => {
  const options = readOptions([]);
  for (const [name, [, value]] of Object.entries(NUMBERS))
    expect(options[name as keyof typeof options]).toBe(value);
  expect(options).toMatchObject({
    hosts: 10_000,
    seed: 1,
    minutes: null,
    interval: null,
    url: null,
    token: null,
    json: false,
    calm: false,
    'load-only': false,
  });
});

test('values with and without =', () => {
  expect(
    readOptions(['--hosts=20', '--seed', '7', '--json', '--minutes', '0.5', '--url', 'http://a:1']),
  ).toMatchObject({
    hosts: 20,
    seed: 7,
    json: true,
    minutes: 0.5,
    url: 'http://a:1',
  });
});

test('--calm switches off all events, except those that are given', () => {
  expect(readOptions(['--calm', '--clones', '0.5'])).toMatchObject({
    changes: 0,
    'rollout-share': 0,
    'outage-share': 0,
    gone: 0,
    'faulty-hosts': 0,
    clones: 0.5,
  });
});

test.each<[args: string[], message: string]>([
  [['--hosts', 'ten'], '--hosts: must be a whole number from 1 to 5000000, found "ten"'],
  [['--hosts', '0'], '--hosts: must be a whole number from 1 to 5000000, found "0"'],
  [['--hosts', '1.5'], '--hosts: must be a whole number from 1 to 5000000, found "1.5"'],
  [['--hosts'], '--hosts: must be a whole number from 1 to 5000000, found nothing'],
  [['--changes', '2'], '--changes: must be a share from 0 to 1, found "2"'],
  [['--speed', '-1'], '--speed: must be a number from 0.01 to 1000, found "-1"'],
  [['--speed', '1e3'], 'found "1e3"'],
  [['--batch=1001'], '--batch: must be a whole number from 0 to 1000, found "1001"'],
  [['--host', '3'], '--host: unknown option; --help lists the options'],
  [['hosts'], 'hosts: unknown option'],
  [['--__proto__', '1'], 'unknown option'],
  [['--constructor'], 'unknown option'],
  [['--json=yes'], '--json: takes no value, found "yes"'],
  [['--seed', '1', '--seed', '2'], '--seed: given twice'],
  [['--url', 'localhost'], '--url: must start with http:// or https://, found "localhost"'],
  [['--token', ''], '--token: needs a value'],
  [['--token', '--json'], '--token: needs a value, found --json'],
  [['--load-only', '--skip-load'], 'cannot be combined'],
])('%j is rejected', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test('--help has a line for each option, with the allowed values and the default', () => {
  for (const [name, [kind, value]] of Object.entries(NUMBERS)) {
    const line = help()
      .split('\n')
      .find((text) => text.includes(`--${name} `))!;
    expect(line).toContain(`${kind.min} to ${kind.max}`);
    if (value !== null) expect(line).toContain(`(default: ${value})`);
  }
  const others = [
    'url',
    'token',
    'load-only',
    'skip-load',
    'skip-publish',
    'own-labels',
    'calm',
    'json',
    'help',
  ];
  for (const name of others) expect(help()).toContain(`  --${name}`);
});
