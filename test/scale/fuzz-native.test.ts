/**
 * An application that imports cbor-x itself gets the package's main entry, which hands its native text reader to the
 * decoder it shares with us. Nothing may change by that.
 */
import { isNativeAccelerationEnabled } from 'cbor-x';
import { expect, test } from 'vitest';
import { run } from '../fuzz/fuzz.ts';

const INPUTS = 3_000;

// The addon is an optional dependency.
if (!isNativeAccelerationEnabled) console.log('cbor-x has no addon here: it is not fuzzed with it');
test.runIf(isNativeAccelerationEnabled)(
  `${INPUTS} fuzzed inputs with the addon turned on by somebody else`,
  () => {
    expect(run(INPUTS, 2).crashes).toEqual([]);
  },
);
