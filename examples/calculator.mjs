/**
 * A calculator to advertise:
 *
 *   espalier advertise https://127.0.0.1:9443 ./examples/calculator.mjs
 *   espalier call https://127.0.0.1:9443 calculator.compute '{"operation":"add","a":2,"b":3}'
 *
 * A returned value is the answer, `err(reason)` a failure the caller can expect (`handler_error`). What is
 * neither, a throw, would end this one call as `handler_crash`; the procedure goes on serving.
 */
import { err } from 'espalier';

const OPERATIONS = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => (b === 0 ? err('division_by_zero') : a / b),
};

/** @param {{ operation: 'add' | 'subtract' | 'multiply' | 'divide', a: number, b: number }} args */
function compute({ operation, a, b }) {
  if (typeof operation !== 'string' || !Object.hasOwn(OPERATIONS, operation)) return err('invalid_operation');
  if (!Number.isFinite(a) || !Number.isFinite(b)) return err('invalid_operands');
  const result = OPERATIONS[operation](a, b);
  return typeof result === 'number' ? { result } : result;
}

export default {
  'calculator.compute': { handler: compute, metadata: { version: '1.0.0' } },
};
