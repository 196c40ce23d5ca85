/** Fields of the sample that are dropped onto rows of the table. */

const kind = 'text/crossdock-path';

/** @param dropped `(key, path)`: the row's key and the field */
export function acceptDrops(grid, dropped) {
  let under;
  const rowAt = (event) => event.target.closest('.grid-row:not(.kind-object)') ?? undefined;
  function mark(row) {
    if (row === under) return;
    under?.classList.remove('drop');
    under = row;
    under?.classList.add('drop');
  }
  grid.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes(kind)) return;
    mark(rowAt(event));
    if (under) event.preventDefault();
  });
  grid.addEventListener('dragleave', (event) => {
    if (!grid.contains(event.relatedTarget)) mark(undefined);
  });
  grid.addEventListener('drop', (event) => {
    const row = rowAt(event);
    const path = event.dataTransfer.getData(kind);
    mark(undefined);
    if (row === undefined || path === '') return;
    event.preventDefault();
    dropped(row.dataset.key, path);
  });
}
