import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintName, type NameRule } from '../../../src/mesh/topic/lint-name.ts';
import { checkProcedureName } from '../../../src/mesh/topic/procedure-name.ts';

const rules = (name: string): readonly NameRule[] => lintName(name).map(({ rule }) => rule);

describe('lintName', () => {
  test.each([
    'myapp.user.get',
    'energy.home.measure',
    'payment.invoice.create',
    'io.macula/beam-campus/hecate/math/add_v1',
    'io.macula/_realm/_realm/auth/check_health_v1',
    'io.macula/beam-campus/hecate/weather/get_current_v1',
    'io.macula/acme/_org/licensing/granted_v2',
    'billing.oauth2.refresh',
    'tls.v3.handshake',
    'r/o/a/creation/recreate_v1',
  ])('%s has no hint: the guides use it, or nothing speaks against it', (name) => {
    expect(lintName(name)).toEqual([]);
  });

  test.each([
    ['io.macula/acme/shop/cart/create_item_v1', 'crud_verb', 'create'],
    ['io.macula/acme/shop/cart/item_deleted_v1', 'crud_verb', 'deleted'],
    ['io.macula/acme/_org/members/update_v3', 'crud_verb', 'update'],
    ['users.42.get', 'id_in_name', '42'],
    ['r/o/a/d/user_123456_v1', 'id_in_name', 'user_123456'],
    [
      'r/o/a/0b0f3f0e-8c41-4a3e-9a55-0a4f1f9f2c11/seen_v1',
      'id_in_name',
      '0b0f3f0e-8c41-4a3e-9a55-0a4f1f9f2c11',
    ],
    ['r/o/a/d/seen_5f1c00aa37de91bb_v1', 'id_in_name', 'seen_5f1c00aa37de91bb'],
    ['r/o/a/d/add_v1_v2', 'second_version', 'add_v1'],
    ['user', 'single_segment', 'user'],
    ['get_user', 'single_segment', 'get_user'],
    ['myapp.User', 'not_accepted', 'myapp.User'],
    ['r/_realm/a/d/n_v1', 'not_accepted', 'r/_realm/a/d/n_v1'],
    ['_dht.find', 'not_accepted', '_dht.find'],
    ['', 'not_accepted', ''],
  ] as const)('%s: %s, about %s', (name, rule, part) => {
    expect(lintName(name)).toMatchObject([{ rule, part }]);
  });

  test('several hints come together, in the order of the name', () => {
    expect(rules('r/o/a/d42/create_123456_v1')).toEqual(['id_in_name', 'crud_verb']);
    expect(rules('r/o/a/7/create_123456_v1_v2')).toEqual([
      'id_in_name',
      'id_in_name',
      'crud_verb',
      'second_version',
    ]);
  });

  test('never throws, and says not_accepted or single_segment exactly when the default refuses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9A-Z_./-]{0,30}$/)), (name) => {
        const refused = rules(name).some((rule) => rule === 'not_accepted' || rule === 'single_segment');
        expect(refused).toBe(!checkProcedureName(name).ok);
      }),
    );
    expect(lintName(42 as never)).toMatchObject([{ rule: 'not_accepted', detail: 'not_a_string' }]);
  });
});
