/** Limits of one ticket of the embedded backlog; beyond them it refuses, as any tracker does. */
export const maxComments = 1_000;
export const maxAttachments = 100;
export const maxAttachmentBytes = 10_000_000;
export const maxLinks = 100;
