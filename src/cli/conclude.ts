/**
 * The end of every command: its outcome becomes the exit code, and nothing keeps the process alive for long.
 */
import { systemClock } from '../actor/clock.ts';
import { errorDocument, errorLine, isUnforeseen } from './error-document.ts';
import { ExitCode, exitCodeOf } from './exit-code.ts';
import { documentText } from './json-value.ts';
import { note, outputFailed, paint, print } from './terminal.ts';

/** How long what a command left behind (a user's own timers, say) may delay its exit, milliseconds. */
const LINGER = 1_000;

/** Runs a command. With `json` an error is a document on stdout, else a line on stderr. */
export async function conclude(json: boolean, command: () => Promise<ExitCode>): Promise<void> {
  let code: ExitCode;
  try {
    code = await command();
  } catch (error) {
    report(error, json);
    code = exitCodeOf(error);
  }
  process.exitCode = outputFailed() && code === ExitCode.ok ? ExitCode.failure : code;
  const timer = systemClock.setTimer(LINGER, () => {
    note('espalier: something still keeps the process alive; exiting');
    process.exit();
  });
  systemClock.hold(timer, false);
}

/** @param besides what the document tells beside the error. */
export function report(error: unknown, json: boolean, besides: object = {}): void {
  if (json) {
    print(documentText({ ok: false, error: errorDocument(error), ...besides }));
    return;
  }
  note(errorLine(error), `${paint('fail', 'error:', process.stderr)} `);
  const shown = isUnforeseen(error) ? error : undefined;
  if (shown instanceof Error && shown.stack !== undefined) note(shown.stack);
}
