import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Capabilities, type Errno, REASON_CODES, type Step, ROUTES } from '@klpreg/compat';
import type { Builder } from '@klpreg/module';
import type { AuthorStatement } from '@klpreg/wire';
import {
  buildSchema,
  type GraphQLEnumType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { AUDIT_ACTIONS } from '../src/store/access/audit-actions.js';
import { RULE_SET_NAMES } from '../src/query/question.js';

const schema = buildSchema(readFileSync(path.join(__dirname, '../schema.graphql'), 'utf8'));
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

/** Everything that needs a description, by its place. */
function* described(): Generator<[place: string, description: string | null | undefined]> {
  for (const type of types) {
    yield [type.name, type.description];
    if (isEnumType(type))
      for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const place = `${type.name}.${field.name}`;
      yield [place, field.description];
      for (const argument of 'args' in field ? field.args : [])
        yield [`${place}(${argument.name})`, argument.description];
    }
  }
}

test('every type, field, argument and enum value has a description', () => {
  const without = [...described()].filter(([, description]) => (description ?? '').trim() === '');
  expect(without.map(([place]) => place)).toEqual([]);
});

test('harmful has one definition', () => {
  const defined = [...described()].filter(([, description]) => /\bUNSAFE reason\b/.test(description ?? ''));
  expect(defined.map(([place]) => place)).toEqual(['VerdictCounts.harmful']);
});

test('every page size tells its limit and its default', () => {
  const sizes = [...described()].filter(([place]) => /\((?:first|last)\)$/.test(place));
  expect(sizes.length).toBeGreaterThan(10);
  for (const [place, description] of sizes) {
    const { defaultValue } = argumentAt(place);
    expect({ place, description }).toEqual({ place, description: expect.stringContaining('1 to 100') });
    if (place.endsWith('(first)'))
      expect({ place, is20: defaultValue === 20 || description!.includes('Left out, it is 20') }).toEqual({
        place,
        is20: true,
      });
  }
});

test('what the policy says by default has no other default', () => {
  const byPolicy = [...described()]
    .map(([place]) => place)
    .filter((place) => /\((?:evidence|allow|route|maxAge)\)$/.test(place));
  expect(byPolicy.length).toBeGreaterThan(15);
  const fixed = byPolicy.filter((place) => argumentAt(place).defaultValue !== undefined);
  expect(fixed).toEqual([]);
});

function argumentAt(place: string) {
  const [type, field, argument] = place.split(/[.()]/) as [string, string, string];
  const owner = schema.getType(type);
  if (!isObjectType(owner)) throw new Error(`${type} has no arguments`);
  return owner.getFields()[field]!.args.find(({ name }) => name === argument)!;
}

/** The members of a union. A member that is missing, or that is none, does not compile. */
const membersOf = <Union extends string>(members: Record<Union, true>): string[] => Object.keys(members);
const upper = (texts: readonly string[]): string[] => texts.map((text) => text.toUpperCase());

describe('closed lists are those of the code', () => {
  test.each<[type: string, list: readonly string[]]>([
    ['ReasonCode', REASON_CODES],
    ['Route', ROUTES],
    ['RuleSet', Object.values(RULE_SET_NAMES)],
    [
      'Errno',
      membersOf<Errno>({
        EPERM: true,
        EKEYREJECTED: true,
        ENOEXEC: true,
        EEXIST: true,
        EINVAL: true,
        EBUSY: true,
        ENOENT: true,
      }),
    ],
    [
      'StepAction',
      membersOf<Step['action']>({
        DISABLE: true,
        REMOVE_MODULE: true,
        LOAD: true,
        REVERSE: true,
        WAIT: true,
        REBOOT: true,
      }),
    ],
    [
      'Lockdown',
      upper(
        membersOf<NonNullable<Capabilities['lockdown']>>({
          none: true,
          integrity: true,
          confidentiality: true,
        }),
      ),
    ],
    [
      'UnsupportedOperation',
      upper(membersOf<AuthorStatement['unsupported'][number]>({ load: true, disable: true, replace: true })),
    ],
    [
      'AuditAction',
      [...AUDIT_ACTIONS.map((action) => upper([action])[0]!.replaceAll(/[-.]/g, '_')), 'OTHER'],
    ],
    ['Builder', membersOf<Builder>({ STATIC: true, KPATCH_BUILD: true, KLP_BUILD: true, UNKNOWN: true })],
  ])('%s', (type, list) => {
    const values = (schema.getType(type) as GraphQLEnumType).getValues().map(({ name }) => name);
    expect(values.toSorted()).toEqual(list.toSorted());
  });
});
