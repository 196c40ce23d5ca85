import { readFileSync } from 'node:fs';

/** Ms of one tick of the kernel's accounting (USER_HZ is 100 on every Linux that Node.js runs on). */
const TICK_MS = 10;

/** Processor time that a process has used so far, ms; undefined where the system does not tell. */
export function processorMs(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in brackets, may hold anything; utime and stime are the 12th and 13th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
  } catch {
    return undefined;
  }
}
