import { useEffect, useState } from 'preact/hooks';

const MINUTE_MS = 60_000;

/**
 * The present minute, in milliseconds. Calls `next` in each new one while the page is visible, because
 * verdicts also change when no host does: facts get old.
 */
export function useMinute(next: () => void): number {
  const [minute, setMinute] = useState(() => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.hidden) return;
      setMinute(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
      next();
    }, MINUTE_MS);
    return () => clearInterval(timer);
  }, [next]);
  return minute;
}
