/**
 * `espalier/xstate`: xstate machines as supervised processes. The only subpath that loads xstate.
 */
export { createMachineCell, type CellOptions, type MachineCell } from './xstate/cell.ts';
export {
  MachineRef,
  machineWorker,
  startMachine,
  startMachineLink,
  type MachineOptions,
  type MachineView,
} from './xstate/host.ts';
export type { Machine, MachineAction, MachineEvent } from './xstate/machine.ts';
