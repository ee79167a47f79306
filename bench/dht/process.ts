/**
 * A process for one network of one contender, or for the rules that need none.
 */
import { BARE, ESPALIER, HYPERDHT, LIBP2P } from './names.ts';
import type { Order, TableOrder, Word } from './messages.ts';
import type { NetworkMaker } from './network.ts';
import { run } from './run.ts';

const LOAD: Readonly<Record<string, () => Promise<NetworkMaker>>> = {
  [ESPALIER]: async () => (await import('./networks/espalier.ts')).espalier,
  [HYPERDHT]: async () => (await import('./networks/hyperdht.ts')).hyperdht,
  [LIBP2P]: async () => (await import('./networks/libp2p.ts')).libp2p,
  [BARE]: async () => (await import('./networks/bare.ts')).bare,
};

const say = (word: Word): void => {
  process.send?.(word);
};

// a contender's background work must not end the run: what it breaks shows in its figures
process.on('uncaughtException', ignore);
process.on('unhandledRejection', ignore);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order | TableOrder) => {
  obey(order).then(
    () => say({ tag: 'over' }),
    (error: unknown) => {
      say({ tag: 'failed', reason: error instanceof Error ? error.message : String(error) });
    },
  );
});

async function obey(order: Order | TableOrder): Promise<void> {
  if (order.tag === 'table') {
    const { rules } = await import('./rules.ts');
    say({ tag: 'table', figures: await rules(order) });
    return;
  }
  const load = LOAD[order.contender];
  if (load === undefined) throw new Error(`no contender called "${order.contender}"`);
  await run(await load(), order, (step, figures) => {
    say({ tag: 'step', step, figures });
  });
}

function ignore(error: unknown): void {
  console.error(error instanceof Error ? error.message : String(error));
}
