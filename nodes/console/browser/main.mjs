/** The sidebar's tab, and the action that shows it (it can have a shortcut). */
import { createShell } from './shell.mjs';
import { t } from './text.mjs';

const id = 'crossdock-console';

RED.plugins.registerPlugin(id, {
  type: 'crossdock',
  onadd() {
    const shell = createShell();
    RED.actions.add('crossdock:show-console', () => {
      RED.sidebar.show(id);
      shell.focus();
    });
    RED.sidebar.addTab({
      id,
      label: t('label.tab'),
      name: t('label.console'),
      iconClass: 'fa fa-life-ring',
      content: shell.element,
      action: 'crossdock:show-console',
      enableOnEdit: true,
    });
    for (const event of ['deploy', 'flows:loaded']) RED.events.on(event, () => shell.deployed());
  },
});
