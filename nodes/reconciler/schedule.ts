/** When a comparison is due by itself. */
import type { ReconcilerConfig } from './config';

/** The longest that a timer is set for at once: so a clock that was set is noticed. Ms. */
const LONGEST_MS = 10 * 60_000;

/** Calls `due` at the scheduled times. Returns what ends that. */
export function onSchedule(schedule: ReconcilerConfig['schedule'], due: () => void): () => void {
  if (schedule.kind === 'off') return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let next = nextTime(schedule, Date.now());
  const wait = (): void => {
    const left = next - Date.now();
    timer = setTimeout(
      () => {
        if (Date.now() >= next) {
          next = nextTime(schedule, Date.now());
          due();
        }
        wait();
      },
      Math.max(0, Math.min(left, LONGEST_MS)),
    );
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}

/** The next time after `now`, ms; a time of day is that of the machine's clock. */
export function nextTime(
  schedule: Exclude<ReconcilerConfig['schedule'], { kind: 'off' }>,
  now: number,
): number {
  if (schedule.kind === 'every') return now + schedule.ms;
  const day = new Date(now);
  day.setHours(schedule.hour, schedule.minute, 0, 0);
  if (day.getTime() <= now) {
    day.setDate(day.getDate() + 1);
    day.setHours(schedule.hour, schedule.minute, 0, 0);
  }
  return day.getTime();
}
