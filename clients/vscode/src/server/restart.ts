/** How often, and after how long, a server that died is started again. */

export interface RestartLimits {
  /** At most this many restarts ... */
  most: number;
  /** ... within this many milliseconds. */
  within: number;
  /** Wait before the first restart, in milliseconds; doubled for each further one. */
  first: number;
  /** The longest wait, in milliseconds. */
  longest: number;
}

export const RESTART_LIMITS: RestartLimits = { most: 4, within: 180_000, first: 250, longest: 8_000 };

/** Counts deaths. `now` is in milliseconds, of any clock that never goes back. */
export class RestartPolicy {
  private deaths: number[] = [];

  constructor(
    private readonly limits: RestartLimits,
    private readonly now: () => number,
  ) {}

  /** Milliseconds to wait before the next start; undefined where it is not to be started again. */
  died(): number | undefined {
    const time = this.now();
    this.deaths = this.deaths.filter((death) => time - death < this.limits.within);
    this.deaths.push(time);
    const count = this.deaths.length;
    if (count > this.limits.most) {
      return undefined;
    }
    return Math.min(this.limits.first * 2 ** (count - 1), this.limits.longest);
  }

  /** Deaths that are still counted. */
  get count(): number {
    return this.deaths.length;
  }

  /** The user asked for a start: what was is forgotten. */
  forget(): void {
    this.deaths = [];
  }
}
