/** The frame of the console: store, tabs, one stack of views per tab, what is wrong, what a screen reader hears. */
import { listStores, storeApi } from './api.mjs';
import { createAuditView } from './audit.mjs';
import { createBasketsView } from './baskets.mjs';
import { createBrowseView } from './browse.mjs';
import { createConnectionsView } from './connections.mjs';
import { createContractsView } from './contracts.mjs';
import { button, el, fill, icon, refill } from './dom.mjs';
import { emptyState } from './empty.mjs';
import { createLive } from './live.mjs';
import { createReconciliationView } from './reconciliation.mjs';
import { createReferencesView } from './references.mjs';
import { createSheet } from './sheet.mjs';
import { createStockView } from './stock.mjs';
import { number, t } from './text.mjs';

const ofLetters = 'crossdock-dead-letters';
const tabs = [
  // What failed; what should agree; what messages rest on; who did what. In a narrow sidebar an icon until chosen.
  // `family` of rights, for who has not all of them; `looks`: there is nothing to change in it.
  { id: 'letters', glyph: 'inbox', family: ofLetters, create: (context) => createBrowseView(context, {}) },
  { id: 'baskets', glyph: 'shopping-basket', family: ofLetters, create: createBasketsView },
  { id: 'stock', glyph: 'cubes', family: 'crossdock-inventory', begins: true, create: createStockView },
  {
    id: 'reconciliation',
    glyph: 'balance-scale',
    family: 'crossdock-reconciler',
    create: createReconciliationView,
  },
  {
    id: 'references',
    glyph: 'exchange',
    family: 'crossdock-cross-references',
    begins: true,
    create: createReferencesView,
  },
  {
    id: 'contracts',
    glyph: 'file-text-o',
    family: 'crossdock-contract',
    looks: true,
    create: createContractsView,
  },
  { id: 'connections', glyph: 'plug', family: 'crossdock-odoo-server', create: createConnectionsView },
  { id: 'audit', glyph: 'list-ul', family: ofLetters, looks: true, begins: true, create: createAuditView },
];
const tabOf = (wanted) => tabs.find(({ id }) => id === wanted);
const tabSteps = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: () => -1,
};
const rememberedStore = 'crossdock-console-store';

/** Whether the user may; the server decides in the end, this only saves a refusal. */
function whyNot(right, what = ofLetters) {
  const permission = `${what}.${right}`;
  return RED.user.hasPermission(permission) ? undefined : t('permission.needed', { permission });
}

/** Why a tab cannot be read. It stays where it is, so that people can say to each other where to look. */
const whyClosed = (id) => whyNot('read', tabOf(id).family);

const firstOpen = () => tabs.find(({ id }) => whyClosed(id) === undefined) ?? tabs[0];

/** What stands in a tab that cannot be read. */
function createClosedView(why) {
  const element = el('section.view', { tabindex: -1 }, emptyState('mayNotSee', { text: why }));
  return { element, closed: true, focus: () => element.focus() };
}

