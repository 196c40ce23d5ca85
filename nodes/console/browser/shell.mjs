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

const tabs = [
  // What failed; what should agree; what messages rest on; who did what. In a narrow sidebar an icon until chosen.
  { id: 'letters', glyph: 'inbox', create: (context) => createBrowseView(context, {}) },
  { id: 'baskets', glyph: 'shopping-basket', create: createBasketsView },
  { id: 'stock', glyph: 'cubes', begins: true, create: createStockView },
  { id: 'reconciliation', glyph: 'balance-scale', create: createReconciliationView },
  { id: 'references', glyph: 'exchange', begins: true, create: createReferencesView },
  { id: 'contracts', glyph: 'file-text-o', create: createContractsView },
  { id: 'connections', glyph: 'plug', create: createConnectionsView },
  { id: 'audit', glyph: 'list-ul', begins: true, create: createAuditView },
];
const tabSteps = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: () => -1,
};
const rememberedStore = 'crossdock-console-store';

/** Whether the user may; the server decides in the end, this only saves a refusal. */
function whyNot(right, what = 'crossdock-dead-letters') {
  const permission = `${what}.${right}`;
  return RED.user.hasPermission(permission) ? undefined : t('permission.needed', { permission });
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
  let current = 'letters';
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
      stacks[tab] = [stacks[tab]?.[0] ?? tabs.find(({ id }) => id === tab).create(context), view];
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
    const why = store === undefined ? undefined : whyNot('write');
    return why && el('div.notice', {}, icon('lock'), el('span', {}, t('permission.readOnly')));
  }

  function drawTabs() {
    refill(
      tabList,
      tabs.map(({ id, glyph, begins }) => {
        const selected = id === current;
        const count = id === 'letters' ? store?.deadLetters?.parked : undefined;
        const name = [t(`tab.${id}`), count > 0 && number(count)].filter(Boolean).join(' ');
        return el(
          begins ? 'button.tab.begins' : 'button.tab',
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
    stacks[id] ??= [tabs.find((tab) => tab.id === id).create(context)];
    show();
    tabList.querySelector('[aria-selected=true]').focus();
  }

  function show(focus) {
    drawTabs();
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
    stores = await listStores();
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
    stacks[current] = [tabs.find((tab) => tab.id === current).create(context)];
    show();
  }

  async function start() {
    asked = true;
    try {
      await loadStores();
      context.ok();
      await stacks[current]?.at(-1)?.refresh?.();
    } catch (error) {
      if ((error.status === 403 || error.status === 401) && whyNot('read')) {
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
