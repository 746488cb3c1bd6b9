/** A JSON Schema (draft 2020-12) of what klpreg writes. */
export interface JsonSchema {
  readonly type: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** Returns the schema of one value. */
function schemaOf(value: unknown): JsonSchema {
  if (value === null) return { type: ['null'] };
  if (Array.isArray(value))
    return { type: ['array'], ...(value.length > 0 && { items: value.map(schemaOf).reduce(merged) }) };
  if (typeof value === 'number') return { type: [Number.isInteger(value) ? 'integer' : 'number'] };
  if (typeof value !== 'object') return { type: [typeof value] };
  const properties = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, schemaOf(each)]));
  return { type: ['object'], properties, required: Object.keys(properties) };
}

/** Returns a schema of the values of both. A field is required if all have it. */
function merged(a: JsonSchema, b: JsonSchema): JsonSchema {
  const types = [...new Set([...a.type, ...b.type])];
  const type = types.includes('number') ? types.filter((each) => each !== 'integer') : types;
  const items =
    a.items !== undefined && b.items !== undefined ? merged(a.items, b.items) : (a.items ?? b.items);
  const properties = a.properties === undefined ? b.properties : bothOf(a.properties, b.properties ?? {});
  const required =
    a.required === undefined || b.required === undefined
      ? (a.required ?? b.required)
      : a.required.filter((key) => b.required!.includes(key));
  return { type, ...(properties && { properties }), ...(required && { required }), ...(items && { items }) };
}

const bothOf = (
  a: Readonly<Record<string, JsonSchema>>,
  b: Readonly<Record<string, JsonSchema>>,
): Record<string, JsonSchema> => ({
  ...b,
  ...Object.fromEntries(
    Object.entries(a).map(([key, each]) => [key, b[key] === undefined ? each : merged(each, b[key])]),
  ),
});

/** Returns the schema of a command, from outputs that have all of its values. */
export function publishedSchema(command: string, outputs: readonly unknown[]): object {
  const { properties, ...schema } = outputs.map(schemaOf).reduce(merged);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:klpreg:schema:${command.replaceAll(' ', ':')}:1`,
    title: `klpreg ${command} -o json`,
    description:
      'Fields are only added, never removed. Texts of closed lists may get new values. schemaVersion changes with ' +
      'anything else.',
    ...schema,
    ...(properties && {
      properties: {
        ...properties,
        ...(properties['schemaVersion'] && { schemaVersion: { const: 1 } }),
        // only what was asked is in it
        ...(properties['question'] && { question: { type: ['object'] } }),
      },
    }),
  };
}

/** Writes a list of one type as that type. */
export const shortTypes = (key: string, value: unknown): unknown =>
  key === 'type' && Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;

/** Returns where a value breaks a schema. Knows the keywords of the published ones. */
export function violations(schema: object, value: unknown, at = ''): string[] {
  const { type, properties, required = [], items } = schema as Partial<JsonSchema>;
  if ('const' in schema) return value === schema.const ? [] : [`${at} is not ${String(schema.const)}`];
  const found = schemaOf(value).type[0]!;
  const allowed = [type!].flat();
  if (!allowed.includes(found) && !(found === 'integer' && allowed.includes('number')))
    return [`${at} is ${found}`];
  if (Array.isArray(value))
    return items === undefined ? [] : value.flatMap((each, i) => violations(items, each, `${at}/${i}`));
  if (found !== 'object' || properties === undefined) return [];
  const fields = value as Record<string, unknown>;
  return [
    ...required.filter((key) => !Object.hasOwn(fields, key)).map((key) => `${at}/${key} is missing`),
    ...Object.keys(fields).flatMap((key) =>
      properties[key] === undefined
        ? [`${at}/${key} is not in the schema`]
        : violations(properties[key], fields[key], `${at}/${key}`),
    ),
  ];
}
