/** What the signatures of contracts say. Nothing here runs but the compiler. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as Schema from 'effect/Schema';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  err,
  procedure,
  server,
  type Client,
  type Result,
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
} from '../../../src/index.ts';
import type { ServerRef } from '../../../src/otp.ts';

declare const client: Client;

const zodded = procedure('myapp.user.get', {
  args: z.object({
    id: z.string(),
    since: z
      .string()
      .transform((text) => new Date(text))
      .optional(),
  }),
  result: z.object({ name: z.string(), seen: z.string().transform((text) => new Date(text)) }),
});
const valibotted = procedure('myapp.user.list', {
  args: v.object({ limit: v.optional(v.number(), 10) }),
  result: v.array(v.string()),
});
const effected = procedure('myapp.user.count', {
  args: Schema.toStandardSchemaV1(Schema.Struct({ role: Schema.String })),
  result: Schema.toStandardSchemaV1(Schema.NumberFromString),
});

/** Checked, never called. */
const unused = (..._checks: readonly (() => unknown)[]): void => {};

describe('a contract', () => {
  test('gives the caller what the schema reads, and takes what it is written as', () => {
    unused(
      () =>
        expectTypeOf(client.call(zodded, { id: 'u1', since: '2026' })).resolves.toEqualTypeOf<{
          name: string;
          seen: Date;
        }>(),
      () => expectTypeOf(client.call(valibotted, {})).resolves.toEqualTypeOf<string[]>(),
      () => expectTypeOf(client.call(effected, { role: 'admin' })).resolves.toEqualTypeOf<number>(),
      () =>
        expectTypeOf(client.tryCall(effected, { role: 'admin' })).resolves.toEqualTypeOf<Result<number>>(),
      // @ts-expect-error no id
      () => client.call(zodded, {}),
      // @ts-expect-error a number
      () => client.call(zodded, { id: 7 }),
      // @ts-expect-error args are required
      () => client.call(zodded),
      () => client.call(valibotted),
      () => client.call(valibotted, undefined, { timeout: 10 }),
      () => client.call(zodded, { id: 'a' }, { timeout: 10 }),
      // @ts-expect-error no option
      () => client.call(zodded, { id: 'a' }, { timeOut: 10 }),
    );
  });

  test('gives the handler what the schema reads, and wants what it is written as', () => {
    unused(
      () =>
        client.advertise(zodded, (args, { caller }) => {
          expectTypeOf(args).toEqualTypeOf<{ id: string; since?: Date | undefined }>();
          expectTypeOf(caller.nodeId).toEqualTypeOf<string>();
          return { name: 'Alice', seen: '2026-01-01' };
        }),
      () => client.advertise(zodded, ({ id }) => (id === '' ? err('no_id') : { name: id, seen: '' })),
      () => client.advertise(zodded, async ({ id }) => ({ name: id, seen: '' })),
      () => client.advertise(valibotted, () => new Promise((resolve) => resolve(['a']))),
      () => client.advertise(effected, () => '7', { ttl: 60 }),
      () => client.advertise(effected, server({} as ServerRef)),
      // @ts-expect-error the result is written as text
      () => client.advertise(effected, () => 7),
      // @ts-expect-error no name
      () => client.advertise(zodded, () => ({ seen: '' })),
      // @ts-expect-error nor in a promise
      () => client.advertise(zodded, async () => ({ seen: '' })),
    );
  });

  test('leaves calls by name as they were', () => {
    unused(
      () => expectTypeOf(client.call('a.b')).resolves.toEqualTypeOf<unknown>(),
      () => expectTypeOf(client.call<number>('a.b', { a: 1 })).resolves.toEqualTypeOf<number>(),
      () => client.advertise('a.b', ({ a }: { a: number }) => a),
      () => client.advertise('a.b', () => new Promise((resolve) => resolve('done'))),
      () => client.advertise('a.b', () => 1, { schema: z.object({}) }),
    );
  });
});

describe('our Standard Schema', () => {
  test('is the one of the specification, as far as it goes', () => {
    expectTypeOf<StandardSchemaV1<string, number>>().toExtend<StandardSchema<string, number>>();
    expectTypeOf<SchemaInput<StandardSchemaV1<string, number>>>().toEqualTypeOf<string>();
    expectTypeOf<SchemaOutput<StandardSchemaV1<string, number>>>().toEqualTypeOf<number>();
  });
});
