/** A path names an actor as it is shown. */
import { describe, expect, test } from 'vitest';
import { findActor, rootOf } from '../../../src/cli/inspect/find-actor.ts';
import { nested } from '../../../src/cli/inspect/once.ts';
import { entriesOf } from '../../../src/cli/inspect/entries.ts';
import { modelOf, rowOf, SMALL } from './rows.ts';

describe('findActor', () => {
  const model = modelOf([
    rowOf('<0.1>', null, { name: 'node' }),
    rowOf('<0.2>', '<0.1>', { name: 'handlers' }),
    rowOf('<0.3>', '<0.2>', { name: 'users/manage' }),
    rowOf('<0.4>', '<0.3>', { name: 'one\u001b' }),
    rowOf('<0.5>', '<0.2>', { name: 'twin', after: '<0.3>' }),
    rowOf('<0.6>', '<0.2>', { name: 'twin', after: '<0.5>' }),
  ]);
  const found = (id: string): object => ({ tag: 'found', id });

  test('by its names with / between, with the root or without, also when a name has one in it', () => {
    for (const path of ['handlers', '/handlers/', 'node/handlers'])
      expect([path, findActor(model, path)]).toEqual([path, found('<0.2>')]);
    expect(findActor(model, 'handlers/users/manage')).toEqual(found('<0.3>'));
    for (const path of ['', '/', 'node']) expect(findActor(model, path)).toEqual(found('<0.1>'));
  });

  test('by its id, with brackets or without, and by a name as it is shown', () => {
    for (const id of ['<0.3>', '0.3']) expect(findActor(model, id)).toEqual(found('<0.3>'));
    expect(findActor(model, 'handlers/users/manage/one\ufffd')).toEqual(found('<0.4>'));
  });

  test('siblings of one name are told apart by their ids: exit code 2', () => {
    expect(findActor(model, 'handlers/twin')).toEqual({ tag: 'several', ids: ['<0.5>', '<0.6>'] });
    expect(() => rootOf(model, 'handlers/twin')).toThrow('names several: <0.5>, <0.6>');
  });

  test('where a path leads nowhere it says what is there', () => {
    expect(findActor(model, 'handlers/nobody')).toEqual({
      tag: 'none',
      near: ['users/manage', 'twin', 'twin'],
    });
    expect(() => rootOf(model, 'nobody')).toThrow('there is no actor "nobody": there are handlers');
  });
});

describe('nested', () => {
  test('each row has its children, and what a limit of depth left out is counted', () => {
    const model = modelOf(SMALL);
    const entries = entriesOf(model, { mode: 'tree', sort: undefined, filter: '' }, { depth: 1 });
    expect(nested(entries)).toMatchObject({
      id: 'node',
      children: [
        { id: 'a', omitted: 2, children: [] },
        { id: 'b', children: [] },
      ],
    });
    expect(nested([])).toBeUndefined();
  });
});
