/**
 * Plays a script on our supervisor, under a virtual clock, and writes the trace that `driver.erl` writes on OTP's.
 */
import type { Process } from '../../src/actor/process.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { ExitError } from '../../src/otp/errors.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import type { ProcessOptions } from '../../src/otp/start.ts';
import { asText, childrenOf, countsOf, request } from './replay-request.ts';
import { dynamicSpec, treeSpec, type Calls, type Casts } from './replay-tree.ts';
import { isDynamic, World } from './replay-world.ts';
import { LINGER, PAUSE, type Ending, type Op, type Script, type Trace } from './script.ts';
import { canonical, reasonOf } from './text.ts';

/** Looks at the supervisors that are too many to be waiting for anything sensible. */
const LOOKS = 1_000;
/** Virtual milliseconds that nothing in a script takes. */
const PATIENCE = 60_000;

/** Sends an ending and waits until the process has felt it; it is over when it cannot be ignored. */
async function end(world: World, [tag, id, reason]: Ending): Promise<string> {
  const process = world.find(id);
  if (process === undefined) return 'none';
  if (tag === 'crash') new ServerRef<Calls, Casts>(world.runtime, process).cast('crash', reasonOf(reason));
  else world.runtime.exit(process, reasonOf(reason));
  await world.clock.settle();
  return 'done';
}

async function killTree(world: World, id: string): Promise<string> {
  const process = world.find(id);
  if (process === undefined) return 'none';
  world.runtime.exit(process, 'kill');
  await world.clock.advance(2 * LINGER);
  return 'done';
}

function unlink(world: World, id: string): string {
  const process = world.find(id);
  if (process?.parentProcess === null || process === undefined) return 'none';
  world.runtime.unlink(process, process.parentProcess);
  return 'done';
}

async function during(world: World, op: Extract<Op, readonly ['during', ...unknown[]]>): Promise<string> {
  const [, id, reason, [first = 'ok', ...later], items] = op;
  world.gated = id;
  world.plans.set(id, [...later]);
  await end(world, ['crash', id, reason]);
  if ((await settle(world)).gated) {
    const answers: Promise<string>[] = [];
    for (const item of items) {
      if (item[0] === 'crash' || item[0] === 'signal') answers.push(Promise.resolve(await end(world, item)));
      else answers.push(request(world, item));
    }
    world.gate?.(first);
    world.gate = undefined;
    return `gated ${(await waitFor(world, Promise.all(answers))).join(', ')}`;
  }
  world.gated = undefined;
  world.plans.delete(id);
  const answers: string[] = [];
  for (const item of items) {
    answers.push(await step(world, item));
    await settle(world);
  }
  return `free ${answers.join(', ')}`;
}

async function step(world: World, op: Op): Promise<string> {
  switch (op[0]) {
    case 'plan':
      world.plans.set(op[1], [...op[2]]);
      return 'planned';
    case 'crash':
    case 'signal':
      return end(world, op);
    case 'during':
      return during(world, op);
    case 'unlink':
      return unlink(world, op[1]);
    case 'kill_tree':
      return killTree(world, op[1]);
    case 'pause':
      await world.clock.advance(PAUSE);
      return 'paused';
    default:
      return waitFor(world, request(world, op));
  }
}

// --- waiting until nothing happens any more ----------------------------------------------------------------------

/** Lets time pass until the promise is settled. */
async function waitFor<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  await world.clock.until(() => settled, PATIENCE);
  return promise;
}

/** Two looks in a row see the same, or a start waits at the gate. */
async function settle(world: World): Promise<{ readonly gated: boolean; readonly state: string }> {
  let before: string | undefined;
  for (let n = 0; n < LOOKS; n++) {
    let state: string | undefined;
    const looked = look(world).then((seen) => {
      state = seen;
    });
    await world.clock.until(() => state !== undefined || world.gate !== undefined, PATIENCE);
    if (world.gate !== undefined) return { gated: true, state: '' };
    await looked;
    const now = `${world.happened} ${state}`;
    if (now === before) return { gated: false, state: state as string };
    before = now;
  }
  throw new Error('it never comes to rest');
}

async function look(world: World): Promise<string> {
  const seen = await Promise.all(
    world.trees().map(async ([id, ref]) => {
      try {
        const [children, counts] = await Promise.all([childrenOf(world, ref), countsOf(ref)]);
        return `${id}[${children}]${counts}`;
      } catch (error) {
        // it died in the meantime
        if (error instanceof ExitError) return '';
        throw error;
      }
    }),
  );
  return seen.filter((text) => text !== '').join(' ');
}

/** Our trace of a script. */
export async function replay(script: Script): Promise<Trace> {
  const world = new World(script.seed);
  const trace: string[] = [];
  let seen = '';
  const note = async (result: string, unordered: boolean): Promise<void> => {
    const { state } = await settle(world);
    const events = unordered ? world.events.toSorted() : world.events;
    trace.push(canonical([result, ...events, ...(state === seen ? [] : [`= ${state}`])].join('; ')));
    world.events = [];
    seen = state;
  };
  const first = script.ops.findIndex(([tag]) => tag !== 'plan');
  const begin = first < 0 ? script.ops.length : first;
  for (const op of script.ops.slice(0, begin)) await step(world, op);
  world.event('+root');
  const { runtime } = world;
  const root = (
    isDynamic(script.tree)
      ? startDynamicSupervisor(runtime, dynamicSpec(world, script.tree), { id: 'root' } as ProcessOptions)
      : startSupervisor(runtime, treeSpec(world, script.tree), { id: 'root' } as ProcessOptions)
  ).then((ref) => {
    world.up('root', ref.pid as Process, script.tree);
  });
  await note(await waitFor(world, asText(world, root)), false);
  for (const op of script.ops.slice(begin)) {
    if (world.find('root') === undefined) return trace;
    await note(await step(world, op), op[0] === 'kill_tree');
  }
  const last = world.ref('root');
  if (last === undefined) return trace;
  await waitFor(world, last.stop());
  await note('stopped', false);
  return trace;
}
