/**
 * How much of the campaign runs: the long form (`npm run test:faults`) has the numbers that are promised, the short
 * form (CI, `npm test`) the same code with fewer turns. The seed is printed; CROSSDOCK_FAULTS_SEED repeats its choices
 * (not the moments of the machine).
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng, type Rng } from '../../../sandbox/storefront/rng';
import { projectFolders } from '../../support';

export const LONG = process.env['CROSSDOCK_FAULTS'] === 'long';

/** One seed for the whole run of the layer. */
export const SEED = process.env['CROSSDOCK_FAULTS_SEED'] ?? randomBytes(4).toString('hex');

/** Turns in the short and in the long form. */
export function turns(short: number, long: number): number {
  return LONG ? long : short;
}

/** The random choices of one suite, from the run's seed. */
export function choices(suite: string): Rng {
  return createRng(`${SEED}:${suite}`);
}

/** A line for whoever reads the run's output: what a suite did, and its numbers. */
export function tell(line: string): void {
  process.stdout.write(`      ${line}\n`);
}

/** Keeps what is needed to understand a failure; returns the file's path for the message. */
export function keep(name: string, content: unknown): string {
  const folder = join(projectFolders().root, 'artifacts');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `faults-${name.replace(/\W+/g, '-')}-${SEED}.json`);
  writeFileSync(file, JSON.stringify(content, null, 1));
  return file;
}
