/** The reconciler's dialog beside its template: RED.plugins.getPlugin('crossdock-reconciler-dialog'). */
import { checkClock, checkFields, checkPlace, checkSchedule, checkServer } from './checks.mjs';
import { fieldList, readFields } from './fields.mjs';
import { presets } from './presets.mjs';
import { readSource, sides, sourceRows } from './sources.mjs';

/** For oneditprepare. */
function prepare(node) {
  const editor = RED.plugins.getPlugin('crossdock-editor');
  editor.showMissing(node);
  const names = {
    left: node._('reconciler.label.leftProperty'),
    right: node._('reconciler.label.rightProperty'),
    third: node._('reconciler.label.thirdProperty'),
  };
  const odoo = { value: 'odoo', label: 'Odoo', icon: 'fa fa-server', hasValue: false };
  const none = {
    value: 'none',
    label: node._('reconciler.option.source.none'),
    icon: 'fa fa-ban',
    hasValue: false,
  };
  const file = { value: 'file', label: node._('reconciler.option.source.file'), icon: 'fa fa-file-text-o' };
  const channels = [];
  RED.nodes.eachConfig((config) => {
    if (config.type === 'crossdock-event-channel')
      channels.push({ value: config.id, label: RED.utils.getNodeLabel(config, config.id) });
  });
  const published = {
    value: 'published',
    label: node._('reconciler.option.source.published'),
    icon: 'fa fa-bullhorn',
    options: channels,
  };
  const updates = sides.map((side) => {
    editor.typedInput(
      `#node-input-${side}Property`,
      {
        types: (side === 'third' ? [none] : []).concat([odoo, 'msg', file, published]),
        typeField: `#node-input-${side}Type`,
      },
      names[side],
    );
    return sourceRows(node, side);
  });
  const fields = fieldList(node);
  node.crossdockFields = JSON.stringify(readFields());
  function update() {
    for (const each of updates) each();
    fields.update();
    $('#crossdock-row-server').toggle(
      sides.some((side) => $(`#node-input-${side}Property`).typedInput('type') === 'odoo'),
    );
    $('#crossdock-row-period').toggle(
      $('#node-input-schedule').val() === 'off' || $('#node-input-periodProperty').val() !== '',
    );
    $('#crossdock-row-every').toggle($('#node-input-schedule').val() === 'every');
    $('#crossdock-row-daily').toggle($('#node-input-schedule').val() === 'daily');
    $('#crossdock-row-absent').toggle($('#node-input-about').val() === 'inventory');
    $('#crossdock-row-site').toggle($('#node-input-about').val() === 'inventory');
    $('#node-input-keyLabel').attr('placeholder', presets[$('#node-input-about').val()].keyLabel);
  }
  let about = $('#node-input-about').val();
  $('#node-input-about').on('change', function () {
    if ($(this).val() === about) return;
    about = $(this).val();
    $('#node-input-keyField').val(presets[about].key).trigger('change');
    fields.replace(presets[about].fields);
  });
  $(
    '#node-input-about, #node-input-schedule, #node-input-leftProperty, #node-input-rightProperty, #node-input-thirdProperty, [data-source="format"]',
  ).on('change', update);
  update();
  editor.nameConfigButtons(node);
}

/** For oneditsave: what nobody has changed stays as the flow has it. */
function save(node) {
  const editor = RED.plugins.getPlugin('crossdock-editor');
  const fields = readFields();
  const changed = JSON.stringify(fields) !== node.crossdockFields;
  delete node.crossdockFields;
  if (changed) {
    node.fields = fields;
    node.configVersion = 2;
  }
  for (const side of sides) {
    const more = readSource(side);
    if (JSON.stringify(more) !== JSON.stringify(node[`${side}Source`] || {})) {
      node[`${side}Source`] = more;
      node.configVersion = 2;
    }
  }
  editor.keepMissing(node);
}

RED.plugins.registerPlugin('crossdock-reconciler-dialog', {
  type: 'crossdock',
  check: {
    clock: checkClock,
    fields: checkFields,
    place: checkPlace,
    schedule: checkSchedule,
    server: checkServer,
  },
  prepare: prepare,
  save: save,
});
