/**
 * `espalier demo`: finds members, has the story told, and cleans up after it, whatever happens.
 */
import { systemClock } from '../../actor/clock.ts';
import { systemRandom } from '../../actor/random.ts';
import { loadBinding } from '../../transport/quic/binding.ts';
import { memoryNetwork } from '../../transport/memory/network.ts';
import { errorDocument, type ErrorDocument } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { note, print } from '../terminal.ts';
import { ForkedMember } from './forked-member.ts';
import { LocalMember } from './local-member.ts';
import type { Member } from './orders.ts';
import { memoryNotice, proseAudience, proseOpening, proseWaiting } from './prose.ts';
import { asExpected, assemble, newTale, tell, type Audience, type Told } from './story.ts';

export type TransportKind = 'quic' | 'memory';

export interface DemoFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  /** Default: QUIC where it loads. */
  readonly transport?: TransportKind;
}

/** The story takes about two seconds; on the slowest machine it ends here. Milliseconds. */
const STORY_LIMIT = 20_000;

const SILENT: Audience = { onStep: () => undefined, onTree: () => undefined };

export async function demo(flags: DemoFlags): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const transport = await transportOf(flags.transport);
  if (transport.notice !== undefined)
    (flags.json === true || flags.ndjson === true ? note : print)(transport.notice);
  const members: Member[] = [];
  const recruit = recruiter(transport.kind, members);
  const told = newTale();
  let failure: ErrorDocument | undefined;
  let url = '';
  try {
    const cast = { node: recruit('node'), provider: recruit('provider'), caller: recruit('caller') };
    const audience = audienceOf(flags);
    const telling = (async () => {
      url = await assemble(cast);
      if (audience.prose) for (const line of proseOpening(transport.kind, url, cast)) print(line);
      await tell(cast, told, audience);
    })();
    const interrupted = interrupts.first.then(() => 'interrupted' as const);
    if ((await Promise.race([within(STORY_LIMIT, telling), interrupted])) === 'interrupted') {
      telling.catch(() => undefined);
      throw new Error('interrupted');
    }
    if (flags.once !== true && asExpected(told)) {
      // the provider has left: another one serves those who want to try
      const successor = recruit('provider');
      await successor.order('connect', { url });
      await successor.order('serve', undefined);
      await Promise.all([cast.node.order('stay', undefined), successor.order('stay', undefined)]);
      await cast.caller.end();
    }
  } catch (error) {
    failure = errorDocument(error);
  }
  if (interrupts.received !== undefined) {
    await endAll(members);
    note(`${interrupts.received}: the demo was cut off`);
    return ExitCode.interrupted;
  }
  const good = failure === undefined && asExpected(told);
  const stay = flags.once !== true && good;
  const clean = stay || (await endAll(members));
  const ok = good && clean;
  conclusion(flags, told, ok, transport.kind, failure);
  if (!stay) return ok ? ExitCode.ok : ExitCode.failure;
  for (const line of proseWaiting(transport.kind, url))
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

function recruiter(kind: TransportKind, members: Member[]): (name: string) => Member {
  const network = kind === 'memory' ? memoryNetwork({ clock: systemClock, random: systemRandom }) : undefined;
  return (name) => {
    const member =
      network === undefined
        ? new ForkedMember(name)
        : new LocalMember({ transport: network.transport('127.0.0.1') });
    members.push(member);
    return member;
  };
}

/** The node last, so that its clients can say goodbye. True when all ended by themselves. */
async function endAll(members: readonly Member[]): Promise<boolean> {
  const [node, ...clients] = members;
  const ends = await Promise.all(clients.map((member) => member.end()));
  const last = node === undefined || (await node.end());
  return last && ends.every(Boolean);
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
