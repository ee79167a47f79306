/**
 * A door with a code lock, as a state machine: it opens with the right digits, closes by itself, and whoever asks to pass
 * while it is locked is let through when it opens.
 *
 *   node examples/state-machine.mjs
 */
import {
  createRuntime,
  keepState,
  keepStateAndData,
  nextState,
  postpone,
  replyAction,
  startStatem,
  stateTimeout,
  stopServer,
} from 'espalier/otp';

const OPEN_FOR = 100;

const door = {
  label: 'door',
  init: (code) => nextState('locked', { code, typed: '', passed: 0 }),
  states: {
    locked: (event, data) => {
      if (event.type === 'cast' && event.tag === 'digit') {
        const typed = (data.typed + event.content).slice(-data.code.length);
        return typed === data.code
          ? nextState('open', { ...data, typed: '' }, stateTimeout(OPEN_FOR))
          : keepState({ ...data, typed });
      }
      // not now: asked again when the state changes
      return keepStateAndData(postpone);
    },
    open: (event, data) => {
      if (event.type === 'stateTimeout') return nextState('locked', data);
      if (event.type !== 'call') return keepStateAndData();
      const passed = data.passed + 1;
      return keepState({ ...data, passed }, replyAction(event.from, `you are number ${passed}`));
    },
  },
};

const runtime = createRuntime();
const ref = await startStatem(runtime, door, '1234');

const early = ref.call('pass'); // waits: the door is locked
for (const digit of '91234') ref.cast('digit', digit);
console.log(await early); // you are number 1
console.log(await ref.call('pass')); // you are number 2

await new Promise((resolve) => setTimeout(resolve, 2 * OPEN_FOR));
const late = await ref.call('pass', undefined, { timeout: 50 }).catch((error) => error.reason);
console.log(`locked again: ${late}`); // locked again: timeout
await stopServer(ref);
