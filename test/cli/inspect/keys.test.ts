/** What keys are, and what each makes of the view. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keysIn } from '../../../src/cli/inspect/keys.ts';
import { press, type View } from '../../../src/cli/inspect/view.ts';

const VIEW: View = { mode: 'list', sort: 'mailbox', filter: '', typing: false, paused: false, top: 0 };

/** What a terminal sends, one after the other, where ten of thirty rows fit. */
function after(text: string, view: View = VIEW): View | 'quit' {
  let now: View | 'quit' = view;
  for (const key of keysIn(text)) if (now !== 'quit') now = press(now, key, 10, 30);
  return now;
}

describe('keysIn', () => {
  test('knows the arrows in both modes of a terminal, pages, ends, and what is typed', () => {
    expect(keysIn('\u001b[A\u001bOB\u001b[5~\u001b[6~\u001b[H\u001b[4~')).toEqual([
      'up',
      'down',
      'page up',
      'page down',
      'home',
      'end',
    ]);
    expect(keysIn('aß字😀')).toEqual(['a', 'ß', '字', '😀']);
    expect(keysIn('\r\u007f\u0003\u001a\u000c\u0015')).toEqual([
      'enter',
      'backspace',
      'interrupt',
      'suspend',
      'redraw',
      'clear',
    ]);
  });

  test('an escape alone is the key; sequences and controls that are not known are nothing', () => {
    expect(keysIn('\u001b')).toEqual(['escape']);
    expect(keysIn('\u001b[200~\u001b[1;5A\u0001\u0000\u009b\u202e')).toEqual([]);
  });

  test('a paste is not a thousand keys', () => {
    expect(keysIn('x'.repeat(10_000))).toHaveLength(256);
  });

  test('whatever comes, a key is a name or one character that can be shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const key of keysIn(text)) expect(key).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('press', () => {
  test('q and Ctrl-C end it, Ctrl-C also while a filter is typed', () => {
    expect([after('q'), after('\u0003'), after('/x\u0003')]).toEqual(['quit', 'quit', 'quit']);
    expect(after('/q')).toMatchObject({ filter: 'q', typing: true });
  });

  test('m, r, s and n sort; the same once more leaves all as it was started', () => {
    expect(['r', 's', 'n'].map((key) => (after(key) as View).sort)).toEqual(['rate', 'restarts', 'name']);
    expect(after('m')).toMatchObject({ sort: undefined });
    expect(after('mm')).toMatchObject({ sort: 'mailbox' });
  });

  test('t turns the list into a tree and back, p stops it and goes on', () => {
    expect([after('t'), after('tt')]).toMatchObject([{ mode: 'tree' }, { mode: 'list' }]);
    expect([after('p'), after('pp')]).toMatchObject([{ paused: true }, { paused: false }]);
  });

  test('scrolls by line, page and to the ends, never beyond them', () => {
    const tops = [
      'j',
      'jj\u001b[A',
      '\u001b[6~',
      'G',
      'Gjj\u001b[B',
      'Gg',
      'kkk',
      '\u001b[6~\u001b[6~\u001b[6~',
    ].map((text) => (after(text) as View).top);
    expect(tops).toEqual([1, 1, 10, 20, 20, 0, 0, 20]);
  });

  test('a filter is typed behind /, kept by Enter, given up by Escape, and bounded', () => {
    expect(after('/us er\u007f\r')).toMatchObject({ filter: 'us e', typing: false });
    expect(after('/users\u001b')).toMatchObject({ filter: '', typing: false });
    expect(after('/users\rj\u001b')).toMatchObject({ filter: '', typing: false });
    expect(after('/users\u0015x')).toMatchObject({ filter: 'x', typing: true });
    expect((after(`/${'x'.repeat(200)}`) as View).filter).toHaveLength(64);
    expect(after('/\u001b[A')).toMatchObject({ filter: '', typing: true });
  });
});
