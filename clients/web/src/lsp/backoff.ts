const FIRST_MS = 400;
const LONGEST_MS = 10_000;

/**
 * How long to wait before attempt `attempt` (from 0): doubling, never more than ten seconds.
 * `chance`, in [0, 1), spreads many editors that lost one server, by up to a half.
 */
export function backoff(attempt: number, chance: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(full * (1 - chance / 2));
}
