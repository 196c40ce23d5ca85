/** What the dialog asks of a source: the same for all three. */

export const sides = ['left', 'right', 'third'];

/** What a source needs beside its place, each with the kinds of sources that it is for. */
export function sourceRows(node, side) {
  const given = node[`${side}Source`] || {};
  const parent = $(`#crossdock-${side}-source`);
  const rows = [];
  function add(to, name, icon, text, input, wanted) {
    const id = `crossdock-${side}-${name}`;
    const row = $('<div class="form-row">').append(
      $('<label>')
        .attr('for', id)
        .append($('<i>').addClass(`fa fa-fw fa-${icon}`), ' ', $('<span>').text(text)),
      input.attr('id', id).attr('data-source', name),
    );
    if (input.is(':checkbox')) {
      input
        .prop('checked', given[name] === true)
        .wrap('<div class="crossdock-check"></div>')
        .after($('<span>').text(node._('reconciler.tip.decimalComma')));
    } else input.val(given[name] === undefined ? input.val() : given[name]);
    row.appendTo(to);
    rows.push({ row: row, wanted: wanted });
  }
  function select(choices) {
    const found = $('<select>');
    for (const choice of choices) $('<option>').val(choice[0]).text(choice[1]).appendTo(found);
    return found;
  }
  const text = () => $('<input type="text">');
  const isFile = (type) => type === 'file';
  const isCsv = (type, path) =>
    type === 'file' &&
    ($(`#crossdock-${side}-format`).val() === 'csv' ||
      ($(`#crossdock-${side}-format`).val() === 'auto' && !/\.(json|jsonl|ndjson)$/i.test(path)));
  const isStock = () => ['inventory', 'custom'].includes($('#node-input-about').val());
  add(
    parent,
    'format',
    'file-text-o',
    node._('reconciler.label.format'),
    select([
      ['auto', node._('reconciler.option.format.auto')],
      ['csv', 'CSV'],
      ['jsonl', 'JSON Lines'],
      ['json', node._('reconciler.option.format.json')],
    ]),
    isFile,
  );
  add(
    parent,
    'encoding',
    'language',
    node._('reconciler.label.encoding'),
    select([
      ['utf-8', 'UTF-8'],
      ['windows-1252', 'Windows-1252'],
      ['iso-8859-15', 'ISO 8859-15'],
      ['utf-16le', 'UTF-16'],
    ]),
    isFile,
  );
  add(
    parent,
    'delimiter',
    'columns',
    node._('reconciler.label.delimiter'),
    select([
      ['', node._('reconciler.option.delimiter.auto')],
      [',', node._('reconciler.option.delimiter.comma')],
      [';', node._('reconciler.option.delimiter.semicolon')],
      ['tab', node._('reconciler.option.delimiter.tab')],
      ['|', node._('reconciler.option.delimiter.bar')],
    ]),
    isCsv,
  );
  add(
    parent,
    'decimalComma',
    'sort-numeric-asc',
    node._('reconciler.label.decimalComma'),
    $('<input type="checkbox">'),
    isCsv,
  );
  add(
    parent,
    'warehouse',
    'building-o',
    node._('reconciler.label.warehouse'),
    text().attr('placeholder', node._('reconciler.placeholder.warehouse')),
    (type) => type === 'odoo' && isStock(),
  );
  add(
    parent,
    'days',
    'calendar',
    node._('reconciler.label.days'),
    text().attr('inputmode', 'numeric').val('1'),
    (type) => type === 'odoo' && !isStock(),
  );
  add(
    parent,
    'channel',
    'shopping-bag',
    node._('reconciler.label.channel'),
    text().attr('placeholder', node._('reconciler.placeholder.channel')),
    (type) => type === 'odoo' && $('#node-input-about').val() === 'orders',
  );
  const more = $('<details class="crossdock-more">')
    .append($('<summary>').text(node._('reconciler.label.more')))
    .appendTo(parent);
  add(
    more,
    'key',
    'key',
    node._('reconciler.label.ownKey'),
    text().attr('placeholder', node._('reconciler.placeholder.ownKey')),
    () => true,
  );
  add(
    more,
    'time',
    'clock-o',
    node._('reconciler.label.time'),
    text().attr('placeholder', node._('reconciler.placeholder.time')),
    () => true,
  );
  add(
    more,
    'zone',
    'globe',
    node._('reconciler.label.zone'),
    text().attr('placeholder', 'UTC'),
    (type) => type !== 'odoo' && type !== 'published',
  );
  if (['key', 'time', 'zone'].some((name) => given[name])) more.attr('open', '');
  const keeps = $('<details class="crossdock-more">')
    .append($('<summary>').text(node._('reconciler.label.keeps')))
    .appendTo(parent);
  for (const [name, icon] of [
    ['minRows', 'list-ol'],
    ['minShare', 'percent'],
    ['maxAgeHours', 'hourglass-o'],
  ]) {
    const input = text().attr({ inputmode: 'numeric', placeholder: node._('reconciler.placeholder.keeps') });
    add(keeps, name, icon, node._(`reconciler.label.${name}`), input, () => true);
    input
      .wrap('<div class="crossdock-measure"></div>')
      .after($('<span>').text(node._(`reconciler.unit.${name}`)));
    if (given[name]) keeps.attr('open', '');
  }
  $('<div class="crossdock-tip">').text(node._('reconciler.tip.keeps')).appendTo(keeps);
  function update() {
    const place = $(`#node-input-${side}Property`);
    const type = place.typedInput('type');
    $(`#crossdock-${side}-used`).toggle(type !== 'none');
    for (const each of rows) each.row.toggle(each.wanted(type, place.typedInput('value')));
  }
  return update;
}

/** What is not as it begins, so that a source that needs nothing more says nothing more. */
export function readSource(side) {
  const usual = { format: 'auto', encoding: 'utf-8', days: '1' };
  const found = {};
  $(`#crossdock-${side}-source [data-source]`).each(function () {
    const name = $(this).attr('data-source');
    const value = $(this).is(':checkbox') ? $(this).prop('checked') : String($(this).val()).trim();
    if (value !== '' && value !== false && value !== usual[name]) found[name] = value;
  });
  return found;
}
