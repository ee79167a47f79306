/**
 * Waits for a signal, then closes what was served; 1 when it ended by itself.
 */
import { describeReason } from '../../actor/exit-reason.ts';
import { ExitCode } from '../exit-code.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { note, print } from '../terminal.ts';

interface Served {
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

export async function untilEnded(
  { ndjson }: { readonly ndjson?: boolean },
  interrupts: Interrupts,
  served: Served,
): Promise<ExitCode> {
  const why = await Promise.race([
    interrupts.first.then((signal) => ({ signal, reason: undefined })),
    served.ended.then((reason) => ({ signal: undefined, reason })),
  ]);
  if (why.signal === undefined) {
    const reason = describeReason(why.reason);
    if (ndjson === true) print(documentText({ event: 'failed', reason }));
    else note(`error: the tree of actors ended: ${reason}`);
    return ExitCode.failure;
  }
  await served.close();
  if (ndjson === true) print(documentText({ event: 'stopped', signal: why.signal }));
  return ExitCode.ok;
}
