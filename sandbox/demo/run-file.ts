/** `run.json` in the demo's state folder: what runs where, for the tools that work beside it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { writeWhole } from './home';

export interface RunFile {
  /** The demo's own process. */
  readonly pid: number;
  readonly nodeRedPid?: number | undefined;
  readonly startedAt: string;
  readonly editorUrl: string;
  readonly mqttUrl: string;
  readonly warehouseUrl: string;
  readonly odoo: {
    readonly standIn: boolean;
    readonly url: string;
    readonly database: string;
    readonly login: string;
    /** The stand-in's; a real Odoo's key is never written down. */
    readonly apiKey?: string | undefined;
  };
}

export function writeRunFile(file: string, run: RunFile): void {
  writeWhole(file, `${JSON.stringify(run, null, 2)}\n`, 0o600);
}

/** What the file says; undefined when there is none, it cannot be read, or its demo does not run any more. */
export function readRunFile(file: string): RunFile | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as RunFile;
    return isAlive(run.pid) ? run : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the file if it is this process's. */
export function removeRunFile(file: string): void {
  if (readRunFile(file)?.pid === process.pid) rmSync(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
