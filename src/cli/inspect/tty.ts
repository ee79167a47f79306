/**
 * The terminal of the live view: another screen while it is shown, keys as they are pressed, and everything as it was
 * before on every way out.
 *
 * Shell. Only lines that changed are written, and nothing while the terminal has not taken what it got before: over a slow
 * line frames are left out, not queued. Control sequences: xterm's, which all terminals of today know.
 */
import { systemClock } from '../../actor/clock.ts';
import { painted } from '../terminal.ts';
import { keysIn, type Key } from './keys.ts';
import { widthOf, plain, type Line } from './line.ts';
import type { Size } from './screen.ts';

/** The other screen, no cursor, no lines that wrap; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const CLEAR = '\u001b[2J';
const ERASE_REST = '\u001b[K';

/** Of a terminal that does not say how large it is. */
const USUAL: Size = { columns: 80, rows: 24 };
/** Until a stop that the system ignored is taken for one, milliseconds. */
const STOP_GRACE = 50;

export interface TtyEvents {
  readonly onKey: (key: Key) => void;
  /** The screen is empty, of another size, or has room again. */
  readonly onRedraw: () => void;
  /** The terminal has gone. */
  readonly onEnd: () => void;
}

export class Tty {
  readonly #input = process.stdin;
  readonly #output = process.stdout;
  readonly #events: TtyEvents;
  #entered = false;
  #closed = false;
  #shown: readonly string[] = [];
  readonly #undo: (() => void)[] = [];

  constructor(events: TtyEvents) {
    this.#events = events;
  }

  /** Whether there is a terminal to show it on, and keys to press. */
  static get available(): boolean {
    return process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  }

  get size(): Size {
    const { columns, rows } = this.#output;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  }

  open(): void {
    const { onKey, onRedraw, onEnd } = this.#events;
    this.#input.setEncoding('utf8');
    this.#listen(this.#input, 'data', (text: string) => {
      for (const key of keysIn(text)) {
        if (key === 'suspend') this.#suspend('group');
        else if (key === 'redraw') this.#again();
        else onKey(key);
      }
    });
    for (const event of ['end', 'error', 'close']) this.#listen(this.#input, event, onEnd);
    this.#listen(this.#output, 'error', onEnd);
    this.#listen(this.#output, 'drain', onRedraw);
    this.#listen(this.#output, 'resize', () => this.#again());
    // whatever ends the process, also an error that nobody foresaw
    this.#listen(process, 'exit', () => this.#leave());
    this.#listen(process, 'SIGHUP', onEnd);
    this.#listen(process, 'SIGQUIT', onEnd);
    this.#listen(process, 'SIGCONT', () => this.#resumed());
    if (process.platform !== 'win32') this.#listen(process, 'SIGTSTP', () => this.#suspend('process'));
    this.#enter();
  }

  /** As it was before. */
  close(): void {
    this.#closed = true;
    for (const undo of this.#undo.splice(0)) undo();
    this.#leave();
  }

  /** Shows the lines; those that stand there already are not written again. */
  draw(lines: readonly Line[]): void {
    if (!this.#entered || this.#output.writableNeedDrain) return;
    const { columns } = this.size;
    const now = lines.map(painted);
    let text = '';
    for (let row = 0; row < Math.max(now.length, this.#shown.length); row++) {
      const line = now[row] ?? '';
      if (line === (this.#shown[row] ?? '')) continue;
      // behind a full line there is nothing to erase, and some terminals would take its last cell
      const full = widthOf(plain(lines[row] ?? [])) >= columns;
      text += `\u001b[${row + 1};1H${line}${full ? '' : ERASE_REST}`;
    }
    this.#shown = now;
    if (text !== '') this.#output.write(text);
  }

  #enter(): void {
    if (this.#entered || this.#closed) return;
    // first: in the background this stops us, before anything is written
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#entered = true;
    this.#shown = [];
    this.#output.write(ENTER);
    this.#events.onRedraw();
  }

  #leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      // a terminal is written at once, so that this also works while the process ends
      this.#output.write(LEAVE);
      this.#input.setRawMode(false);
      this.#input.pause();
    } catch {
      // the terminal has gone: there is nothing to put right
    }
  }

  #again(): void {
    if (!this.#entered) return;
    this.#shown = [];
    this.#output.write(CLEAR);
    this.#events.onRedraw();
  }

  /** Stops as a shell expects it: with the terminal as it was. By its key all that runs for us stops, npm among it. */
  #suspend(whom: 'process' | 'group'): void {
    if (process.platform === 'win32' || !this.#entered) return;
    this.#leave();
    const listeners = process.listeners('SIGTSTP');
    // without a listener the signal does what it is for
    process.removeAllListeners('SIGTSTP');
    process.kill(whom === 'group' ? 0 : process.pid, 'SIGTSTP');
    for (const listener of listeners) process.on('SIGTSTP', listener);
    // where nobody could continue us the system does not stop us either
    systemClock.setTimer(STOP_GRACE, () => this.#enter());
  }

  #resumed(): void {
    if (!this.#entered) {
      this.#enter();
      return;
    }
    // stopped by a signal that cannot be caught: the shell has set the terminal for itself
    this.#entered = false;
    this.#input.setRawMode(false);
    this.#enter();
  }

  #listen(emitter: NodeJS.EventEmitter, event: string, listener: (...args: never[]) => void): void {
    emitter.on(event, listener as (...args: unknown[]) => void);
    this.#undo.push(() => emitter.off(event, listener as (...args: unknown[]) => void));
  }
}
