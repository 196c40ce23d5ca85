/** What the pool and its processes say to each other. */

/** An expression as a process gets it, once. */
export type Program =
  | {
      readonly language: 'jsonata';
      readonly source: string;
      /** With Node-RED's $moment and $clone, and what $env gives. */
      readonly nodeRed?: { readonly env: Readonly<Record<string, string>> };
    }
  | {
      readonly language: 'regex';
      readonly source: string;
      readonly flags: string;
      readonly replace: string | undefined;
    };

export interface Batch {
  readonly id: number;
  /** Programs that the process has not seen yet, by their keys. */
  readonly programs: readonly (readonly [key: number, program: Program])[];
  readonly evaluations: readonly (readonly [program: number, input: unknown])[];
}

/** `failed` carries what may be told of a fault: a code of JSONata's, never its message, which quotes values. */
export type Result =
  | { readonly value: unknown }
  | { readonly failed: 'failed' | 'memory' | 'depth' | 'size' | 'kind' | 'unsafe'; readonly detail: string };

export interface Answer {
  readonly id: number;
  readonly results: readonly Result[];
  /** Processor time that the process has used so far, ms. */
  readonly cpuMs: number;
}

/** What a process says when it has started. */
export interface Ready {
  readonly ready: true;
  readonly cpuMs: number;
}

/** What a process is started with. */
export interface Setup {
  /** The file of JSONata; '' without it. */
  readonly jsonata: string;
  /** The file of moment; '' without it. */
  readonly moment: string;
  /** Largest result, in bytes of about its JSON. */
  readonly maxResult: number;
  /** Longest list that an expression may make on its way. */
  readonly maxSequence: number;
}

/** The channel that a process reports its progress on, and by which it notices that its parent has died. */
export const LIFELINE = 4;
