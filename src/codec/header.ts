/** The head of a mesh frame, before its payload. Source: SPEC §4.1. */

export const HEADER_BYTES = 8;
export const FRAME_VERSION = 1;