export function createShell() {
  const storeSelect = el('select', {
    'aria-label': t('label.store'),
    onchange: () => choose(storeSelect.value),
  });
  const tabList = el('div.tabs', { role: 'tablist', 'aria-label': t('label.console') });
  const notice = el('div.notices');
  const stage = el('div.stage', { role: 'tabpanel', tabindex: -1 });
  const sheets = el('div.sheets');
  const spoken = el('div.spoken', { 'aria-live': 'polite' });
  const element = el(
    'div.crossdock-console',
    { onkeydown },
    el('div.head', {}, storeSelect, tabList),
    notice,
    stage,
    sheets,
    spoken,
  );
  let stores = [];
  let store;
  let current;
  let stacks = {};
  let sheet;
  let asked = false;

  const live = createLive(() => refresh(), isVisible);

  function isVisible() {
    return document.visibilityState === 'visible' && element.getClientRects().length > 0;
  }

  function announce(text) {
    spoken.textContent = text;
  }

  /** What the views need from the frame. */
  const context = {
    get api() {
      return storeApi(store.id);
    },
    get store() {
      return store;
    },
    whyNot,
    announce,
    live,
    push(view) {
      stacks[current].push(view);
      show(true);
    },
    pop() {
      const stack = stacks[current];
      if (stack.length < 2) return;
      stack.pop().close?.();
      show(true);
      live.changed();
    },
    /** Shows another tab's list with a view on top: a basket that was just made. */
    goTo(tab, view) {
      current = tab;
      drop(stacks[tab]?.slice(1) ?? []);
      stacks[tab] = [stacks[tab]?.[0] ?? createRoot(tab), view];
      show(true);
    },
    ask(options) {
      sheet?.close();
      sheet = createSheet({
        ...options,
        closed: () => {
          sheet = undefined;
          // The button that asked may be gone by now.
          if (!element.contains(document.activeElement)) focusView();
        },
      });
      sheets.append(sheet.element);
      sheet.focus();
    },
    /** A view has been filled: it takes the focus that waited for it. */
    settle() {
      if (document.activeElement === stage) stacks[current].at(-1).focus();
    },
    focus: focusView,
    fail,
    ok: () => fail(undefined),
  };

  function createRoot(id) {
    const why = whyClosed(id);
    return why === undefined ? tabOf(id).create(context) : createClosedView(why);
  }

  function drop(views) {
    for (const view of views) view.close?.();
  }

  function fail(error) {
    if (error === undefined) {
      const hadFocus = notice.contains(document.activeElement);
      fill(notice, standing());
      if (hadFocus) focusView();
      return;
    }
    fill(
      notice,
      el(
        'div.notice.error',
        { role: 'alert' },
        icon('exclamation-triangle', 'mark', 'error'),
        el('span', {}, error.message),
        button(t('action.tryAgain'), () => start(), { kind: 'small' }),
      ),
    );
  }

  function standing() {
    if (store?.problem) {
      return el(
        'div.notice.error',
        { role: 'alert' },
        icon('exclamation-triangle', 'mark', 'error'),
        el('span', {}, store.problem),
      );
    }
    if (store === undefined) return undefined;
    const { family, looks } = tabOf(current);
    if (looks || whyClosed(current) || !whyNot('write', family)) return undefined;
    const words = t('permission.readOnly', { permission: `${family}.write` });
    return el('div.notice', {}, icon('lock'), el('span', {}, words));
  }

  function drawTabs() {
    refill(
      tabList,
      tabs.map(({ id, glyph, begins }) => {
        const selected = id === current;
        const count = id === 'letters' ? store?.deadLetters?.parked : undefined;
        const why = whyClosed(id);
        const name = [t(`tab.${id}`), count > 0 && number(count), why && `(${why})`]
          .filter(Boolean)
          .join(' ');
        const marks = [begins && '.begins', why && '.closed'].filter(Boolean).join('');
        return el(
          `button.tab${marks}`,
          {
            type: 'button',
            role: 'tab',
            id: `crossdock-console-tab-${id}`,
            'aria-selected': String(selected),
            tabindex: selected ? 0 : -1,
            title: !selected && name,
            'aria-label': name,
            onclick: () => openTab(id),
          },
          icon(glyph),
          el('span.name', {}, t(`tab.${id}`)),
          count > 0 && [el('span.dot'), el('span.badge', {}, number(count))],
        );
      }),
    );
    stage.setAttribute('aria-labelledby', `crossdock-console-tab-${current}`);
  }

  function openTab(id) {
    current = id;
    stacks[id] ??= [createRoot(id)];
    show();
    tabList.querySelector('[aria-selected=true]').focus();
  }

  function show(focus) {
    drawTabs();
    // Somebody took the permission away meanwhile.
    if (whyClosed(current) && !stacks[current][0].closed) {
      drop(stacks[current]);
      stacks[current] = [createRoot(current)];
    }
    const view = stacks[current].at(-1);
    sheet?.close();
    stage.replaceChildren(view.element);
    context.ok();
    view.shown?.();
    // The stage has the focus when it waits for what is to come.
    if (!focus && document.activeElement !== stage) return;
    focusView();
  }

  /** The stage first, so that the keyboard stays here while a view waits for its contents. */
  function focusView() {
    stage.focus();
    stacks[current]?.at(-1).focus();
  }

  async function refresh() {
    await loadStores();
    await stacks[current]?.at(-1)?.refresh?.();
  }

  async function loadStores() {
    const { family } = firstOpen();
    stores = await listStores(family === ofLetters ? undefined : family);
    const names = JSON.stringify(stores.map(({ id, name }) => [id, name]));
    if (storeSelect.dataset.names !== names) {
      storeSelect.dataset.names = names;
      fill(
        storeSelect,
        stores.map(({ id, name }) => el('option', { value: id }, name || id)),
      );
    }
    storeSelect.hidden = stores.length < 2;
    const known = stores.find(({ id }) => id === (store?.id ?? RED.settings.getLocal(rememberedStore)));
    const next = known ?? stores[0];
    if (next?.id !== store?.id || next === undefined) take(next);
    else {
      store = next;
      storeSelect.value = store.id;
      drawTabs();
    }
  }

  function choose(id) {
    RED.settings.setLocal(rememberedStore, id);
    take(stores.find((known) => known.id === id));
  }

  /** Another store: everything that was shown is of the old one. */
  function take(next) {
    for (const stack of Object.values(stacks)) drop(stack);
    stacks = {};
    store = next;
    live.follow(store?.id);
    if (store === undefined) {
      fill(tabList);
      fill(stage, emptyState('noStore'));
      return;
    }
    storeSelect.value = store.id;
    current ??= firstOpen().id;
    stacks[current] = [createRoot(current)];
    show();
  }

  async function start() {
    asked = true;
    try {
      await loadStores();
      context.ok();
      await stacks[current]?.at(-1)?.refresh?.();
    } catch (error) {
      if ((error.status === 403 || error.status === 401) && tabs.every(({ id }) => whyClosed(id))) {
        fill(tabList);
        fill(notice);
        fill(stage, emptyState('mayNotRead', { text: whyNot('read') }));
      } else fail(error);
    }
  }

  function onkeydown(event) {
    if (event.key === 'Escape' && stacks[current]?.length > 1) {
      context.pop();
      event.stopPropagation();
    } else if (event.key === '/' && !event.target.matches('input, textarea, select')) {
      element.querySelector('.search input')?.focus();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.target.closest('[role=tablist]') && tabSteps[event.key]) {
      const at = tabSteps[event.key](tabs.findIndex(({ id }) => id === current));
      openTab(tabs[(at + tabs.length) % tabs.length].id);
      event.preventDefault();
      event.stopPropagation();
    } else if (
      event.target.matches('input, textarea, select') ||
      event.key === 'Delete' ||
      event.key === 'Backspace'
    ) {
      // What is typed here is not for the canvas.
      event.stopPropagation();
    }
  }

  new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    if (asked) live.shown();
    else void start();
  }).observe(element);
  document.addEventListener('visibilitychange', () => live.shown());

  return {
    element,
    focus: focusView,
    /** The flows changed: there may be other stores. */
    deployed: () => {
      if (asked) live.changed();
    },
  };
}
