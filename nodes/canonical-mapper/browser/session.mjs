/**
 * One mapping while it is edited: the spec with its history, the sample, what the last try gave, what is suggested.
 * Views listen to `changed` and draw what they need; nothing here knows the page.
 */
import { listsAbove } from './paths.mjs';
import { addable, rowsOf } from './rows.mjs';
import { addRule, addRules, nextVersion, orderOf, removeRules, replaceRule, sameWork } from './spec-edit.mjs';
import { suggested } from './suggested.mjs';

const tryAfterMs = 180;
const suggestAfterMs = 450;
const historyLength = 200;

/** Calls `work` once it has not been asked for any more for `ms`; `changed` hears when it begins to wait and when it is done. */
function debounced(work, ms, changed) {
  let timer;
  const call = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      void work().then(changed);
    }, ms);
    changed();
  };
  call.waits = () => timer !== undefined;
  call.stop = () => clearTimeout(timer);
  return call;
}

/** @param start `{ spec, base, context, sampleText }`: the archived version that `spec` began as is `base` */
export function createSession(desk, start) {
  const listeners = new Set();
  const past = [];
  const future = [];
  let spec = start.spec;
  let base = start.base ?? start.spec;
  let ownVersion = false;
  let closed = false;
  let order = () => 0;
  let targetKey = '';
  const wanted = new Set();
  const state = {
    catalogue: { contracts: [], mappings: [], transforms: [] },
    fields: [],
    contract: undefined,
    all: false,
    sample: { text: '', fields: [], errors: [], contracts: [], format: null },
    reading: false,
    trial: undefined,
    trying: false,
    failure: '',
    suggestions: new Map(),
    suggesting: false,
    armed: undefined,
    saved: start.spec,
  };

  function tell(what) {
    if (closed) return;
    for (const listener of listeners) listener(what);
  }

  /** The version follows the work: equal to the base, the base's own; else the next one, unless it was typed. */
  function versioned(next) {
    if (ownVersion) return next;
    const isFirst = base.rules.length === 0;
    const version = isFirst || sameWork(base, next) ? base.version : nextVersion(base, next);
    return version === next.version ? next : { ...next, version };
  }

  function set(next, what = 'spec') {
    spec = versioned(next);
    rows = undefined;
    void loadContract();
    tell(what);
    tryOut();
    suggest();
  }

  function change(next) {
    if (next === spec) return;
    past.push({ spec, ownVersion });
    if (past.length > historyLength) past.shift();
    future.length = 0;
    set(next);
  }

  function step(from, to) {
    const there = from.pop();
    if (there === undefined) return false;
    to.push({ spec, ownVersion });
    ({ ownVersion } = there);
    set(there.spec);
    return true;
  }

  let rows;
  const rowsNow = () => {
    rows ??= rowsOf(spec, state.fields, { wanted, all: state.all });
    return rows;
  };

  async function guarded(work) {
    try {
      await work();
    } catch (error) {
      state.failure = error.message;
      state.trying = false;
      state.reading = false;
      state.suggesting = false;
      tell('failure');
    }
  }

  async function loadContract() {
    const key = `${spec.to.contract} ${spec.to.version}`;
    if (key === targetKey) return;
    targetKey = key;
    await guarded(async () => {
      const contract = await desk.contract(spec.to);
      if (key !== targetKey) return;
      state.contract = contract;
      state.fields = contract.fields;
      order = orderOf(contract.fields);
      rows = undefined;
      tell('contract');
      suggest();
    });
  }

  const tryOut = debounced(
    () =>
      guarded(async () => {
        if (closed || state.sample.format === null) return;
        state.trying = true;
        tell('trying');
        const tried = spec;
        const answer = await desk.tryOut(tried, state.sample.text, start.context());
        state.failure = '';
        state.trying = false;
        state.trial = digest(answer, tried);
        tell('trial');
      }),
    tryAfterMs,
    () => tell('rest'),
  );

  const suggest = debounced(
    () =>
      guarded(async () => {
        if (closed || state.fields.length === 0) return;
        state.suggesting = true;
        tell('suggesting');
        const answer = await desk.suggest(spec, state.sample.format === null ? undefined : state.sample.text);
        state.suggesting = false;
        state.suggestions = new Map(answer.targets.map((each) => [each.target, each]));
        tell('suggestions');
      }),
    suggestAfterMs,
    () => tell('rest'),
  );

  function readSample(text) {
    state.sample = { ...state.sample, text };
    if (text.trim() === '') {
      state.sample = { text: '', fields: [], errors: [], contracts: [], format: null };
      state.trial = undefined;
      tell('sample');
      suggest();
      return Promise.resolve();
    }
    state.reading = true;
    tell('reading');
    return guarded(async () => {
      const answer = await desk.sample(text);
      state.reading = false;
      state.failure = '';
      state.sample = { text, ...answer };
      // What was suggested without it, or for another one, is not to be accepted meanwhile.
      state.suggestions = new Map();
      if (answer.format === null) state.trial = undefined;
      tell('sample');
      tryOut();
      suggest();
    });
  }

  return {
    state,
    get spec() {
      return spec;
    },
    get base() {
      return base;
    },
    get rows() {
      return rowsNow();
    },
    get addable() {
      return addable(state.fields, rowsNow());
    },
    /** Something is asked or about to be asked. */
    get busy() {
      return state.trying || state.reading || state.suggesting || tryOut.waits() || suggest.waits();
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    get dirty() {
      return JSON.stringify(spec) !== JSON.stringify(state.saved);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    begin: () =>
      guarded(async () => {
        void loadContract();
        state.catalogue = await desk.catalogue();
        tell('catalogue');
        if (start.sampleText) await readSample(start.sampleText);
      }),
    readSample,
    /** The archived version that the table is compared with. */
    compareWith(archived) {
      base = archived;
      spec = versioned(spec);
      tell('spec');
    },
    change,
    /** Version typed by hand; '' gives it back to the table. */
    setVersion(version) {
      past.push({ spec, ownVersion });
      ownVersion = version !== '';
      set(ownVersion ? { ...spec, version } : spec);
    },
    load(next) {
      wanted.clear();
      past.push({ spec, ownVersion });
      future.length = 0;
      ownVersion = true;
      set(next);
      ownVersion = false;
    },
    undo: () => step(past, future),
    redo: () => step(future, past),
    add: (rule) => change(addRule(spec, rule, order)),
    /** Several rules at once, as one step of the history; those that are there already stay. */
    addAll: (rules) => change(addRules(spec, rules, order)),
    replace: (old, rule) => change(replaceRule(spec, old, rule)),
    remove: (gone) => change(removeRules(spec, gone)),
    want(target) {
      wanted.add(target);
      rows = undefined;
      tell('rows');
    },
    unwant(target) {
      wanted.delete(target);
      rows = undefined;
      tell('rows');
    },
    showAll(all) {
      state.all = all;
      rows = undefined;
      tell('rows');
    },
    arm(path) {
      state.armed = path;
      tell('armed');
    },
    suggestionsFor: (row) => (row.rule === undefined ? suggested(row, state.suggestions) : []),
    /** Lists that a target runs through and no rule fills yet. */
    openLists: (target) =>
      listsAbove(target).filter((list) => !spec.rules.some((rule) => rule.target === list)),
    suggest: (targets) =>
      desk.suggest(spec, state.sample.format === null ? undefined : state.sample.text, targets),
    close() {
      closed = true;
      tryOut.stop();
      suggest.stop();
      listeners.clear();
    },
  };
}

/** What a try gave, by the rule objects of the spec that was tried, so that it survives rows that move. */
function digest(answer, spec) {
  const rows = new Map(answer.rows.map((row) => [spec.rules[row.rule], row]));
  const problems = new Map();
  for (const problem of answer.problems) {
    const rule = problem.rule === null ? undefined : spec.rules[problem.rule];
    if (rule !== undefined) problems.set(rule, [...(problems.get(rule) ?? []), problem]);
  }
  return {
    ...answer,
    row: (rule) => rows.get(rule),
    problemsOf: (rule) => problems.get(rule) ?? [],
    missing: new Set(answer.coverage?.target.missing ?? []),
    unused: new Set(answer.coverage?.source.unused ?? []),
  };
}
