/** The processes that run what people wrote, under limits: one pool for all nodes of this Node-RED. */
import { createRequire } from 'node:module';
import { type Expression, ExpressionPool } from '../../core/expression';
import type { Red } from './red';

/** The pool that all nodes of this process share, and how many use it. */
let pool: ExpressionPool | undefined;
let users = 0;
let closing: NodeJS.Timeout | undefined;
/** How long the pool stays when nobody uses it: a deploy, and whoever tries a mapping in the editor, come again soon. */
const LINGER_MS = 15_000;

/**
 * Runs expressions under limits (core/expression), with the JSONata that this Node-RED ships.
 * @param closed resolves when the node that uses it has closed
 */
export function expressionPool(red: Red, closed: Promise<void>): ExpressionPool {
  const file = jsonataFile(red);
  pool ??= new ExpressionPool(file === undefined ? {} : { jsonata: file, ...momentBeside(file) });
  users += 1;
  clearTimeout(closing);
  const leave = (): void => {
    users -= 1;
    if (users > 0) return;
    closing = setTimeout(() => {
      pool?.close();
      pool = undefined;
    }, LINGER_MS);
    closing.unref();
  };
  closed.then(leave, leave);
  return pool;
}

/** The file of JSONata beside Node-RED's utilities (its own copy, or the package), found by the module that we are given. */
function jsonataFile(red: Red): string | undefined {
  for (const module of Object.values(require.cache)) {
    if (module === undefined) continue;
    if (module.exports !== red.util && !/@node-red[\\/]util[\\/]lib[\\/]util\.js$/.test(module.filename))
      continue;
    const resolve = createRequire(module.filename).resolve;
    for (const name of ['./jsonata', 'jsonata']) {
      try {
        return resolve(name);
      } catch {
        // The other one, then.
      }
    }
  }
  return undefined;
}

/** Node-RED's moment, which is found from where its JSONata is. */
function momentBeside(file: string): { moment?: string } {
  try {
    return { moment: createRequire(file).resolve('moment') };
  } catch {
    return {};
  }
}

/** How long the pool is kept after a node's expression was run: starting a process takes longer than running one. */
const KEEP_MS = 10 * 60_000;
let kept: { readonly pool: ExpressionPool; readonly timer: NodeJS.Timeout } | undefined;

function keptPool(red: Red): ExpressionPool {
  if (kept !== undefined) {
    kept.timer.refresh();
    return kept.pool;
  }
  let letGo = (): void => undefined;
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const timer = setTimeout(() => {
    kept = undefined;
    letGo();
  }, KEEP_MS);
  timer.unref();
  kept = { pool: expressionPool(red, until), timer };
  return kept.pool;
}

/** Runs one expression in a process. Rejects with the CrossdockError of core/expression. */
export type ExpressionRunner = (input: unknown) => Promise<unknown>;

/** @param env what `$env` gives */
export function expressionRunner(
  red: Red,
  source: string,
  env: Readonly<Record<string, string>>,
): ExpressionRunner {
  let accepted: { readonly pool: ExpressionPool; readonly expression: Expression } | undefined;
  return async (input) => {
    const pool = keptPool(red);
    // An expression belongs to the pool that has accepted it.
    if (accepted?.pool !== pool) accepted = { pool, expression: pool.nodeRedJsonata(source, env) };
    const [outcome] = await pool.evaluate([{ expression: accepted.expression, input }]);
    if (outcome === undefined) return undefined;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}
