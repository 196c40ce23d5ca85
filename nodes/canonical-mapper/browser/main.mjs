/** What the node's dialog opens: RED.plugins.getPlugin('crossdock-mapper').open({…}). */
import { openWorkbench } from './workbench.mjs';

RED.plugins.registerPlugin('crossdock-mapper', { type: 'crossdock', open: openWorkbench });
