/** The compared fields: a list of rows in the dialog, each with what its type needs. */
import { presets } from './presets.mjs';

const fieldTypes = ['quantity', 'decimal', 'money', 'time', 'status', 'text'];

let named = 0;
function label(text, input, across) {
  named += 1;
  input.attr({ id: `crossdock-field-${named}`, 'aria-label': text });
  return $('<label>')
    .attr('for', input.attr('id'))
    .toggleClass('crossdock-across', across === true)
    .append($('<span>').text(text), input);
}

/** The compared fields as a list; flows of configVersion 1 name them in a text. */
export function listOf(node) {
  if (Array.isArray(node.fields))
    return node.fields.length > 0 ? node.fields : presets[node.about || 'inventory'].fields;
  const paths = String(node.fields || 'onHand')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  return paths.map((path) => ({ path: path, type: 'decimal' }));
}

function fieldRow(node, container, data) {
  const input = (name) =>
    $('<input type="text">')
      .attr('data-field', name)
      .val(data[name] || '');
  const type = $('<select data-field="type">');
  const types = {
    quantity: node._('reconciler.option.type.quantity'),
    decimal: node._('reconciler.option.type.decimal'),
    money: node._('reconciler.option.type.money'),
    time: node._('reconciler.option.type.time'),
    status: node._('reconciler.option.type.status'),
    text: node._('reconciler.option.type.text'),
  };
  for (const each of fieldTypes) $('<option>').val(each).text(types[each]).appendTo(type);
  type.val(data.type || 'decimal');
  const absolute = label(node._('reconciler.field.toleranceAbsolute'), input('toleranceAbsolute'));
  const percent = label(node._('reconciler.field.tolerancePercent'), input('tolerancePercent'));
  const unit = label(node._('reconciler.field.unit'), input('unit'));
  const unitPath = label(node._('reconciler.field.unitPath'), input('unitPath'));
  const words = label(node._('reconciler.field.words'), input('words'), true);
  const third = label(node._('reconciler.field.thirdPath'), input('thirdPath'));
  const form = $('<div class="crossdock-field">').append(
    label(node._('reconciler.field.path'), input('path')),
    label(node._('reconciler.field.type'), type),
    label(node._('reconciler.field.label'), input('label')),
    label(node._('reconciler.field.secondPath'), input('secondPath')),
    third,
    absolute,
    percent,
    unit,
    unitPath,
    words,
  );
  // Only what matters to this kind of field.
  function update() {
    const kind = type.val();
    const measured = kind === 'quantity' || kind === 'money';
    absolute.toggle(measured || kind === 'decimal' || kind === 'time');
    percent.toggle(measured || kind === 'decimal');
    unit.toggle(measured);
    unitPath.toggle(measured);
    words.toggle(kind === 'status');
    third.toggle($('#node-input-thirdProperty').typedInput('type') !== 'none');
  }
  type.on('change', update);
  form.data('update', update);
  container.append(form);
  update();
}

/** The rows as they are saved: what is empty is left out. */
export function readFields() {
  return $('#crossdock-fields')
    .editableList('items')
    .toArray()
    .map((item) => {
      const found = {};
      $(item)
        .find('[data-field]')
        .each(function () {
          const value = String($(this).val()).trim();
          if (value !== '') found[$(this).attr('data-field')] = value;
        });
      return found;
    })
    .filter((found) => found.path);
}

/** Makes the list of the dialog; `update()` of it shows of each row what matters. */
export function fieldList(node) {
  const list = $('#crossdock-fields').editableList({
    addButton: node._('reconciler.action.addField'),
    height: 'auto',
    sortable: true,
    removable: true,
    addItem: (container, _index, data) => {
      fieldRow(node, container, data);
      // The list puts its own links beside the row after this.
      setTimeout(() => {
        const title = node._('reconciler.action.removeField');
        container
          .parent()
          .find('.red-ui-editableList-item-remove')
          .attr({ role: 'button', 'aria-label': title, title: title });
      }, 0);
    },
  });
  const fill = (fields) => {
    for (const each of fields) list.editableList('addItem', each);
  };
  fill(listOf(node));
  return {
    /** Other fields altogether. */
    replace(fields) {
      list.editableList('empty');
      fill(fields);
    },
    update() {
      list.find('.crossdock-field').each(function () {
        $(this).data('update')();
      });
    },
  };
}
