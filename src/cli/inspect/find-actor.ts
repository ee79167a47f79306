/**
 * The actor that a path or an id names. Pure.
 *
 * A path is the names from the root down with `/` between; that of the root itself may be left out. Names may have a `/`
 * in them, so every way to read the path is tried; there are no more of these than actors.
 */
import { clean } from '../../inspect/text.ts';
import { usageError } from '../error-document.ts';
import { InspectError } from './inspect-error.ts';
import { childrenOf, type Model } from './model.ts';

/**
 * The id that the path names; undefined without one.
 *
 * @throws InspectError `no_such_actor`; RpcError `invalid_args` when it names several.
 */
export function rootOf(model: Model, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const found = findActor(model, path);
  switch (found.tag) {
    case 'found':
      return found.id;
    case 'several':
      throw usageError('path', `names several: ${found.ids.join(', ')}`);
    case 'none': {
      const near = found.near.length === 0 ? 'nothing is there' : `there are ${found.near.join(', ')}`;
      throw new InspectError({ tag: 'no_such_actor', path, detail: near });
    }
  }
}

export type FoundActor =
  | { readonly tag: 'found'; readonly id: string }
  /** Siblings may have the same name. */
  | { readonly tag: 'several'; readonly ids: readonly string[] }
  /** `near` are names that stand where the path leads nowhere. */
  | { readonly tag: 'none'; readonly near: readonly string[] };

/** Names told when nothing is found, and ids when there are several. */
const TOLD = 8;

export function findActor(model: Model, given: string): FoundActor {
  const id = /^[0-9.]+$/.test(given) ? `<${given}>` : given;
  if (model.rows.has(id)) return { tag: 'found', id };
  const path = given.replace(/^\/+|\/+$/g, '');
  const roots = childrenOf(model, '');
  if (path === '') return roots[0] === undefined ? { tag: 'none', near: [] } : { tag: 'found', id: roots[0] };
  const open: { readonly ids: readonly string[]; readonly rest: string }[] = [
    { ids: roots.flatMap((root) => childrenOf(model, root)), rest: path },
    { ids: roots, rest: path },
  ];
  const found = new Set<string>();
  let near = open[0];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { ids, rest } = next;
    if (near === undefined || rest.length < near.rest.length) near = next;
    for (const child of ids) {
      const left = behind(rest, namesOf(model, child));
      if (left === '') found.add(child);
      else if (left !== undefined) open.push({ ids: childrenOf(model, child), rest: left });
    }
  }
  const [only, ...others] = found;
  if (only === undefined) return { tag: 'none', near: nearIn(model, near?.ids ?? []) };
  return others.length === 0
    ? { tag: 'found', id: only }
    : { tag: 'several', ids: [only, ...others].slice(0, TOLD) };
}

/** What is left of the path behind the name; undefined: it does not begin with it. */
function behind(path: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    if (path === name) return '';
    if (name !== '' && path.startsWith(`${name}/`)) return path.slice(name.length + 1);
  }
  return undefined;
}

/** As it is, and as it is shown. */
function namesOf({ rows }: Model, id: string): readonly string[] {
  const name = rows.get(id)?.name ?? '';
  return [name, clean(name)];
}

const nearIn = (model: Model, ids: readonly string[]): readonly string[] =>
  ids.slice(0, TOLD).map((id) => clean(model.rows.get(id)?.name ?? ''));
