import { describe, expect, test } from 'vitest';
import * as espalier from '../../../src/index.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { realValue, vectors } from '../../codec/vectors.ts';

const builders: Readonly<Record<string, (...args: never[]) => string>> = {
  realm_fact: espalier.realmFact,
  realm_hope: espalier.realmHope,
  org_fact: espalier.orgFact,
  org_hope: espalier.orgHope,
  app_fact: espalier.appFact,
  app_hope: espalier.appHope,
  build: espalier.buildTopic,
};

interface Input {
  readonly op: string;
  readonly args?: readonly unknown[];
}

const FIELDS = ['realm', 'org', 'app', 'domain', 'name', 'version'];

describe('the builders of the public API', () => {
  test.each(
    vectors<Input, { readonly ok?: string; readonly error?: { readonly tag: string } }>(
      'topics-build',
    ).filter(({ input }) => input.op !== 'property'),
  )(
    'vector: $name gives the name, or throws invalid_args that names the argument',
    ({ input, expect: wanted }) => {
      const builder = builders[input.op] ?? expect.fail(`unknown op ${input.op}`);
      const args = input.args ?? [Object.fromEntries(Object.entries(input).map(([k, v]) => [k, asGiven(v)]))];
      const build = (): string => builder(...(args as never[]));
      if (wanted.ok !== undefined) return expect(build()).toBe(wanted.ok);
      let thrown: unknown;
      try {
        build();
      } catch (error) {
        thrown = error;
      }
      const { failure } = thrown instanceof RpcError ? thrown : expect.fail('it was built');
      expect(failure.tag).toBe('invalid_args');
      expect(FIELDS).toContain(failure.tag === 'invalid_args' ? failure.field : '');
    },
  );

  test('a wrong tier blames the slot that has to change', () => {
    const fieldOf = (org: string, app: string): unknown => {
      try {
        return espalier.buildTopic({ realm: 'r', org, app, domain: 'd', name: 'n', version: 1 });
      } catch (error) {
        return (error as RpcError).failure;
      }
    };
    expect(fieldOf('_realm', 'a')).toMatchObject({ field: 'app' });
    expect(fieldOf('o', '_realm')).toMatchObject({ field: 'org' });
    expect(fieldOf('_org', 'a')).toMatchObject({ field: 'org' });
  });
});

/** An Erlang atom is a name that is no string. */
const asGiven = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$atom' in value
    ? Symbol(value.$atom as string)
    : realValue(value);
