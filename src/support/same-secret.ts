import { timingSafeEqual } from "node:crypto";
import { sha256 } from "./hashing.ts";

/**
 * Whether two texts are the same, in a time that says nothing of where they differ. Both are hashed first, so that not even
 * the length of the secret shows.
 */
export function isSameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(wanted)));
}
