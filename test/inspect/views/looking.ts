/** Views of nodes of a test world: looked at under the virtual clock, and judged as what goes to a page. */
import { expect } from 'vitest';
import type { DistParts } from '../../../src/dist/make.ts';
import { isUnavailable, type Section } from '../../../src/inspect/views/plain.ts';
import type { ViewSource } from '../../../src/inspect/views/source.ts';
import { viewsOf, type ViewData, type ViewName } from '../../../src/inspect/views/views.ts';
import type { Client } from '../../../src/mesh/client/client.ts';
import type { Node } from '../../../src/node.ts';
import { contextOf, processesOf, type MeshWorld } from '../../mesh-world.ts';

export const NAMES: readonly ViewName[] = ['rpc', 'registry', 'dht', 'peers', 'relay', 'dist'];

export const sourceOf = (client: Client, more: Partial<ViewSource> = {}): ViewSource => ({
  context: contextOf(client),
  ...more,
});

/** One view, which must be plain and there. */
export async function look<Name extends ViewName>(
  world: MeshWorld,
  source: ViewSource,
  name: Name,
): Promise<Exclude<ViewData[Name], { readonly unavailable: string }>> {
  const data = await seen(world, source, name);
  if (isUnavailable(data as object)) return expect.fail(`unavailable: ${JSON.stringify(data)}`);
  return data as Exclude<ViewData[Name], { readonly unavailable: string }>;
}

/** The same, whether it is there or not. */
export async function seen<Name extends ViewName>(
  world: MeshWorld,
  source: ViewSource,
  name: Name,
): Promise<ViewData[Name]> {
  const view = viewsOf(source)[name];
  if (view === undefined) return expect.fail(`there is no view ${name}`);
  const data = await world.settle(view());
  expectPlain(data);
  return data as ViewData[Name];
}

/** What a section holds, which must be there. */
export function there<T>(section: Section<T>): T {
  return isUnavailable(section) ? expect.fail(`unavailable: ${section.unavailable}`) : section;
}

/** Made of what JSON knows, and nothing else: it comes back as it went. */
export function expectPlain(data: unknown): void {
  expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data);
}

/** What the distribution of a node is made of, as its actors hold it. */
export function partsOf(node: Node): DistParts {
  const stateOf = (label: string): object | undefined =>
    processesOf(node).find((process) => process.label === label)?.state as object | undefined;
  const groups = processesOf(node)
    .filter(({ label }) => label.startsWith('groups '))
    .map(({ label, state }) => ({ scope: label.slice('groups '.length), sync: state }));
  return { groups, cluster: stateOf('cluster'), ...stateOf('netKernel') } as unknown as DistParts;
}
