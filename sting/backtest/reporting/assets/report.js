'use strict';
(() => {
  const report = JSON.parse(document.getElementById('data').textContent);
  const timed = ['prices', 'equity', 'drawdown', 'sharpe'];
  const config = {
    displaylogo: false,
    responsive: true,
    // By name, since plotly.js has one that sends the chart away.
    modeBarButtons: [
      ['zoom2d', 'pan2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d', 'toImage'],
    ],
    plotlyServerURL: '',
  };
  const logarithmic = document.getElementById('logarithmic');
  let range = report.span;
  let syncing = false;

  // Colours are names of the style's variables, so that both themes work.
  function painted(value, key) {
    if (Array.isArray(value)) return value.map((each) => painted(each, key));
    if (value && typeof value === 'object') {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, painted(each, name)]),
      );
    }
    if (/color$/.test(key) && String(value).startsWith('--')) {
      return getComputedStyle(document.documentElement)
        .getPropertyValue(value).trim();
    }
    return value;
  }

  function layout(name) {
    const own = report.layouts[name];
    const axis = {
      gridcolor: '--rule', linecolor: '--rule', zerolinecolor: '--rule',
      automargin: true,
    };
    const time = timed.includes(name);
    return painted({
      ...own,
      font: { color: '--text', family: 'system-ui, sans-serif', size: 12 },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      margin: { l: 64, r: 12, t: 30, b: 32 },
      hovermode: own.hovermode || 'x unified',
      hoverlabel: { bgcolor: '--card', bordercolor: '--rule', font: { color: '--text' } },
      showlegend: name === 'equity' || name === 'prices',
      legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom' },
      dragmode: 'zoom',
      modebar: { bgcolor: 'rgba(0,0,0,0)', color: '--faint', activecolor: '--accent' },
      xaxis: {
        ...axis,
        type: time ? 'date' : 'linear',
        ...(time && range ? { range: range } : {}),
        ...own.xaxis,
      },
      yaxis: {
        ...axis,
        type: name === 'equity' && logarithmic.checked ? 'log' : 'linear',
        ...own.yaxis,
      },
    }, '');
  }

  function traces(name) {
    if (name !== 'prices') return report.plots[name];
    return report.plots.prices[document.getElementById('symbol').selectedIndex];
  }

  function draw(name) {
    const place = document.getElementById(name);
    if (place) Plotly.react(place, painted(traces(name), ''), layout(name), config);
  }

  // What is zoomed in one plot over time is zoomed in all.
  function follow(name) {
    document.getElementById(name).on('plotly_relayout', (change) => {
      if (syncing) return;
      const low = change['xaxis.range[0]'];
      const all = change['xaxis.autorange'];
      if (low === undefined && !all) return;
      range = all ? null : [low, change['xaxis.range[1]']];
      const update = all
        ? { 'xaxis.autorange': true } : { 'xaxis.range': range };
      syncing = true;
      Promise.all(
        timed.filter((other) => other !== name && document.getElementById(other))
          .map((other) => Plotly.relayout(other, { ...update })),
      ).finally(() => { syncing = false; });
    });
  }

  const names = Object.keys(report.layouts)
    .filter((name) => document.getElementById(name));
  names.forEach(draw);
  names.filter((name) => timed.includes(name)).forEach(follow);
  const symbol = document.getElementById('symbol');
  if (symbol) symbol.addEventListener('change', () => draw('prices'));
  logarithmic.addEventListener('change', () => draw('equity'));
  matchMedia('(prefers-color-scheme: dark)')
    .addEventListener('change', () => names.forEach(draw));

  // The trades: searched, sorted and paged; text goes in as text.
  const body = document.querySelector('#trades tbody');
  if (!body) return;
  const size = 25;
  const heads = [...document.querySelectorAll('#trades th')];
  const find = document.getElementById('find');
  const more = { back: document.getElementById('back'), on: document.getElementById('on') };
  let column = 0;
  let falling = false;
  let page = 0;

  function chosen() {
    const wanted = find.value.trim().toLowerCase();
    const rows = wanted
      ? report.trades.filter((row) => row.some(
        (cell) => String(cell).toLowerCase().includes(wanted)))
      : [...report.trades];
    const order = falling ? -1 : 1;
    return rows.sort((a, b) => {
      if (a[column] === b[column]) return 0;
      if (a[column] === null) return 1;
      if (b[column] === null) return -1;
      return (a[column] < b[column] ? -1 : 1) * order;
    });
  }

  function shown(value, place) {
    if (value === null) return '-';
    const kind = report.formats[place];
    if (kind === 'text') return String(value);
    if (kind === 'share') return `${(value * 100).toFixed(2)}%`;
    const digits = kind === 'money'
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : { maximumFractionDigits: 6 };
    return value.toLocaleString('en-US', digits);
  }

  function list() {
    const rows = chosen();
    const pages = Math.max(1, Math.ceil(rows.length / size));
    page = Math.min(page, pages - 1);
    body.replaceChildren(...rows.slice(page * size, (page + 1) * size).map((row) => {
      const line = document.createElement('tr');
      row.forEach((value, place) => {
        const cell = document.createElement('td');
        cell.textContent = shown(value, place);
        if (report.formats[place] !== 'text') cell.className = 'number';
        if (report.formats[place] === 'money' && heads[place].dataset.signed) {
          cell.className += value < 0 ? ' loss' : ' gain';
        }
        line.append(cell);
      });
      return line;
    }));
    document.getElementById('page').textContent =
      `${rows.length.toLocaleString('en-US')} trades, page ${page + 1} of ${pages}`;
    more.back.disabled = page === 0;
    more.on.disabled = page >= pages - 1;
    heads.forEach((head, place) => head.setAttribute('aria-sort',
      place !== column ? 'none' : falling ? 'descending' : 'ascending'));
  }

  heads.forEach((head, place) => head.addEventListener('click', () => {
    falling = place === column ? !falling : false;
    column = place;
    page = 0;
    list();
  }));
  find.addEventListener('input', () => { page = 0; list(); });
  more.back.addEventListener('click', () => { page -= 1; list(); });
  more.on.addEventListener('click', () => { page += 1; list(); });
  list();
})();
