/**
 * How an event of the log is declared: its level, its fields and what it means. Types only.
 *
 * A declaration is data, so that documents and tests can be compared with it, and it types the fields that an
 * emission has to give: one that is missing, misspelled or of another type does not compile.
 */

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

/** `ms` are milliseconds, `bytes` bytes; both are numbers in the log. */
type FieldType = 'string' | 'number' | 'ms' | 'bytes' | 'boolean' | 'object';

/** With a question mark: may be absent. */
export type FieldSpec = FieldType | `${FieldType}?`;

export interface EventDefinition {
  readonly level: EventLevel;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  /** One line for people. */
  readonly meaning: string;
  /** Lines per second at most; the next one says as `skipped` how many were left out before it. */
  readonly perSecond?: number;
}

interface Values {
  readonly string: string;
  readonly number: number;
  readonly ms: number;
  readonly bytes: number;
  readonly boolean: boolean;
  readonly object: object;
}

type Base<S> = S extends `${infer T}?` ? T : S;
type ValueOf<S> = Base<S> extends keyof Values ? Values[Base<S>] : never;
type Optional<F> = { [K in keyof F]: F[K] extends `${string}?` ? K : never }[keyof F];

/** What an event carries. */
export type FieldsOf<D extends EventDefinition> = {
  readonly [K in Exclude<keyof D['fields'], Optional<D['fields']>>]: ValueOf<D['fields'][K]>;
} & { readonly [K in Optional<D['fields']>]?: ValueOf<D['fields'][K]> | undefined };
