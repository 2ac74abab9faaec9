/** Locks between tabs (Web Locks) or within one (where there is nothing to share). */

/** A lock that is held until it is released, or lost to somebody who stole it. */
export interface Held {
  /** Once is enough; again does no harm. */
  release(): void;
  /** Whether it is still ours. */
  isHeld(): boolean;
}

/** What keeps two from renewing at once. */
export interface Locks {
  /** Waits at most `ms`; `undefined` if somebody else still has it then. */
  acquire(name: string, ms: number, onLost?: () => void): Promise<Held | undefined>;
  /** Whether somebody has it now. */
  isTaken(name: string): Promise<boolean>;
}

/** Every tab and worker of this origin; the browser frees the locks of a tab that is gone. */
export function webLocks(manager: LockManager): Locks {
  return {
    acquire: (name, ms, onLost) =>
      new Promise((resolve, reject) => {
        let state: 'waiting' | 'held' | 'over' = 'waiting';
        const giveUp = new AbortController();
        const timer = setTimeout(() => giveUp.abort(), ms);
        const options = ms > 0 ? { signal: giveUp.signal } : { ifAvailable: true };
        const ended = manager.request(name, options, (lock) => {
          clearTimeout(timer);
          if (!lock) return resolve(undefined);
          state = 'held';
          return new Promise<void>((end) => {
            const release = () => {
              state = 'over';
              end();
            };
            resolve({ release, isHeld: () => state === 'held' });
          });
        });
        ended.catch((why: unknown) => {
          clearTimeout(timer);
          if (state === 'held') {
            state = 'over';
            onLost?.();
          } else if (giveUp.signal.aborted) {
            resolve(undefined);
          } else {
            reject(why as Error);
          }
        });
      }),
    isTaken: async (name) => {
      const { held = [] } = await manager.query();
      return held.some((lock) => lock.name === name);
    },
  };
}

/** This page or worker alone. */
export function ownLocks(): Locks {
  const waiting = new Map<string, (() => void)[]>();
  const release = (name: string) => {
    const next = waiting.get(name)?.shift();
    if (next) next();
    else waiting.delete(name);
  };
  return {
    acquire: async (name, ms) => {
      const queue = waiting.get(name);
      if (queue) {
        const isMine = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => {
            queue.splice(queue.indexOf(grant), 1);
            resolve(false);
          }, ms);
          const grant = () => {
            clearTimeout(timer);
            resolve(true);
          };
          queue.push(grant);
        });
        if (!isMine) return undefined;
      } else {
        waiting.set(name, []);
      }
      let isHeld = true;
      return {
        isHeld: () => isHeld,
        release: () => {
          if (isHeld) release(name);
          isHeld = false;
        },
      };
    },
    isTaken: async (name) => waiting.has(name),
  };
}
