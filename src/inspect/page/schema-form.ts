/**
 * The fields of a form for what a JSON Schema describes. Pure.
 *
 * Only what a form can say truly: an object whose properties are texts, numbers, yes or no, or one of a few. Any other property is a
 * field of JSON, and where the whole is no plain object there is no form at all. Schemas may come from peers: what is odd is left to
 * JSON, and whether the args are right is judged by the provider.
 */
import { isFields, type Fields } from './reader.ts';

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'json';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** What its schema says of it; empty: nothing. */
  readonly about: string;
  /** Of `choice`, as JSON. */
  readonly choices: readonly string[];
  /** What stands in it at first, as somebody would type it. */
  readonly initial: string;
}

export type Typed =
  | { readonly ok: true; readonly args: unknown }
  /** `field`: in which one. */
  | { readonly ok: false; readonly field: string; readonly error: string };

const MOST_FIELDS = 24;
const MOST_CHOICES = 50;
const LONGEST = 300;
/** With these a schema says more than its properties do. */
const COMPOSED = [
  '$ref',
  '$dynamicRef',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'patternProperties',
  'dependentSchemas',
];

/** Undefined: a form cannot say it. Empty: it takes nothing. */
export function fieldsOf(schema: unknown): readonly Field[] | undefined {
  if (
    !isFields(schema) ||
    schema['type'] !== 'object' ||
    COMPOSED.some((word) => Object.hasOwn(schema, word))
  )
    return undefined;
  const { properties = {}, required = [] } = schema;
  if (!isFields(properties) || !Array.isArray(required)) return undefined;
  const entries = Object.entries(properties);
  if (entries.length > MOST_FIELDS) return undefined;
  // what must be there and is not described can only be written
  if (required.some((name) => typeof name !== 'string' || !Object.hasOwn(properties, name))) return undefined;
  return entries.map(([name, property]) => fieldOf(name, property, required.includes(name)));
}

function fieldOf(name: string, schema: unknown, required: boolean): Field {
  const given = isFields(schema) ? schema : {};
  const kind = kindOf(given);
  const choices = kind === 'choice' ? choicesOf(given) : [];
  const field = { name, kind, required, about: aboutOf(given, kind), choices };
  return { ...field, initial: initialOf(field, given) };
}

function kindOf(schema: Fields): FieldKind {
  if (COMPOSED.some((word) => Object.hasOwn(schema, word))) return 'json';
  if (choicesOf(schema).length > 0) return 'choice';
  if (Object.hasOwn(schema, 'enum')) return 'json';
  switch (schema['type']) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
    case 'boolean':
      return schema['type'];
    default:
      return 'json';
  }
}

function choicesOf(schema: Fields): readonly string[] {
  const all = Object.hasOwn(schema, 'const') ? [schema['const']] : schema['enum'];
  if (!Array.isArray(all) || all.length === 0 || all.length > MOST_CHOICES) return [];
  const simple = all.every(
    (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return simple ? all.map((value) => JSON.stringify(value)) : [];
}

function aboutOf(schema: Fields, kind: FieldKind): string {
  const said = [
    wordOf(schema, 'description'),
    kind === 'json'
      ? `JSON${typeof schema['type'] === 'string' ? `, ${schema['type']}` : ''}`
      : wordOf(schema, 'format'),
    rangeOf(schema['minimum'] ?? schema['minLength'], schema['maximum'] ?? schema['maxLength'], kind),
  ];
  return said
    .filter((word) => word !== '')
    .join(' · ')
    .slice(0, LONGEST);
}

const wordOf = (schema: Fields, key: string): string => {
  const word = schema[key];
  return typeof word === 'string' ? word.slice(0, LONGEST) : '';
};

function rangeOf(least: unknown, most: unknown, kind: FieldKind): string {
  const [from, to] = [limitOf(least), limitOf(most)];
  const unit = kind === 'text' ? ' characters' : '';
  if (from !== '' && to !== '') return `${from} to ${to}${unit}`;
  if (from !== '') return `at least ${from}${one(from, unit)}`;
  return to === '' ? '' : `at most ${to}${one(to, unit)}`;
}

const one = (limit: string, unit: string): string => (limit === '1' ? unit.replace(/s$/, '') : unit);

/** Beyond it a bound is that of the kind of number: nobody has to be told. */
const limitOf = (limit: unknown): string =>
  typeof limit === 'number' && Math.abs(limit) < Number.MAX_SAFE_INTEGER ? String(limit) : '';

function initialOf({ kind, required, choices }: Omit<Field, 'initial'>, schema: Fields): string {
  if (Object.hasOwn(schema, 'default')) return typedOf(kind, schema['default'], choices) ?? '';
  if (kind === 'choice' && required) return choices[0] ?? '';
  return kind === 'boolean' && required ? 'false' : '';
}

/** A value as somebody would type it; undefined: that cannot be. */
function typedOf(kind: FieldKind, value: unknown, choices: readonly string[]): string | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'number':
    case 'integer':
      return typeof value === 'number' ? String(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'choice': {
      const json = JSON.stringify(value) as string | undefined;
      return json !== undefined && choices.includes(json) ? json : undefined;
    }
    case 'json':
      return JSON.stringify(value);
  }
}

/** The args that were typed. An empty field that need not be there is left out. */
export function argsOf(fields: readonly Field[], typed: ReadonlyMap<string, string>): Typed {
  const args: [string, unknown][] = [];
  for (const field of fields) {
    const { name } = field;
    const value = valueOf(field, typed.get(name) ?? '');
    if (typeof value === 'string') return { ok: false, field: name, error: value };
    if (value !== undefined) args.push([name, value.value]);
  }
  // whatever a name is, it is a name of its own
  return { ok: true, args: Object.fromEntries(args) };
}

/** Undefined: it is left out. A text: why that is none. */
function valueOf(
  { kind, required, choices }: Field,
  typed: string,
): { readonly value: unknown } | string | undefined {
  if (typed === '' && !required) return undefined;
  switch (kind) {
    case 'text':
      return { value: typed };
    case 'number':
    case 'integer': {
      const value = typed.trim() === '' ? NaN : Number(typed);
      if (!Number.isFinite(value)) return 'must be a number';
      return kind === 'number' || Number.isInteger(value) ? { value } : 'must be a whole number';
    }
    case 'boolean':
      return typed === 'true' || typed === 'false' ? { value: typed === 'true' } : 'must be yes or no';
    case 'choice':
      return choices.includes(typed)
        ? { value: JSON.parse(typed) as unknown }
        : 'must be one of those offered';
    case 'json':
      try {
        return { value: JSON.parse(typed) as unknown };
      } catch {
        return 'must be JSON';
      }
  }
}

/** What was written as JSON, typed into the fields; undefined: they cannot say it. */
export function typedInto(fields: readonly Field[], args: unknown): ReadonlyMap<string, string> | undefined {
  if (!isFields(args)) return undefined;
  const typed = new Map<string, string>();
  for (const [name, value] of Object.entries(args)) {
    const field = fields.find((each) => each.name === name);
    const text = field === undefined ? undefined : typedOf(field.kind, value, field.choices);
    if (text === undefined) return undefined;
    typed.set(name, text);
  }
  return typed;
}
