'use strict';
(() => {
  const all = (selector, of = document) => Array.from(of.querySelectorAll(selector));
  const how = JSON.parse(document.getElementById('data').textContent);

  // Groups of which one member is a tab stop, and arrow keys lead to the others: the
  // cells of a table, and the boxes of the drawing.
  const rows = (group) => group.matches('table')
    ? all('tbody tr', group).map((row) => all('td', row))
    : [all('a[data-box]', group).filter((box) => !box.hasAttribute('hidden'))];
  const stop = (group, on) => {
    all('[tabindex="0"]', group).forEach((other) => other.setAttribute('tabindex', '-1'));
    if (on) on.setAttribute('tabindex', '0');
  };
  for (const group of all('[data-keys]')) {
    stop(group, rows(group).flat()[0]);
    group.addEventListener('focusin', (event) => {
      const member = event.target.closest('td, a[data-box]');
      if (member) stop(group, member);
    });
    group.addEventListener('keydown', (event) => {
      const grid = rows(group);
      let y = grid.findIndex((row) => row.includes(event.target));
      if (y < 0) return;
      let x = grid[y].indexOf(event.target);
      const across = Number(group.dataset.keys) || 0; // boxes in a row of the drawing
      const moves = {
        ArrowLeft: () => { x -= 1; }, ArrowRight: () => { x += 1; },
        ArrowUp: () => { if (across) x -= across; else y -= 1; }, ArrowDown: () => { if (across) x += across; else y += 1; },
        Home: () => { x = 0; }, End: () => { x = grid[y].length - 1; },
      };
      if (!moves[event.key]) return;
      event.preventDefault();
      moves[event.key]();
      const next = grid[y] && grid[y][x];
      if (next) next.focus();
    });
  }

  // The bindings behind a cell.
  const dialog = document.getElementById('how');
  const open = (cell) => {
    const { title, by } = how[cell.dataset.how];
    dialog.querySelector('h2').textContent = title;
    dialog.querySelector('ul').replaceChildren(...by.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }));
    dialog.showModal();
  };
  document.addEventListener('click', (event) => {
    const cell = event.target.closest('td[data-how]');
    if (cell) open(cell);
  });
  document.addEventListener('keydown', (event) => {
    if ((event.key === 'Enter' || event.key === ' ') && event.target.matches('td[data-how]')) {
      event.preventDefault();
      open(event.target);
    }
    if (event.key === '/' && !event.target.matches('input') && !dialog.open) {
      event.preventDefault();
      filter.focus();
    }
  });

  // The filter.
  const filter = document.getElementById('filter');
  const count = document.getElementById('count');
  const sections = all('section.tenant');
  const boxes = all('[data-box], path[data-ends]');
  filter.addEventListener('input', () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const section of sections) {
      section.hidden = !words.every((word) => section.dataset.search.includes(word));
      if (!section.hidden) shown.add(section.id);
    }
    for (const box of boxes) {
      const ends = (box.dataset.box || box.dataset.ends).split(' ').filter((end) => end.startsWith('tenant-'));
      const hide = words.length > 0 && !ends.some((end) => shown.has(end));
      if (hide) box.setAttribute('hidden', ''); else box.removeAttribute('hidden');
    }
    for (const group of all('[data-keys]:not(table)')) {
      const first = rows(group).flat()[0];
      stop(group, first);
      if (first) group.parentElement.scrollTo(first.getBBox().x - 16, first.getBBox().y - 16);
    }
    count.textContent = `${shown.size} of ${sections.length} shown`;
  });
})();
