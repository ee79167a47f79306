/**
 * What both ends of a connection can do, a bit each. Pure.
 *
 * Every bit is sent for itself: the digest bit of OTP 25, which stands for many, is not relied upon. Source: DIST §4; Erlang/OTP
 * "Distribution Protocol", Distribution Flags.
 */
export const FLAG = {
  published: 0x1n,
  extendedReferences: 0x4n,
  distMonitor: 0x8n,
  funTags: 0x10n,
  distMonitorName: 0x20n,
  newFunTags: 0x80n,
  extendedPidsPorts: 0x100n,
  exportPointer: 0x200n,
  bitBinaries: 0x400n,
  newFloats: 0x800n,
  unicodeIo: 0x1000n,
  smallAtoms: 0x4000n,
  utf8Atoms: 0x10000n,
  maps: 0x20000n,
  bigCreation: 0x40000n,
  /** Not ours: who sends a message is told for tracing only, and costs a pid on either side. */
  sendSender: 0x80000n,
  exitPayload: 0x400000n,
  handshake23: 0x1000000n,
  unlinkId: 0x2000000n,
  /** OTP 25 sends it in place of those that it requires. */
  mandatory25: 0x4000000n,
  spawn: 0x100000000n,
  v4NodeContainers: 0x400000000n,
  alias: 0x800000000n,
  /**
   * Strings and plain objects travel as what they are (tags 200 and 201): nodes of this project among each other. Erlang/OTP
   * ignores flags that it does not know.
   */
  javascript: 0x1000000000000000n,
} as const;

/** A connection is refused without these; OTP requires them too. */
export const REQUIRED: bigint =
  FLAG.extendedReferences |
  FLAG.funTags |
  FLAG.newFunTags |
  FLAG.extendedPidsPorts |
  FLAG.exportPointer |
  FLAG.bitBinaries |
  FLAG.newFloats |
  FLAG.utf8Atoms |
  FLAG.maps |
  FLAG.bigCreation |
  FLAG.handshake23;

/** Ours: a hidden node, without atom cache and fragments. */
export const OURS: bigint =
  REQUIRED |
  FLAG.distMonitor |
  FLAG.distMonitorName |
  FLAG.unicodeIo |
  FLAG.smallAtoms |
  FLAG.exitPayload |
  FLAG.unlinkId |
  FLAG.spawn |
  FLAG.v4NodeContainers |
  FLAG.alias |
  FLAG.javascript;

/** All that a peer's flags stand for. */
export const meaning = (flags: bigint): bigint =>
  (flags & FLAG.mandatory25) === 0n ? flags : flags | REQUIRED;

export const isCapable = (flags: bigint): boolean => (meaning(flags) & REQUIRED) === REQUIRED;
