import type { World } from "./world.ts";

const minute = 60_000;

/**
 * Lets time pass on a world's clock as a running program would see it: a tick at each full minute, and the outbox worker
 * awake at each instant for which it sleeps. `often` is asked after each step.
 */
export async function passTime(world: World, milliseconds: number, often: () => void = () => undefined): Promise<void> {
  const until = world.clock.now() + milliseconds;
  while (world.clock.now() < until) {
    const now = world.clock.now();
    const nextTick = (Math.floor(now / minute) + 1) * minute;
    const due = (await world.store.outbox.nextDue()) ?? Number.POSITIVE_INFINITY;
    const next = Math.min(due > now ? due : nextTick, nextTick, until);
    if (next % minute === 0) await world.tick(next);
    else {
      world.clock.set(next);
      await world.deliver();
    }
    often();
  }
}
