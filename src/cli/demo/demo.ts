/**
 * `espalier demo`: finds members, has the story told, and cleans up after it, whatever happens.
 */
import { systemClock } from '../../actor/clock.ts';
import { systemRandom } from '../../actor/random.ts';
import { loadBinding } from '../../transport/quic/binding.ts';
import { memoryNetwork, type MemoryNetwork } from '../../transport/memory/network.ts';
import { errorDocument, type ErrorDocument } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { note, print } from '../terminal.ts';
import { hasErlang } from './across.ts';
import { ForkedMember } from './forked-member.ts';
import { LocalMember } from './local-member.ts';
import type { Member } from './orders.ts';
import { memoryNotice, proseAudience, proseOpening, proseWaiting } from './prose.ts';
import {
  asExpected,
  assemble,
  newTale,
  planFor,
  ROLES,
  succeed,
  tell,
  type Audience,
  type Cast,
  type Places,
  type Role,
  type Told,
  type ToTry,
} from './story.ts';

export type TransportKind = 'quic' | 'memory';

export interface DemoFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  /** Default: QUIC where it loads. */
  readonly transport?: TransportKind;
}

/** The story takes about five seconds; on the slowest machine it ends here. Milliseconds. */
const STORY_LIMIT = 30_000;
/** Where no node is: the discard service's port, and a machine that does not exist. */
const NOWHERE: Readonly<Record<TransportKind, string>> = {
  quic: 'https://127.0.0.1:9',
  memory: 'https://198.19.255.1:9',
};
/** Machines other than this one need a realm with a name. */
const REALM = 'demo';

const SILENT: Audience = { onStep: () => undefined, onTree: () => undefined };

export async function demo(flags: DemoFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const transport = await transportOf(flags.transport);
  if (transport.notice !== undefined)
    (flags.json === true || flags.ndjson === true ? note : print)(transport.notice);
  const members: Member[] = [];
  const recruit = recruiter(transport.kind, members);
  const told = newTale();
  const plans = planFor(hasErlang());
  const cookie = Buffer.from(systemRandom.bytes(16)).toString('hex');
  let failure: ErrorDocument | undefined;
  let toTry: ToTry = { url: '', page: '' };
  try {
    const cast = Object.fromEntries(ROLES.map((role) => [role, recruit(role)])) as Record<Role, Member>;
    const audience = audienceOf(flags);
    const telling = (async () => {
      const places = await assemble(cast, NOWHERE[transport.kind], cookie);
      if (audience.prose) for (const line of proseOpening(transport.kind, places, cast)) print(line);
      await tell(cast, places, told, audience, plans);
      if (flags.once !== true && asExpected(told, plans) && interrupts.received === undefined)
        toTry = await goOn(cast, places, recruit('provider'));
    })();
    const interrupted = interrupts.first.then(() => 'interrupted' as const);
    if ((await Promise.race([within(STORY_LIMIT, telling), interrupted])) === 'interrupted') {
      telling.catch(() => undefined);
      throw new Error('interrupted');
    }
  } catch (error) {
    failure = errorDocument(error);
  }
  if (interrupts.received !== undefined) {
    await endAll(members);
    note(`${interrupts.received}: the demo was cut off`);
    return ExitCode.interrupted;
  }
  const good = failure === undefined && asExpected(told, plans);
  const stay = flags.once !== true && good;
  const clean = stay || (await endAll(members));
  const ok = good && clean;
  conclusion(flags, told, ok, transport.kind, failure);
  if (!stay) return ok ? ExitCode.ok : ExitCode.failure;
  for (const line of proseWaiting(transport.kind, toTry))
    (flags.json === true || flags.ndjson === true ? note : print)(line);
  await interrupts.first;
  return (await endAll(members)) ? ExitCode.ok : ExitCode.failure;
}

/** The last word: the document, or one line. */
function conclusion(
  flags: DemoFlags,
  told: Told,
  ok: boolean,
  transport: TransportKind,
  error: ErrorDocument | undefined,
): void {
  if (flags.json === true) {
    print(documentText({ ok, transport, ...told, ...(error === undefined ? {} : { error }) }));
  } else if (flags.ndjson === true) {
    print(documentText({ event: 'done', ok, transport, ...(error === undefined ? {} : { error }) }));
  } else if (ok) {
    print('every step ended as it should');
  } else {
    note(`error: ${error?.message ?? 'a step did not end as it should'}`);
  }
}

/** Which transport, and what must be said about it first. */
async function transportOf(
  wanted: TransportKind | undefined,
): Promise<{ readonly kind: TransportKind; readonly notice: string | undefined }> {
  if (wanted === 'memory') return { kind: 'memory', notice: memoryNotice('as asked for') };
  if (wanted === 'quic') return { kind: 'quic', notice: undefined };
  try {
    await loadBinding();
    return { kind: 'quic', notice: undefined };
  } catch (error) {
    return { kind: 'memory', notice: memoryNotice(error instanceof Error ? error.message : String(error)) };
  }
}

/** The provider has left: another one serves those who want to try. */
async function goOn(cast: Cast, places: Places, successor: Member): Promise<ToTry> {
  const toTry = await succeed(cast, places, successor);
  await Promise.all([cast.caller.order('stay', undefined), successor.order('stay', undefined)]);
  await Promise.all([cast.edge.end(), cast.lonely.end(), cast.hidden.end()]);
  return toTry;
}

function recruiter(kind: TransportKind, members: Member[]): (name: string) => Member {
  const network = kind === 'memory' ? memoryNetwork({ clock: systemClock, random: systemRandom }) : undefined;
  return (name) => {
    const member = network === undefined ? new ForkedMember(name) : onMachineOf(network, members.length);
    members.push(member);
    return member;
  };
}

/** A member on a machine of its own, which can die. */
function onMachineOf(network: MemoryNetwork, number: number): LocalMember {
  const host = `198.18.${number}.1`;
  return new LocalMember({
    world: { transport: network.transport(host), listen: `${host}:9443`, realm: REALM },
    kill: () => {
      network.faults.kill(host);
    },
  });
}

/** True when all ended by themselves, or as the story wanted. */
async function endAll(members: readonly Member[]): Promise<boolean> {
  const ends = await Promise.all(members.map((member) => member.end()));
  return ends.every(Boolean);
}

function audienceOf(flags: DemoFlags): Audience & { readonly prose: boolean } {
  if (flags.json === true) return { ...SILENT, prose: false };
  if (flags.ndjson !== true) return { ...proseAudience(), prose: true };
  return {
    prose: false,
    onStep: (step) => {
      print(documentText({ event: 'step', ...step }));
    },
    onTree: (moment, tree) => {
      print(documentText({ event: 'tree', moment, tree }));
    },
  };
}

async function within(limit: number, work: Promise<void>): Promise<void> {
  let expire: (() => void) | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    expire = () => {
      reject(new Error(`the demo did not end within ${limit / 1_000} s`));
    };
  });
  const timer = systemClock.setTimer(limit, () => expire?.());
  try {
    await Promise.race([work, late]);
  } finally {
    systemClock.clear(timer);
  }
}
